"""Addresses for things that shrink: an output in the place of a larger input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mapper import clock

__all__ = ["Stairs", "stack_stairs"]


@dataclass(frozen=True, kw_only=True)
class Stairs:
    """What stacking found.

    Parameters
    ----------
    addresses : tuple of int, optional
        Of each thing; None where none were found.
    is_impossible : bool
        Whether it is proven that there are none.
    """

    addresses: tuple[int, ...] | None
    is_impossible: bool


def stack_stairs(heights: Sequence[Mapping[int, int]], capacity: int, *, deadline: float) -> Stairs:
    """Find addresses for things whose sizes change with time.

    If there are addresses, there are such that nothing can move down, and then each thing lies upon
    another one at some step, or at 0. So things are stacked in the order of their addresses, each
    as low as those below it allow: all such orders are tried.

    Parameters
    ----------
    heights : sequence of mapping of int to int
        Of each thing, its size at each step at which it is there.
    capacity : int
        Under which all must end.
    deadline : float
        Time of `mapper.clock.now` at which it gives up.
    """
    steps = sorted({step for own in heights for step in own})
    left = {step: sum(own.get(step, 0) for own in heights) for step in steps}
    if any(total > capacity for total in left.values()):
        return Stairs(addresses=None, is_impossible=True)
    stack = _Stack(heights, capacity, left, deadline)
    is_found = stack.fill(0)
    return Stairs(
        addresses=tuple(stack.addresses[i] for i in range(len(heights))) if is_found else None,
        is_impossible=not is_found and not stack.is_cut_short,
    )


class _Stack:
    def __init__(
        self,
        heights: Sequence[Mapping[int, int]],
        capacity: int,
        left: dict[int, int],
        deadline: float,
    ) -> None:
        self._heights = heights
        self._capacity = capacity
        self._left = left
        self._tops = dict.fromkeys(left, 0)
        self._deadline = deadline
        self.addresses: dict[int, int] = {}
        self.is_cut_short = False

    def fill(self, lowest: int) -> bool:
        """Stack what is left, nothing below ``lowest``."""
        if len(self.addresses) == len(self._heights):
            return True
        if clock.now() > self._deadline:
            self.is_cut_short = True
            return False
        # At every step, what is left lies on top of what is there and not below ``lowest``.
        for step, left in self._left.items():
            if left and max(self._tops[step], lowest) + left > self._capacity:
                return False
        places = sorted(
            (max(self._tops[step] for step in own), index)
            for index, own in enumerate(self._heights)
            if index not in self.addresses
        )
        return any(address >= lowest and self._try(index, address) for address, index in places)

    def _try(self, index: int, address: int) -> bool:
        own = self._heights[index]
        if address + max(own.values()) > self._capacity:
            return False
        before = {step: self._tops[step] for step in own}
        self.addresses[index] = address
        for step, height in own.items():
            self._tops[step] = address + height
            self._left[step] -= height
        if self.fill(address):
            return True
        del self.addresses[index]
        for step, height in own.items():
            self._tops[step] = before[step]
            self._left[step] += height
        return False
