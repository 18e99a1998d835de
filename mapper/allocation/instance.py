"""A problem reduced to what a search needs: sections and scaled sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from mapper.allocation.problem import Problem

__all__ = ["Instance", "reduce_problem"]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Buffers as numbers.

    Parameters
    ----------
    unit : int
        Bytes of which all sizes, alignments and offsets here are counts.
    sizes, alignments : tuple of int
        Of each buffer, in units.
    fixed : tuple of (int or None)
        Offset of each buffer where it is given, in units.
    sections : tuple of frozenset of int
        Largest sets of buffers that are alive at one moment, in order of time. Two buffers are
        alive together if and only if a section has both.
    durations : tuple of int
        For how long each buffer is alive.
    """

    unit: int
    sizes: tuple[int, ...]
    alignments: tuple[int, ...]
    fixed: tuple[int | None, ...]
    sections: tuple[frozenset[int], ...]
    durations: tuple[int, ...]

    @property
    def lives(self) -> list[list[int]]:
        """Sections of each buffer, ascending."""
        lives: list[list[int]] = [[] for _ in self.sizes]
        for number, section in enumerate(self.sections):
            for buffer in section:
                lives[buffer].append(number)
        return lives

    def height(self, offsets: Sequence[int]) -> int:
        """Highest end of a buffer, in units."""
        return max((at + size for at, size in zip(offsets, self.sizes, strict=True)), default=0)

    def bound(self) -> int | None:
        """A height that no offsets undercut, in units; None if given offsets contradict each other.

        At each moment buffers lie one upon the other, and a given offset stays.
        """
        bound = 0
        for section in self.sections:
            bound = max(bound, sum(self.sizes[j] for j in section))
            top = 0
            for offset, size in sorted(
                (fixed, self.sizes[j]) for j in section if (fixed := self.fixed[j]) is not None
            ):
                if offset < top:
                    return None
                top = offset + size
            bound = max(bound, top)
        return bound


def reduce_problem(problem: Problem) -> Instance:
    """Find sections, and the largest unit.

    Parameters
    ----------
    problem : Problem
    """
    buffers = problem.buffers
    unit = gcd(*(b.size for b in buffers), *(b.offset or 0 for b in buffers)) or 1
    # Offsets that are sums of sizes, rounded up to alignments, are multiples of the unit if each
    # alignment is one or divides it.
    while wrong := [b.alignment for b in buffers if b.alignment % unit and unit % b.alignment]:
        unit = gcd(unit, *wrong)
    return Instance(
        unit=unit,
        sizes=tuple(b.size // unit for b in buffers),
        alignments=tuple(max(1, b.alignment // unit) for b in buffers),
        fixed=tuple(None if b.offset is None else b.offset // unit for b in buffers),
        sections=_sections(problem),
        durations=tuple(sum(upper - lower for lower, upper in b.spans) for b in buffers),
    )


def _sections(problem: Problem) -> tuple[frozenset[int], ...]:
    """Sets of buffers that are alive together and that are part of no set next to them."""
    events: dict[int, tuple[set[int], set[int]]] = {}
    for number, buffer in enumerate(problem.buffers):
        for lower, upper in buffer.spans:
            events.setdefault(lower, (set(), set()))[0].add(number)
            events.setdefault(upper, (set(), set()))[1].add(number)
    sections: list[frozenset[int]] = []
    alive: set[int] = set()
    for _, (born, dead) in sorted(events.items(), key=lambda event: event[0]):
        alive = (alive - dead) | born
        while sections and sections[-1] <= alive:
            sections.pop()
        if alive and not (sections and alive <= sections[-1]):
            sections.append(frozenset(alive))
    return tuple(sections)
