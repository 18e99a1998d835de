"""How busy the units are over time, in bins: what fits into a picture, however long the run."""

from sim.accelerator.compilation import Activity, Compiled, Op

__all__ = ["Occupancy"]

BINS = 256
"""A power of two; a run has more than half as many bins, unless it has fewer cycles."""


class Occupancy:
    """Counts busy cycles in bins of equal length while the simulation runs.

    Bins begin with one cycle. When a run outgrows them, two become one.
    """

    def __init__(self) -> None:
        self._length = 1
        self._bins = {activity: [0] * BINS for activity in Activity}
        self._end = 0

    def begin(self, program: Compiled) -> None:
        """Instructions say themselves what they keep busy."""

    def instruction(self, op: Op, dispatched: int, start: int, end: int) -> None:
        """Add the cycles of an instruction."""
        while end >= self._length * BINS:
            self._halve()
        self._end = max(self._end, end + 1)
        length, bins = self._length, self._bins[op.activity]
        first, last = start // length, end // length
        if first == last:
            bins[first] += end - start + 1
            return
        bins[first] += (first + 1) * length - start
        for number in range(first + 1, last):
            bins[number] += length
        bins[last] += end + 1 - last * length

    @property
    def bin_cycles(self) -> int:
        """Cycles of a bin."""
        return self._length

    @property
    def busy_cycles(self) -> dict[str, list[int]]:
        """Of each activity, busy cycles in each bin until the last that has any."""
        used = -(-self._end // self._length)
        return {activity.name.lower(): bins[:used] for activity, bins in self._bins.items()}

    def _halve(self) -> None:
        self._length *= 2
        for activity, bins in self._bins.items():
            pairs = [bins[2 * i] + bins[2 * i + 1] for i in range(BINS // 2)]
            self._bins[activity] = pairs + [0] * (BINS // 2)
