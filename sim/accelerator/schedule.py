"""When instructions start and end: one pass in program order.

With the busy cycles of every instruction known, all times are maxima of sums of earlier ones: a
legal program waits for nothing that comes later in it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from golden.errors import UserError
from sim.accelerator.compilation import UNITS, Activity, Op
from sim.accelerator.fetch import Fetch, FetchSituation

__all__ = ["NEVER", "Mark", "Record", "Schedule", "Situation"]

NEVER = -(1 << 60)
"""A cycle before all others."""

Record: TypeAlias = Callable[[Op, int, int, int], None]
"""Told of each instruction: the cycles of its dispatch, its first and its last busy cycle."""

_Times: TypeAlias = tuple[int, ...]


@dataclass
class Mark:
    """The end of a layer, and for how long each activity has by then been at later layers."""

    end: int
    early: list[int] = field(default_factory=lambda: [0] * len(Activity))


class Situation(NamedTuple):
    """All that what follows depends on, relative to the last dispatch.

    The next instruction is dispatched at least a cycle after the last one and starts a cycle later:
    times before that make no difference and are told as the latest that makes none.
    """

    fetch: FetchSituation
    ends: _Times
    starts: tuple[_Times, ...]
    tokens: tuple[_Times, ...]
    written: _Times
    touched: _Times


class Schedule:
    """Times of instructions, from the state that those before have left.

    Parameters
    ----------
    latency : int
        Of the memory of the program, in cycles.
    depth : int
        Of the queue of each unit.
    buffers : int
        How many buffers instructions name.
    record : callable, optional
        Told of every instruction.
    """

    def __init__(
        self, *, latency: int, depth: int, buffers: int, record: Record | None = None
    ) -> None:
        self.last = NEVER
        """Cycle of the last dispatch."""
        self.stalled = [0] * len(UNITS)
        """Cycles in which each unit has waited for tokens or buffers."""
        self.stepped = 0
        """Instructions that were looked at one by one."""
        self.fetch = Fetch(latency)
        self._ends = [NEVER] * len(UNITS)
        self._depth = depth
        self._starts = [deque([NEVER] * depth, maxlen=depth) for _ in UNITS]
        self._tokens: list[deque[int]] = [deque() for _ in range(len(UNITS) ** 2)]
        self._written = [NEVER] * buffers
        self._touched = [NEVER] * buffers
        self._record = record
        self._marks: list[Mark] = []
        self._limit = NEVER

    @property
    def end(self) -> int:
        """Last busy cycle of all, -1 before the first."""
        return max(-1, *self._ends)

    def advance(self, ops: tuple[Op, ...]) -> None:
        """Take the next instructions.

        Raises
        ------
        UserError
            If one waits for a token that none before it has given.
        """
        last, limit, record = self.last, self._limit, self._record
        ready, take = self.fetch.ready, self.fetch.take
        ends, all_starts, tokens = self._ends, self._starts, self._tokens
        written, touched, stalled = self._written, self._touched, self.stalled
        try:
            for op in ops:
                unit, busy, waits, signals, reads, writes, activity, _, _ = op
                last += 1
                cycle = ready()
                if cycle > last:
                    last = cycle
                starts = all_starts[unit]
                if starts[0] >= last:
                    last = starts[0] + 1
                take(last)
                head = last + 1
                if ends[unit] >= head:
                    head = ends[unit] + 1
                start = head
                for queue in waits:
                    cycle = tokens[queue].popleft()
                    if cycle >= start:
                        start = cycle + 1
                for buffer in reads:
                    if written[buffer] >= start:
                        start = written[buffer] + 1
                for buffer in writes:
                    if touched[buffer] >= start:
                        start = touched[buffer] + 1
                stalled[unit] += start - head
                ends[unit] = end = start + busy - 1
                starts.append(start)
                for queue in signals:
                    tokens[queue].append(end)
                for buffer in reads:
                    if end > touched[buffer]:
                        touched[buffer] = end
                for buffer in writes:
                    written[buffer] = touched[buffer] = end
                if start <= limit:
                    self._count_early(activity, start, end)
                if record is not None:
                    record(op, last, start, end)
        except IndexError:
            raise UserError("an instruction waits for a token that none before it gives") from None
        self.last = last
        self.stepped += len(ops)

    def finish(self) -> int:
        """Take the end of the program; the cycle in which everything has ended."""
        self.last = max(self.last + 1, self.fetch.ready())
        self.fetch.take(self.last)
        return max(self.end, self.last)

    def mark(self) -> Mark:
        """End a layer."""
        mark = Mark(self.end)
        self._marks.append(mark)
        self._limit = mark.end
        return mark

    def _count_early(self, activity: Activity, start: int, end: int) -> None:
        for mark in reversed(self._marks):
            if mark.end < start:
                break
            mark.early[activity] += min(end, mark.end) - start + 1

    def situation(self, buffers: Iterable[int]) -> Situation | None:
        """What matters for instructions that use only these buffers.

        None while instructions can begin before the end of a layer that came before.
        """
        last = self.last
        floor = last + 1
        if self._limit > floor:
            return None
        return Situation(
            self.fetch.situation(last),
            tuple([end - last if end > floor else 1 for end in self._ends]),
            tuple(
                [
                    tuple([start - last if start > last else 0 for start in starts])
                    for starts in self._starts
                ]
            ),
            tuple([tuple([end - last if end > floor else 1 for end in q]) for q in self._tokens]),
            self._relative(self._written, buffers),
            self._relative(self._touched, buffers),
        )

    def _relative(self, times: list[int], buffers: Iterable[int]) -> _Times:
        last = self.last
        return tuple([max(times[buffer] - last, 1) for buffer in buffers])

    def restore(self, situation: Situation, last: int, buffers: Iterable[int]) -> None:
        """Go to a situation in which the last dispatch was in cycle ``last``."""
        self.last = last
        self.fetch.restore(situation.fetch, last)
        self._ends = [end + last for end in situation.ends]
        self._starts = [
            deque([start + last for start in starts], maxlen=self._depth)
            for starts in situation.starts
        ]
        self._tokens = [deque([end + last for end in ends]) for ends in situation.tokens]
        for times, relative in (
            (self._written, situation.written),
            (self._touched, situation.touched),
        ):
            for buffer, time in zip(buffers, relative, strict=True):
                times[buffer] = time + last
