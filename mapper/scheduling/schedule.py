"""Schedules: which operator runs when, what lies where meanwhile, and what moves."""

from dataclasses import dataclass

from mapper.scheduling.graph import INPUT, SizedGraph

__all__ = ["Placement", "Schedule", "Step", "Traffic", "traffic"]


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
class Step:
    """What happens around one operator, in this order: spills, retrievals, the operator.

    Parameters
    ----------
    operator : str
        Name of the operator that runs.
    resident : tuple of Placement
        Everything in the scratchpad while it runs, its inputs and outputs included. What was there
        in the step before and is not listed is dropped.
    spilled : tuple of str
        Tensors of the step before that are first copied to memory. They may stay or be dropped.
    retrieved : tuple of str
        Tensors that come from memory before the operator runs, weights included.
    """

    operator: str
    resident: tuple[Placement, ...]
    spilled: tuple[str, ...] = ()
    retrieved: tuple[str, ...] = ()


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
    """What a schedule moves, taken at its word: only the checker says whether it works."""
    retrieved = [name for step in schedule.steps for name in step.retrieved]
    weights = {name for name in retrieved if graph.tensors[name].is_weight}
    weight_bytes = graph.bytes_of(weights)
    inputs = (name for op in graph.operators if op.kind == INPUT for name in op.outputs)
    return Traffic(
        input_bytes=graph.bytes_of(inputs),
        output_bytes=graph.bytes_of(set(graph.outputs)),
        weight_bytes=weight_bytes,
        spilled_bytes=graph.bytes_of(name for step in schedule.steps for name in step.spilled),
        retrieved_bytes=graph.bytes_of(retrieved) - weight_bytes,
    )
