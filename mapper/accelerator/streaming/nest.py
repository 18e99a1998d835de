"""Nests of loops: instructions and how their fields change along axes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from golden.accelerator.instructions import Instruction
from mapper.accelerator.streaming.regions import Region
from sim.accelerator.steps import Loop, Node, Step

__all__ = ["Nest", "Part", "Parts", "nodes"]


@dataclass(eq=False)
class Part:
    """An instruction that loops may still be put around.

    Parameters
    ----------
    instruction : Instruction
        As it is the first time.
    reads, writes : tuple of str
        Buffers.
    pitches : mapping of str to mapping of str to int
        For each field that changes by how much along which axis.
    around : list of (str, int)
        Axes of the loops around it, outermost first, and how far a repetition goes.
    """

    instruction: Instruction
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    pitches: Mapping[str, Mapping[str, int]]
    around: list[tuple[str, int]] = field(default_factory=list)


@dataclass(eq=False)
class _Repeated:
    count: int
    parts: list["_Tree"]


_Tree: TypeAlias = Part | _Repeated
Parts: TypeAlias = list[_Tree]


class Nest:
    """Makes trees of instructions whose places alternate.

    Parameters
    ----------
    regions : sequence of Region
    """

    def __init__(self, regions: Sequence[Region]) -> None:
        self._at: dict[str, int] = {}
        self._places = {region.name: len(region.first) - 1 for region in regions}

    def next_place(self, region: Region) -> None:
        """Go to the other place of a region, or to the only one."""
        turn = self._places[region.name] + 1
        self._places[region.name] = turn % len(region.first)

    def buffers(self, region: Region) -> tuple[str, ...]:
        """Names of the place that is in use."""
        return region.buffers(self._places[region.name])

    def first(self, region: Region) -> int:
        """First word of the place that is in use."""
        return region.first[self._places[region.name]]

    def part(
        self,
        instruction: Instruction,
        *,
        reads: tuple[str, ...] = (),
        writes: tuple[str, ...] = (),
        pitches: Mapping[str, Mapping[str, int]],
    ) -> Part:
        """An instruction at the current indices.

        Parameters
        ----------
        instruction : Instruction
            As it is where all indices are 0.
        reads, writes : tuple of str
        pitches : mapping
            As those of a `Part`.
        """
        fields: dict[str, Any] = {}
        for name, along in pitches.items():
            distance = sum(self._at.get(axis, 0) * by for axis, by in along.items())
            if distance:
                fields[name] = getattr(instruction, name) + distance
        placed = replace(instruction, **fields) if fields else instruction
        return Part(placed, reads, writes, pitches)

    def repeat(self, axis: str, first: int, count: int, make: Callable[[], Parts]) -> Parts:
        """What is made for ``count`` indices from ``first`` on, which differ in nothing else.

        The body of the loop is two of them if they take the places in turn.
        """
        before = dict(self._places)
        body = self._made(axis, first, make)
        if count == 1:
            return body
        if self._places == before:
            return [_around(axis, 1, count, body)]
        body += self._made(axis, first + 1, make)
        result: Parts = [_around(axis, 2, count // 2, body)] if count > 3 else body
        if count % 2:
            result += self._made(axis, first + count - 1, make)
        return result

    def _made(self, axis: str, index: int, make: Callable[[], Parts]) -> Parts:
        self._at[axis] = index
        parts = make()
        del self._at[axis]
        return parts


def _around(axis: str, by: int, count: int, body: Parts) -> _Repeated:
    pending = list(body)
    while pending:
        part = pending.pop()
        if isinstance(part, _Repeated):
            pending += part.parts
        else:
            part.around.insert(0, (axis, by))
    return _Repeated(count, body)


def nodes(parts: Sequence[_Tree]) -> tuple[Node, ...]:
    """The finished tree."""
    return tuple(
        Loop(part.count, nodes(part.parts)) if isinstance(part, _Repeated) else _step(part)
        for part in parts
    )


def _step(part: Part) -> Step:
    increments = (
        (name, tuple([along.get(axis, 0) * by for axis, by in part.around]))
        for name, along in part.pitches.items()
    )
    return Step(
        instruction=part.instruction,
        reads=part.reads,
        writes=part.writes,
        increments=tuple([(name, steps) for name, steps in increments if any(steps)]),
    )
