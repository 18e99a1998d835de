"""Cycles of the load unit.

A load is followed burst by burst. Per burst, whatever its words are, three numbers are enough:
how many words have their last byte in it, and how long after its first beat the last one of them,
and the last one that needs the burst before, can be written at the earliest. They depend on where
in a burst a row begins, and are worked out once for each such place.
"""

from collections import deque
from collections.abc import Generator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.instructions import Load

__all__ = [
    "ARRIVAL",
    "FIRST_BURST",
    "FIRST_WORD",
    "RETIREMENT",
    "WRITE",
    "LoadProcess",
    "ReadBurst",
    "load_beats",
    "load_bursts",
    "load_cycles",
    "load_process",
]

FIRST_BURST = 4
"""From the start to the cycle in which the first burst is offered."""

FIRST_WORD = 6
"""From the start to the cycle in which the first word can be released."""

ARRIVAL = 1
"""From a beat to the cycle in which a word that needs it can be released."""

RETIREMENT = 2
"""From the release of a word to that of a burst which waited for the word."""

WRITE = 2
"""From the release of a word to its write."""

_REMEMBERED = 64
"""Rows whose geometry is kept; those of large loads are as large."""

_NEVER = -(1 << 60)


class ReadBurst(NamedTuple):
    """A burst that is asked for.

    Parameters
    ----------
    cycle : int
        In which it is offered to memory.
    address : int
        Its first byte.
    beats : int
    """

    cycle: int
    address: int
    beats: int


LoadProcess: TypeAlias = Generator[ReadBurst, tuple[int, int], int]
"""A load on its way: yields its bursts one by one, is sent for each the cycle in which memory
accepts it and the cycle of its first beat, and returns its last busy cycle."""


def load_cycles(accelerator: Accelerator, load: Load, base_address: int = 0) -> int:
    """Busy cycles of a load that begins with nothing under way on the bus.

    Parameters
    ----------
    accelerator : Accelerator
        With ideal or fixed memory.
    load : Load
    base_address : int
        What its base register holds.

    Raises
    ------
    ValueError
        If the memory is banked: then what others do to it counts too.
    """
    memory = accelerator.memory
    match memory.kind:
        case MemoryKind.IDEAL:
            latency, interval, outstanding = 1, 1, 0
        case MemoryKind.FIXED:
            latency = memory.latency_cycles
            interval = accelerator.bus_bytes // memory.bytes_per_cycle
            outstanding = memory.outstanding
        case MemoryKind.BANKED:
            raise ValueError("a load has cycles of its own with ideal or fixed memory only")
    channel = _Channel(latency, interval, outstanding)
    progress = _Progress(accelerator.outstanding_reads, 0)
    row = _row_of(accelerator, load)
    address = base_address + load.address
    for _ in range(load.rows):
        for burst, count in row.runs(address % row.burst_bytes, interval):
            _follow(progress, channel, burst, count)
        progress.released += row.trailing
        address += load.row_step
    return progress.released + WRITE + 1


def _follow(progress: "_Progress", channel: "_Channel", burst: "_Burst", count: int) -> None:
    """Go through equal bursts."""
    # After so many with equal distances, nothing of what came before them counts any more.
    enough = max(progress.room, channel.outstanding) + 2
    if count < 2 * enough:
        for _ in range(count):
            _serve(progress, channel, burst)
        return
    alike, distance = 0, 0
    for done in range(1, count + 1):
        offered, first, released = progress.offered, channel.first, progress.released
        _serve(progress, channel, burst)
        step = progress.offered - offered
        same = step == distance == channel.first - first == progress.released - released
        alike = alike + 1 if same else 0
        distance = step
        if alike == enough:
            progress.shift(distance * (count - done))
            channel.shift(distance * (count - done))
            return


def _serve(progress: "_Progress", channel: "_Channel", burst: "_Burst") -> None:
    accepted = channel.accept(progress.next_offer(), burst.beats)
    progress.take(burst, accepted, channel.first)


def load_process(
    accelerator: Accelerator, load: Load, base_address: int = 0, *, interval: int, start: int = 0
) -> LoadProcess:
    """Follow a load through memory of any model.

    Parameters
    ----------
    accelerator : Accelerator
    load : Load
    base_address : int
        What its base register holds.
    interval : int
        Cycles from beat to beat of a burst.
    start : int
        Cycle in which the unit takes it.
    """
    row = _row_of(accelerator, load)
    progress = _Progress(accelerator.outstanding_reads, start)
    address = base_address + load.address
    for _ in range(load.rows):
        offset = address % row.burst_bytes
        for burst in row.bursts(offset, interval):
            begin = address - offset + burst.begin
            accepted, first = yield ReadBurst(progress.next_offer(), begin, burst.beats)
            progress.take(burst, accepted, first)
        progress.released += row.trailing
        address += load.row_step
    return progress.released + WRITE


def load_bursts(
    accelerator: Accelerator, load: Load, base_address: int = 0
) -> list[tuple[int, int]]:
    """First byte and beats of each burst of a load, in order."""
    row = _row_of(accelerator, load)
    found = []
    for number in range(load.rows):
        address = base_address + load.address + number * load.row_step
        offset = address % row.burst_bytes
        bursts = row.bursts(offset, 1)
        found += [(address - offset + burst.begin, burst.beats) for burst in bursts]
    return found


def load_beats(accelerator: Accelerator, load: Load, base_address: int = 0) -> int:
    """Beats that a load fetches."""
    size = _fetched(load)
    if not size:
        return 0
    bus_bytes = accelerator.bus_bytes
    first = (base_address + load.address) % bus_bytes
    offset = (first + np.arange(load.rows, dtype=np.int64) * load.row_step) % bus_bytes
    return int(np.sum(-(-(offset + size) // bus_bytes)))


def _fetched(load: Load) -> int:
    """Bytes of a row that are fetched."""
    reach = (load.groups - 1) * load.group_step + load.group_bytes - load.pad_left
    return max(0, min(load.row_bytes, reach))


class _Channel:
    """The read channel of a memory with a latency.

    Attributes
    ----------
    outstanding : int
        Bursts that may be under way; 0 for any number.
    first : int
        Cycle of the first beat of the burst that was accepted last.
    """

    def __init__(self, latency: int, interval: int, outstanding: int) -> None:
        self.outstanding = outstanding
        self._latency = latency
        self._interval = interval
        self._ends = deque([_NEVER] * outstanding, maxlen=outstanding)
        self._last = self.first = _NEVER

    def accept(self, offered: int, beats: int) -> int:
        """The cycle in which a burst is accepted."""
        accepted = max(offered, self._ends[0] + 1) if self._ends else offered
        self.first = max(accepted + self._latency, self._last + self._interval)
        self._last = self.first + (beats - 1) * self._interval
        self._ends.append(self._last)
        return accepted

    def shift(self, cycles: int) -> None:
        """Move everything to later."""
        self.first += cycles
        self._last += cycles
        self._ends = deque((end + cycles for end in self._ends), maxlen=self._ends.maxlen)


class _Progress:
    """How far a load is.

    Attributes
    ----------
    room : int
        Bursts that may be unretired.
    offered : int
        Cycle in which the last burst was accepted.
    released : int
        Cycle in which the last word is released.
    """

    def __init__(self, room: int, start: int) -> None:
        self.room = room
        self.offered = start + FIRST_BURST - 1
        self.released = start + FIRST_WORD - 1
        # When the last word that needs it is released, for each burst that there is room for.
        self._retired = deque([_NEVER] * room, maxlen=room)

    def next_offer(self) -> int:
        """The cycle in which the next burst is offered."""
        return max(self.offered + 1, self._retired[0] + RETIREMENT)

    def take(self, burst: "_Burst", accepted: int, first: int) -> None:
        """A burst was accepted, and its first beat arrives in cycle ``first``."""
        self.offered = accepted
        if burst.spanning:
            self._retired[-1] = max(self.released + burst.spanning, first + burst.spanning_delay)
        self.released = max(self.released + burst.words, first + burst.delay)
        self._retired.append(self.released)

    def shift(self, cycles: int) -> None:
        """Move everything to later."""
        self.offered += cycles
        self.released += cycles
        retired = (cycle + cycles for cycle in self._retired)
        self._retired = deque(retired, maxlen=self._retired.maxlen)


class _Burst(NamedTuple):
    """A burst of a row: where it begins, and what its words do.

    Parameters
    ----------
    begin : int
        First byte, from the last multiple of the longest burst before the row.
    beats : int
    words : int
        With their last byte in it, and those of padding before them.
    delay : int
        From its first beat to the release of the last of them, at the least.
    spanning, spanning_delay : int
        The same for those of them that need the burst before, too.
    """

    begin: int
    beats: int
    words: int
    delay: int
    spanning: int
    spanning_delay: int


class _Shape(NamedTuple):
    """What a row of a load depends on."""

    size: int
    pad_left: int
    groups: int
    group_step: int
    group_bytes: int


class _Row:
    """What is the same in all rows of a load.

    Attributes
    ----------
    size : int
        Bytes that are fetched.
    trailing : int
        Words of padding alone after the last byte; all words where nothing is fetched.
    """

    def __init__(self, lanes: int, bus_bytes: int, burst_bytes: int, shape: _Shape) -> None:
        self.bus_bytes = bus_bytes
        self.burst_bytes = burst_bytes
        self.size = shape.size
        self._bursts: dict[tuple[int, int], list[_Burst]] = {}
        self._runs: dict[tuple[int, int], list[tuple[_Burst, int]]] = {}

        in_group = np.arange(0, shape.group_bytes, lanes, dtype=np.int64)
        group = np.arange(shape.groups, dtype=np.int64) * shape.group_step - shape.pad_left
        first = (group[:, None] + in_group).reshape(-1)
        stop = first + np.tile(np.minimum(lanes, shape.group_bytes - in_group), shape.groups)
        first, stop = np.maximum(first, 0), np.minimum(stop, self.size)
        needing = np.flatnonzero(first < stop)
        if len(needing):
            self._leading = int(needing[0])
            self.trailing = len(first) - 1 - int(needing[-1])
        else:
            self._leading, self.trailing = 0, len(first)
        self._first = first[needing]
        self._last = stop[needing] - 1

    def bursts(self, offset: int, interval: int) -> list[_Burst]:
        """Bursts of a row that begins ``offset`` bytes after a multiple of the longest one."""
        key = offset, interval
        if key not in self._bursts:
            self._bursts[key] = self._found(offset, interval) if self.size else []
        return self._bursts[key]

    def runs(self, offset: int, interval: int) -> list[tuple[_Burst, int]]:
        """The same, those that are alike but for where they begin together."""
        key = offset, interval
        if key not in self._runs:
            alike = groupby(self.bursts(offset, interval), key=itemgetter(slice(1, None)))
            groups = [list(bursts) for _, bursts in alike]
            self._runs[key] = [(bursts[0], len(bursts)) for bursts in groups]
        return self._runs[key]

    def _found(self, offset: int, interval: int) -> list[_Burst]:
        count = (offset + self.size - 1) // self.burst_bytes + 1
        begin = np.arange(count) * self.burst_bytes
        begin[0] = offset - offset % self.bus_bytes
        end = np.append(begin[1:], offset + self.size)
        beats = -(-(end - begin) // self.bus_bytes)

        # Words by the burst of their last byte; in each, those that span come first.
        last = offset + self._last
        number = last // self.burst_bytes
        bounds = np.searchsorted(number, np.arange(count + 1))
        low, high = bounds[:-1], bounds[1:]
        beat = (last - begin[number]) // self.bus_bytes
        spans = (offset + self._first) // self.burst_bytes < number
        middle = low + np.bincount(number[spans], minlength=count)
        words = high - low
        words[0] += self._leading
        # A word is released one cycle after the one before it, or when its last beat is there.
        alone = beat * interval + ARRIVAL - np.arange(len(last))
        columns = (
            begin,
            beats,
            words,
            _latest(alone, low, high),
            middle - low,
            _latest(alone, low, middle),
        )
        return [_Burst(*numbers) for numbers in zip(*(c.tolist() for c in columns), strict=True)]


@lru_cache(maxsize=_REMEMBERED)
def _row(lanes: int, bus_bytes: int, burst_bytes: int, shape: _Shape) -> _Row:
    return _Row(lanes, bus_bytes, burst_bytes, shape)


def _row_of(accelerator: Accelerator, load: Load) -> _Row:
    shape = _Shape(_fetched(load), load.pad_left, load.groups, load.group_step, load.group_bytes)
    burst_bytes = accelerator.burst_beats * accelerator.bus_bytes
    return _row(accelerator.lanes, accelerator.bus_bytes, burst_bytes, shape)


def _latest(
    alone: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Release of word ``high - 1`` where words from ``low`` on keep each other waiting.

    The first beat of their burst is in cycle 0. `_NEVER` where there is no word.
    """
    bounds = np.stack([low, high], axis=1).reshape(-1)
    # Beyond the last word nothing is to be found, and empty runs are not looked at.
    padded = np.append(alone, _NEVER)
    latest = np.maximum.reduceat(padded, bounds)[::2]
    return np.where(low < high, latest + high - 1, _NEVER)
