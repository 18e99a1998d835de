"""From decisions about a network to its program."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from golden.accelerator.checker import Regions
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import Program, encode_instruction
from golden.accelerator.instructions import Instruction
from golden.errors import UserError
from golden.graph import Graph
from mapper.accelerator.actions import Action, Home
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.constants import Loaded, with_constants
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.emission import emit
from mapper.accelerator.layers import Network
from mapper.accelerator.lowered import (
    INPUTS,
    OUTPUTS,
    SPILLED,
    LayerRecord,
    Lowered,
    Stored,
)
from mapper.accelerator.placement import Fit
from mapper.accelerator.plan import Plan
from mapper.accelerator.residence import residence_of
from mapper.accelerator.tokens import synchronised

__all__ = ["realised"]

_ALIGNMENT = 64
"""Bytes: of values in DRAM, so that all begin at a bus word."""


def realised(
    graph: Graph,
    network: Network,
    accelerator: Accelerator,
    decisions: Decisions,
    fit: Fit = Fit.FIRST,
) -> Lowered:
    """The program that does as decided.

    Parameters
    ----------
    graph : Graph
        With fixed-point requantization.
    network : Network
        Of the graph.
    accelerator : Accelerator
    decisions : Decisions
    fit : Fit

    Raises
    ------
    NoRoomError
        If there is no room in activation memory.
    UserError
        If a layer does not fit the accelerator or the instruction set.
    """
    plan = arrange(network, accelerator, decisions, fit)
    homes, sizes = _homes(network, plan)
    loaded = with_constants(*emit(network, plan, accelerator, homes), accelerator)
    _check_fields(loaded.actions, plan)
    dram_bytes = (len(loaded.image), *sizes)
    instructions = synchronised(
        [action.instruction for action in loaded.actions], Regions.of(accelerator, dram_bytes)
    )
    return Lowered(
        graph=graph,
        accelerator=accelerator,
        program=Program(instructions=tuple(instructions), target=accelerator.target),
        constants=loaded.image,
        dram_bytes=dram_bytes,
        inputs=tuple(_inputs(network, homes)),
        outputs=tuple(_outputs(network, homes, loaded)),
        layers=tuple(_records(plan, loaded)),
        tensors=tuple(_stored(network, plan, homes, loaded)),
        before=network.before,
        after=network.after,
        plan=plan,
        residence=residence_of(graph.name, network, plan, loaded.actions, accelerator),
    )


def _homes(network: Network, plan: Plan) -> tuple[dict[int, Home], tuple[int, int, int]]:
    """Where values lie in DRAM, and bytes behind base registers 1 to 3."""
    homes: dict[int, Home] = {}
    ends = dict.fromkeys((INPUTS, OUTPUTS, SPILLED), 0)
    read = {value for layer in plan.layers for value in layer.sources}
    stored = {plan.layers[number].target for number, made in plan.targets.items() if made.stored}
    for number, value in enumerate(network.values):
        if value.is_output:
            base = OUTPUTS
        elif value.is_input and number in read:
            base = INPUTS
        elif number in stored:
            base = SPILLED
        else:
            continue
        homes[number] = Home(base, ends[base])
        ends[base] += -(-value.image.size // _ALIGNMENT) * _ALIGNMENT
    return homes, (ends[INPUTS], ends[OUTPUTS], ends[SPILLED])


def _check_fields(actions: Sequence[Action], plan: Plan) -> None:
    for action in actions:
        problem = _field_problem(action.instruction)
        if problem is not None:
            layer = plan.layers[action.layer]
            raise UserError(
                f"operator {layer.name!r} ({layer.kind}) is too large for the instruction set:"
                f" {problem}"
            )


@lru_cache(maxsize=4096)
def _field_problem(instruction: Instruction) -> str | None:
    """Why an instruction can not be encoded; None if it can."""
    try:
        encode_instruction(instruction)
    except ValueError as error:
        return str(error)
    return None


def _completed(loaded: Loaded) -> dict[int, int]:
    """For each value the instruction that completes it."""
    return {
        action.value: number
        for number, action in enumerate(loaded.actions)
        if action.value is not None
    }


def _inputs(network: Network, homes: Mapping[int, Home]) -> list[Stored]:
    """The tensors that the host writes; of those that look at the same value the first."""
    found: dict[int, Stored] = {}
    for name, view in network.views.items():
        value = network.values[view.value]
        if value.is_input and view.value in homes and view.value not in found:
            home = homes[view.value]
            found[view.value] = Stored(
                tensor=name,
                base=home.base,
                address=home.address,
                image=value.image,
                view=view,
                instruction=-1,
            )
    return list(found.values())


def _outputs(network: Network, homes: Mapping[int, Home], loaded: Loaded) -> list[Stored]:
    completed = _completed(loaded)
    return [
        Stored(
            tensor=name,
            base=OUTPUTS,
            address=homes[view.value].address,
            image=network.values[view.value].image,
            view=view,
            instruction=completed[view.value],
        )
        for name, view in network.views.items()
        if network.values[view.value].is_output
    ]


def _stored(
    network: Network, plan: Plan, homes: Mapping[int, Home], loaded: Loaded
) -> list[Stored]:
    """Every tensor that layers make, if it is ever there as a whole."""
    completed = _completed(loaded)
    makers = {layer.target: number for number, layer in enumerate(plan.layers)}
    result = []
    for name, view in network.views.items():
        if view.value not in makers or view.value in plan.replaced:
            continue
        target = plan.targets[makers[view.value]]
        home = homes[view.value] if target.streamed else None
        result.append(
            Stored(
                tensor=name,
                base=None if home is None else home.base,
                address=target.words[0] if home is None else home.address,
                image=network.values[view.value].image,
                view=view,
                instruction=completed[view.value],
            )
        )
    return result


def _records(plan: Plan, loaded: Loaded) -> list[LayerRecord]:
    numbers: dict[int, list[int]] = {layer: [] for layer in range(len(plan.layers))}
    for number, action in enumerate(loaded.actions):
        numbers[action.layer].append(number)
    return [
        LayerRecord(
            name=layer.name,
            kind=layer.kind,
            instructions=tuple(numbers[number]),
            macs=layer.macs,
        )
        for number, layer in enumerate(plan.layers)
    ]
