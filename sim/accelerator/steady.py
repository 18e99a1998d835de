"""Loops without going through every repetition.

The situation at the end of a trip through a loop follows from that at its beginning: a loop is a
walk from situation to situation, each step of which is worked out once, and when a situation comes
again the rest of the loop is a multiplication.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from sim.accelerator.compilation import Body, Repeated
from sim.accelerator.schedule import Schedule, Situation

__all__ = ["Runner"]

_SHORT = 64
"""Loops of fewer instructions are gone through faster than situations are compared."""


@dataclass(frozen=True)
class _Totals:
    """What goes on growing: the cycle of the last dispatch, and stalled cycles of each unit."""

    last: int
    stalled: tuple[int, ...]

    def plus(self, other: "_Totals", count: int = 1) -> "_Totals":
        return _Totals(
            self.last + count * other.last,
            tuple([a + count * b for a, b in zip(self.stalled, other.stalled, strict=True)]),
        )

    def minus(self, other: "_Totals") -> "_Totals":
        return self.plus(other, -1)


_Trip: TypeAlias = tuple[Situation, _Totals]
"""What a trip leads to, and what it adds."""


@dataclass
class Runner:
    """Takes bodies through a schedule.

    Parameters
    ----------
    schedule : Schedule
    steady : bool
        Whether repetitions may be skipped; times are the same either way.
    jumps : int
        How often the rest of a loop was a multiplication.
    """

    schedule: Schedule
    steady: bool = True
    jumps: int = 0
    _trips: dict[Repeated, dict[Situation, _Trip]] = field(default_factory=dict)

    def run(self, body: Body) -> None:
        """Take the next instructions."""
        for part in body:
            if isinstance(part, tuple):
                self.schedule.advance(part)
            elif self.steady:
                self._run_steady(part)
            else:
                self._run_times(part, part.count)

    def _run_times(self, loop: Repeated, count: int) -> None:
        for _ in range(count):
            self.run(loop.body)

    def _run_steady(self, loop: Repeated) -> None:
        if loop.count * loop.length < _SHORT:
            self._run_times(loop, loop.count)
            return
        trips, rest = divmod(loop.count, loop.trip)
        while trips:
            situation = self.schedule.situation(loop.buffers)
            if situation is not None:
                self._walk(loop, situation, trips)
                break
            self._run_times(loop, loop.trip)
            trips -= 1
        self._run_times(loop, rest)

    def _walk(self, loop: Repeated, situation: Situation, trips: int) -> None:
        """``trips`` trips from ``situation`` on, which is that of the schedule."""
        known = self._trips.setdefault(loop, {})
        seen: dict[Situation, tuple[int, _Totals]] = {}
        totals = self._totals()
        left = trips
        # Whether the schedule is in this situation, too.
        present = True
        while left:
            if situation in seen:
                before, totals_before = seen[situation]
                times, left = divmod(left, before - left)
                totals = totals.plus(totals.minus(totals_before), times)
                present = present and not times
                self.jumps += times > 0
                seen = {}
                continue
            seen[situation] = left, totals
            trip = known.get(situation)
            if trip is None:
                if not present:
                    self._go_to(loop, situation, totals)
                trip = known[situation] = self._one_trip(loop)
                present = True
            else:
                present = False
            situation = trip[0]
            totals = totals.plus(trip[1])
            left -= 1
        if not present:
            self._go_to(loop, situation, totals)

    def _one_trip(self, loop: Repeated) -> _Trip:
        before = self._totals()
        self._run_times(loop, loop.trip)
        after = self.schedule.situation(loop.buffers)
        assert after is not None, "layers end outside of loops"
        return after, self._totals().minus(before)

    def _totals(self) -> _Totals:
        return _Totals(self.schedule.last, tuple(self.schedule.stalled))

    def _go_to(self, loop: Repeated, situation: Situation, totals: _Totals) -> None:
        self.schedule.restore(situation, totals.last, loop.buffers)
        self.schedule.stalled = list(totals.stalled)
