"""Workloads that are known by their shapes, for the simulator and as programs.

Layers follow each other as the workload lists them: a layer begins to load its input when the one
before has stored its outputs. Constants are loaded as soon as there is room for them. Inputs and
outputs lie as the layer at hand takes them; nothing is counted where two layers want that
otherwise, or where a step between them, such as a pool, is in no layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import BASES, Instruction
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.streaming.emission import Emission
from mapper.accelerator.streaming.layout import Layout
from mapper.accelerator.streaming.nest import Nest, nodes
from mapper.accelerator.streaming.ordering import ordered
from mapper.accelerator.streaming.plan import Plan
from mapper.accelerator.streaming.regions import regions_of
from mapper.accelerator.streaming.search import best_plan
from mapper.accelerator.streaming.sweep import sweep_of
from mapper.accelerator.streaming.tree import LayerTree
from sim.accelerator.steps import Layer, Step, expanded
from sim.workload import Layer as Shape
from sim.workload import Workload

__all__ = [
    "Materialised",
    "Streamed",
    "dram_bytes",
    "materialised",
    "streamed",
    "workload_layers",
]

_MOST_BYTES = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """A layer of a workload.

    Parameters
    ----------
    layer : Layer
        Its instructions, as loops.
    layout : Layout
    origins : tuple of int
        Where its constants, inputs and outputs begin in DRAM, after the base registers.
    """

    layer: Layer
    layout: Layout
    origins: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Materialised:
    """A program.

    Parameters
    ----------
    instructions : tuple of Instruction
    ends : tuple of (str, int)
        Name of each layer and the number of the instruction after its last.
    dram_bytes : tuple of int
        Behind each base register: constants, inputs, outputs, nothing.
    """

    instructions: tuple[Instruction, ...]
    ends: tuple[tuple[str, int], ...]
    dram_bytes: tuple[int, ...]


def workload_layers(
    workload: Workload, accelerator: Accelerator, plans: Sequence[Plan] | None = None
) -> list[Layer]:
    """Layers of a workload as the simulator takes them; see `streamed`."""
    return [entry.layer for entry in streamed(workload.layers, accelerator, plans)]


def streamed(
    shapes: Sequence[Shape], accelerator: Accelerator, plans: Sequence[Plan] | None = None
) -> list[Streamed]:
    """Layers one after the other, with where their operands lie.

    Parameters
    ----------
    shapes : sequence of Layer
    accelerator : Accelerator
    plans : sequence of Plan, optional
        One for each layer; those of `best_plan` where it is None.

    Raises
    ------
    UserError
        If the accelerator has no room for some layer's smallest tiles.
    """
    if plans is None:
        plans = [_greedy_plan(shape, accelerator) for shape in shapes]
    everywhere = regions_of(accelerator)
    nest = Nest(
        (
            everywhere.inputs,
            everywhere.outputs,
            everywhere.weights,
            everywhere.parameters,
            everywhere.sums,
        )
    )
    result: list[Streamed] = []
    origins = (0, 0, 0)
    after: tuple[str, ...] = ()
    for number, (shape, plan) in enumerate(zip(shapes, plans, strict=True)):
        regions = regions_of(accelerator, plan.places)
        layout = Layout(
            plan=plan,
            burst_bytes=accelerator.burst_beats * accelerator.bus_bytes,
            parameters_once=PARAMETER_WORDS * plan.filter_blocks <= regions.parameters.words,
        )
        # The layers before and after this one write another.
        output = f"outputs {number % 2}"
        emission = Emission(nest, layout, regions, origins, after=after, output=output)
        tree = LayerTree(nest, layout, emission, regions.sums)
        layer = Layer(name=shape.name, body=nodes(tree.parts()), macs=shape.macs)
        result.append(Streamed(layer=layer, layout=layout, origins=origins))
        constants, inputs, outputs = layout.bytes
        origins = (origins[0] + constants, origins[1] + inputs, origins[2] + outputs)
        after = (output,)
    return result


def _greedy_plan(shape: Shape, accelerator: Accelerator) -> Plan:
    try:
        return best_plan(sweep_of(shape, accelerator.lanes), accelerator)
    except UserError as error:
        raise UserError(f"layer {shape.name!r}: {error}") from None


def dram_bytes(layers: Sequence[Streamed]) -> tuple[int, ...]:
    """Bytes behind each base register: constants, inputs, outputs, nothing.

    Multiples of the longest burst, so that the regions may follow each other.

    Parameters
    ----------
    layers : sequence of Streamed
        All of a workload.
    """
    last = layers[-1]
    sizes = [begin + size for begin, size in zip(last.origins, last.layout.bytes, strict=True)]
    return (*sizes, *[0] * (BASES - len(sizes)))


def materialised(layers: Sequence[Streamed]) -> Materialised:
    """The program that layers stand for: every instruction, with its own addresses and tokens.

    It takes as many cycles as its layers.

    Parameters
    ----------
    layers : sequence of Streamed
        All of a workload.

    Raises
    ------
    UserError
        If what they need in DRAM is more than instructions can address.
    """
    sizes = dram_bytes(layers)
    if max(sizes) > _MOST_BYTES:
        raise UserError(
            f"a program reaches {_MOST_BYTES} bytes after a base register, and this workload has"
            f" operands of {max(sizes)}"
        )
    steps: list[Step] = []
    ends: list[tuple[str, int]] = []
    for entry in layers:
        steps += expanded(entry.layer.body)
        ends.append((entry.layer.name, len(steps)))
    return Materialised(
        instructions=tuple(ordered(steps)),
        ends=tuple(ends),
        dram_bytes=sizes,
    )
