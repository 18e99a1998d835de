"""Schedules: which operator runs when, what lies where meanwhile, and what moves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mapper.scheduling.graph import INPUT, SizedGraph

__all__ = ["Placement", "Schedule", "Step", "Traffic", "Window", "traffic"]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A tensor in the scratchpad.

    Parameters
    ----------
    tensor : str
        Its name.
    address : int
        Of its first byte, in bytes.
    """

    tensor: str
    address: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """Room in the scratchpad through which a tensor passes in pieces, while its operator runs.

    An input comes from memory, an output goes there. Two pieces that are there in turn are two
    windows.

    Parameters
    ----------
    tensor : str
        Its name.
    address : int
        Of the first byte, in bytes.
    size_bytes : int
        At least 1.
    moved_bytes : int
        That pass through: more than the tensor has where pieces overlap.
    """

    tensor: str
    address: int
    size_bytes: int
    moved_bytes: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens around one operator, in this order: spills, retrievals, the operator.

    Parameters
    ----------
    operator : str
        Name of the operator that runs.
    resident : tuple of Placement
        Everything in the scratchpad while it runs, its inputs and outputs included, but for those
        with windows. What was there in the step before and is not listed is dropped.
    spilled : tuple of str
        Tensors of the step before that are first copied to memory. They may stay or be dropped.
    retrieved : tuple of str
        Tensors that come from memory before the operator runs, weights included.
    windows : tuple of Window
        Of inputs and outputs that are never there as a whole.
    moved_bytes : mapping of str to int
        What moves for a tensor that is spilled, retrieved, or written as an output of the network,
        where that is not what its copy in memory takes.
    """

    operator: str
    resident: tuple[Placement, ...]
    spilled: tuple[str, ...] = ()
    retrieved: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    moved_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """An order of operators with the residency of all tensors.

    Parameters
    ----------
    capacity_bytes : int
        Of the scratchpad.
    steps : tuple of Step
        One for each operator of the graph.
    """

    capacity_bytes: int
    steps: tuple[Step, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Names of the operators as they run."""
        return tuple(step.operator for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Bytes between scratchpad and memory.

    Parameters
    ----------
    input_bytes : int
        Inputs of the network, each read once.
    output_bytes : int
        Outputs of the network, each written once, as soon as it is there.
    weight_bytes : int
        Weights that are used, each read once.
    spilled_bytes : int
        Copies of tensors to memory.
    retrieved_bytes : int
        Reads of tensors from memory, without the first of each weight.
    """

    input_bytes: int
    output_bytes: int
    weight_bytes: int
    spilled_bytes: int
    retrieved_bytes: int

    @property
    def compulsory_bytes(self) -> int:
        """What any schedule moves, however large the scratchpad."""
        return self.input_bytes + self.output_bytes + self.weight_bytes

    @property
    def non_compulsory_bytes(self) -> int:
        """What a larger scratchpad could save: the objective of COSMA, arXiv 2311.18246."""
        return self.spilled_bytes + self.retrieved_bytes

    @property
    def total_bytes(self) -> int:
        """Everything."""
        return self.compulsory_bytes + self.non_compulsory_bytes


def traffic(graph: SizedGraph, schedule: Schedule) -> Traffic:
    """What a schedule moves, taken at its word: only the checker says whether it works.

    Of a weight, what its copy in memory takes is compulsory; what is read beyond that is retrieved.
    What is written of an output beyond its copy is spilled.
    """
    written, read = _moved(graph, schedule)
    copies = {name: tensor.copy_bytes for name, tensor in graph.tensors.items()}
    inputs = (name for op in graph.operators if op.kind == INPUT for name in op.outputs)
    output_bytes = sum(copies[name] for name in set(graph.outputs))
    weight_bytes = sum(
        min(moved, copies[name]) for name, moved in read.items() if graph.tensors[name].is_weight
    )
    return Traffic(
        input_bytes=sum(copies[name] for name in inputs),
        output_bytes=output_bytes,
        weight_bytes=weight_bytes,
        spilled_bytes=written.total() - output_bytes,
        retrieved_bytes=read.total() - weight_bytes,
    )


def _moved(graph: SizedGraph, schedule: Schedule) -> tuple[Counter[str], Counter[str]]:
    """Bytes of each tensor that are written to memory, and read from there."""
    operators = {operator.name: operator for operator in graph.operators}
    written, read = Counter[str](), Counter[str]()
    for step in schedule.steps:
        made = operators[step.operator].outputs
        passing = {window.tensor for window in step.windows}
        finished = (name for name in made if name in graph.outputs and name not in passing)
        for counts, names in (
            (written, (*step.spilled, *finished)),
            (read, step.retrieved),
        ):
            for name in names:
                counts[name] += step.moved_bytes.get(name, graph.tensors[name].copy_bytes)
        for window in step.windows:
            (written if window.tensor in made else read)[window.tensor] += window.moved_bytes
    return written, read
