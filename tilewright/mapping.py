"""Mapping a network: what is computed when, and what lies where meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.discovery import close_names
from golden.errors import UserError
from mapper.scheduling.checker import Violation, check
from mapper.scheduling.footprint import Budgets, budgets, listed_order
from mapper.scheduling.graph import SizedGraph, sized_graph
from mapper.scheduling.outcome import Options, Outcome
from mapper.scheduling.schedule import Schedule, traffic
from mapper.scheduling.serial import schedule_from_json, schedule_to_json
from mapper.scheduling.strategies import find_strategy
from mapper.scheduling.variants import Variant, variant_of
from tilewright.files import check_place, partial_file, write_bytes
from tilewright.progress import compiling
from tilewright.workloads import is_model, load_model

__all__ = ["BUDGETS", "MappedNetwork", "check_schedule", "map_network", "network_graph"]

BUDGETS = ("m_r", "m_h", "m_p")
"""Capacities by name: what the largest operator touches, halfway, and the least peak of all orders;
COSMA, arXiv 2311.18246, has them."""


@dataclass(frozen=True, kw_only=True)
class MappedNetwork:
    """A network's schedule.

    Parameters
    ----------
    network : str
    variant : Variant
    graph : SizedGraph
        What was scheduled.
    capacity_bytes : int
    budgets : Budgets
        Of the graph, to compare the capacity with.
    outcome : Outcome
    """

    network: str
    variant: Variant
    graph: SizedGraph
    capacity_bytes: int
    budgets: Budgets
    outcome: Outcome

    @property
    def succeeded(self) -> bool:
        """Whether there is a schedule."""
        return self.outcome.schedule is not None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        outcome = self.outcome
        moved = outcome.traffic
        return {
            "network": self.network,
            "tensors": self.variant.tensors.value,
            "fused": self.variant.fused,
            "views": self.variant.views,
            "operators": len(self.graph.operators),
            "strategy": outcome.strategy,
            "status": outcome.status.value,
            "capacity_bytes": self.capacity_bytes,
            "m_r_bytes": self.budgets.m_r_bytes,
            "m_h_bytes": self.budgets.m_h_bytes,
            "m_p_bytes": self.budgets.m_p_bytes,
            "m_p_is_optimal": self.budgets.m_p_is_optimal,
            "objective_bytes": outcome.objective_bytes,
            "spilled_bytes": None if moved is None else moved.spilled_bytes,
            "retrieved_bytes": None if moved is None else moved.retrieved_bytes,
            "compulsory_bytes": None if moved is None else moved.compulsory_bytes,
            "total_bytes": None if moved is None else moved.total_bytes,
            "bound_bytes": outcome.bound_bytes,
            "gap": outcome.gap,
            "proof": outcome.proof,
            "reason": outcome.reason,
            "seconds": round(outcome.seconds, 3),
            "details": dict(outcome.details),
            "schedule": None if outcome.schedule is None else schedule_to_json(outcome.schedule),
        }


def map_network(
    model: str | Path | SizedGraph,
    *,
    capacity: int | str,
    variant: Variant | None = None,
    element_bytes: int | None = None,
    strategy: str = "optimal",
    in_place: bool = False,
    keep_order: bool = False,
    solver: str | None = None,
    time_limit: float = 60.0,
    output: Path | str | None = None,
    picture: Path | str | None = None,
) -> MappedNetwork:
    """Schedule a network in a scratchpad, with the fewest bytes to and from memory.

    Operators run one after the other, each with all its inputs and outputs in the scratchpad. What
    has no room is copied to memory and comes back. What is minimised are the bytes that a larger
    scratchpad could save.

    Parameters
    ----------
    model : str, path or SizedGraph
        Model file (.onnx, .tflite), a name of `mapper.zoo`, or a graph.
    capacity : int or str
        Bytes of the scratchpad, or one of `BUDGETS`.
    variant : Variant, optional
        How the network is seen; default: activations, fused, without views.
    element_bytes : int, optional
        Size of every element; default: 1 in the zoo, and what a model file says.
    strategy : str
        One of `mapper.scheduling.strategies.STRATEGIES`.
    in_place : bool
        Whether an output may take the bytes of an input where its operator allows it.
    keep_order : bool
        Whether operators run in the order of the model.
    solver : str, optional
        PuLP's name of a solver of integer programs; default: HiGHS where it is installed.
    time_limit : float
        Seconds after which the search ends with the best schedule so far, and its gap.
    output : path, optional
        JSON file for the schedule.
    picture : path, optional
        SVG, PDF or PNG file for a picture of it.

    Returns
    -------
    MappedNetwork
        Its schedule, where there is one, has been replayed by `mapper.scheduling.checker`.

    Raises
    ------
    UserError
        If the model can not be read, or an option is wrong.
    """
    for file in (output, picture):
        if file is not None:
            check_place(Path(file))
    if picture is not None and Path(picture).suffix.lower() not in _PICTURES:
        raise UserError(f"a picture is one of {', '.join(_PICTURES)}, not {str(picture)!r}")
    schedule = find_strategy(strategy)
    seen = variant or Variant()
    whole = model if isinstance(model, SizedGraph) else network_graph(model, element_bytes)
    graph = variant_of(whole, seen)
    known = budgets(graph)
    room = _capacity(capacity, known)
    order = listed_order(graph) if keep_order else None
    options = Options(in_place=in_place, order=order, solver=solver, time_limit=time_limit)
    with compiling():
        outcome = schedule(graph, room, options)
    mapped = MappedNetwork(
        network=graph.name,
        variant=seen,
        graph=graph,
        capacity_bytes=room,
        budgets=known,
        outcome=outcome,
    )
    if mapped.outcome.schedule is not None:
        if output is not None:
            write_bytes(
                Path(output), json.dumps(schedule_to_json(mapped.outcome.schedule)).encode()
            )
        if picture is not None:
            _draw(graph, mapped.outcome.schedule, Path(picture))
    return mapped


_PICTURES = (".svg", ".pdf", ".png")


def _draw(graph: SizedGraph, schedule: Schedule, file: Path) -> None:
    # Imported late: it takes longer than many schedules.
    from tilewright.plots.memory_maps import memory_map

    with partial_file(file) as partial:
        memory_map(graph, schedule).savefig(partial, format=file.suffix[1:].lower())


def _capacity(capacity: int | str, known: Budgets) -> int:
    if isinstance(capacity, str):
        if capacity.lower() not in BUDGETS:
            raise UserError(
                f"capacity must be a number of bytes or one of {', '.join(BUDGETS)},"
                f" not {capacity!r}"
            )
        return int(getattr(known, f"{capacity.lower()}_bytes"))
    if capacity < 1:
        raise UserError(f"capacity must be at least 1 byte, not {capacity}")
    return capacity


def network_graph(model: str | Path, element_bytes: int | None = None) -> SizedGraph:
    """Graph of a model file, or of a network by name, unfused and with weights.

    Raises
    ------
    UserError
        If there is none.
    """
    model = str(model)
    if is_model(model):
        return sized_graph(load_model(model), element_bytes=element_bytes)
    # Imported late: a model file needs no other network.
    from mapper.zoo.catalogue import NETWORKS, build
    from mapper.zoo.onnx_light import LIGHT_MODELS, light_model

    if model in LIGHT_MODELS:
        return light_model(model, element_bytes=element_bytes or 1)
    if model not in NETWORKS:
        names = [*NETWORKS, *LIGHT_MODELS]
        raise UserError(
            f"{model!r} is no model (.onnx, .tflite) and no network{close_names(model, names)}"
        )
    return build(model, element_bytes=element_bytes or 1)


def check_schedule(
    model: str | Path | SizedGraph,
    file: Path | str,
    *,
    variant: Variant | None = None,
    element_bytes: int | None = None,
) -> tuple[Violation | None, Mapping[str, int]]:
    """Replay a schedule that was written by `map_network`, or by another tool.

    Parameters
    ----------
    model, variant, element_bytes
        As of `map_network`.
    file : path
        JSON file.

    Returns
    -------
    violation : Violation or None
        The first thing that is wrong with it.
    moved : mapping of str to int
        ``objective_bytes``, ``compulsory_bytes`` and ``total_bytes``, by its own word.

    Raises
    ------
    UserError
        If model or file can not be read.
    """
    whole = model if isinstance(model, SizedGraph) else network_graph(model, element_bytes)
    graph = variant_of(whole, variant or Variant())
    try:
        plain = json.loads(Path(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is no JSON: {error}") from None
    schedule = schedule_from_json(plain)
    violation = check(graph, schedule)
    if violation is not None:
        return violation, {}
    moved = traffic(graph, schedule)
    return None, {
        "objective_bytes": moved.non_compulsory_bytes,
        "compulsory_bytes": moved.compulsory_bytes,
        "total_bytes": moved.total_bytes,
    }
