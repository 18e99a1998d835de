"""A graph and a capacity reduced to what the exact schedulers need: numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd

from mapper.scheduling.graph import INPUT, SizedGraph

__all__ = ["Problem", "mask", "members", "most_overlaid", "reduce_graph"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Operators and tensors as numbers, sizes in units.

    Parameters
    ----------
    unit_bytes : int
        Bytes of which all sizes are counts.
    capacity : int
        Of the scratchpad, in units.
    sizes : tuple of int
        Of each tensor, in units.
    copies : tuple of int
        Units that a copy of each tensor in memory takes: what moves each time.
    is_saved : tuple of bool
        Whether memory has a copy of the tensor from the moment it exists: weights, inputs and
        outputs of the network.
    inputs, outputs : tuple of tuple of int
        Tensors of each operator, each once. Operators come after those that they depend on.
    before : tuple of int
        Mask of the operators for which each operator waits.
    in_place : tuple of tuple of (int, int)
        Pairs of an input and an output of each operator that may share an address.
    """

    unit_bytes: int
    capacity: int
    sizes: tuple[int, ...]
    copies: tuple[int, ...]
    is_saved: tuple[bool, ...]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    before: tuple[int, ...]
    in_place: tuple[tuple[tuple[int, int], ...], ...]

    @cached_property
    def producers(self) -> tuple[int | None, ...]:
        """Operator that produces each tensor; None where nothing does."""
        producers: list[int | None] = [None] * len(self.sizes)
        for operator, outputs in enumerate(self.outputs):
            for tensor in outputs:
                producers[tensor] = operator
        return tuple(producers)

    @cached_property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """Operators that read each tensor."""
        readers: list[list[int]] = [[] for _ in self.sizes]
        for operator, inputs in enumerate(self.inputs):
            for tensor in inputs:
                readers[tensor].append(operator)
        return tuple(map(tuple, readers))

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """Operators that touch each tensor, the producer first."""
        return tuple(
            readers if producer is None else (producer, *readers)
            for producer, readers in zip(self.producers, self.readers, strict=True)
        )

    @cached_property
    def after(self) -> tuple[tuple[int, ...], ...]:
        """Operators that wait for each operator, ascending."""
        after: list[list[int]] = [[] for _ in self.before]
        for operator, before in enumerate(self.before):
            for other in members(before):
                after[other].append(operator)
        return tuple(map(tuple, after))

    @cached_property
    def ancestors(self) -> tuple[int, ...]:
        """Mask of the operators that must run before each operator."""
        above: list[int] = []
        for direct in self.before:
            total = direct
            for operator in members(direct):
                total |= above[operator]
            above.append(total)
        return tuple(above)

    @cached_property
    def descendants(self) -> tuple[int, ...]:
        """Mask of the operators that must run after each operator."""
        below = [0] * len(self.inputs)
        for operator in reversed(range(len(self.inputs))):
            for later in self.after[operator]:
                below[operator] |= below[later] | 1 << later
        return tuple(below)

    @cached_property
    def needs(self) -> tuple[int, ...]:
        """Units of inputs and outputs of each operator, nothing being in place."""
        return tuple(
            sum(self.sizes[tensor] for tensor in {*inputs, *outputs})
            for inputs, outputs in zip(self.inputs, self.outputs, strict=True)
        )

    @cached_property
    def least_needs(self) -> tuple[int, ...]:
        """Units of inputs and outputs of each operator, all in place that can be."""
        return tuple(
            need - most_overlaid(pairs, self.sizes)
            for need, pairs in zip(self.needs, self.in_place, strict=True)
        )

    @cached_property
    def largest(self) -> int:
        """Units without which no plan works: those of the largest operator."""
        return max(self.least_needs)

    def overlaid(self, operator: int, dropped: Iterable[int]) -> int:
        """Units of outputs that can have the places of inputs, if these inputs go afterwards."""
        gone = set(dropped)
        pairs = [pair for pair in self.in_place[operator] if pair[0] in gone]
        return most_overlaid(pairs, self.sizes)


def mask(numbers: Iterable[int]) -> int:
    """The set of numbers as bits."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def members(bits: int) -> list[int]:
    """The numbers of a mask, ascending."""
    numbers = []
    while bits:
        low = bits & -bits
        numbers.append(low.bit_length() - 1)
        bits ^= low
    return numbers


def most_overlaid(pairs: Sequence[tuple[int, int]], sizes: Sequence[int]) -> int:
    """Most units of outputs in pairs of which no two have an input or an output in common."""
    if not pairs:
        return 0
    (first, output), *rest = pairs
    without = most_overlaid(rest, sizes)
    others = [pair for pair in rest if pair[0] != first and pair[1] != output]
    return max(without, sizes[output] + most_overlaid(others, sizes))


def reduce_graph(graph: SizedGraph, capacity_bytes: int, *, in_place: bool = False) -> Problem:
    """Numbers for operators and tensors, in the order of the graph.

    Parameters
    ----------
    graph : SizedGraph
    capacity_bytes : int
    in_place : bool
        Whether outputs may have the place of inputs where operators allow it.
    """
    number = {name: index for index, name in enumerate(graph.tensors)}
    tensors = graph.tensors.values()
    unit = gcd(*(size for own in tensors for size in (own.size_bytes, own.copy_bytes)))
    entering = {name for op in graph.operators if op.kind == INPUT for name in op.outputs}
    saved = entering.union(graph.outputs)
    maker = {name: index for index, op in enumerate(graph.operators) for name in op.outputs}
    return Problem(
        unit_bytes=unit,
        capacity=capacity_bytes // unit,
        sizes=tuple(tensor.size_bytes // unit for tensor in tensors),
        copies=tuple(tensor.copy_bytes // unit for tensor in tensors),
        is_saved=tuple(tensor.is_weight or name in saved for name, tensor in graph.tensors.items()),
        inputs=tuple(
            tuple(number[name] for name in dict.fromkeys(op.inputs)) for op in graph.operators
        ),
        outputs=tuple(
            tuple(number[name] for name in dict.fromkeys(op.outputs)) for op in graph.operators
        ),
        before=tuple(
            mask(maker[name] for name in op.inputs if name in maker) for op in graph.operators
        ),
        in_place=tuple(
            tuple(
                (number[old], number[new])
                for new in dict.fromkeys(op.outputs)
                for old in dict.fromkeys(op.in_place)
                if in_place
                and old in op.inputs
                and graph.tensors[new].size_bytes <= graph.tensors[old].size_bytes
            )
            for op in graph.operators
        ),
    )
