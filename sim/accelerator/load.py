"""Cycles of the load unit.

A load is followed burst by burst. Per burst, whatever its words are, three numbers are enough:
how many words have their last byte in it, and how long after its first beat the last one of them,
and the last one that needs the burst before, can be written at the earliest. They depend on where
in a burst a row begins, and are worked out once for each such place.
"""

from collections.abc import Generator
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.instructions import Load

__all__ = ["LoadProcess", "ReadBurst", "load_beats", "load_bursts", "load_cycles", "load_process"]

_FIRST_BURST = 4
"""From the start to the cycle in which the first burst is offered."""

_FIRST_WORD = 6
"""From the start to the cycle in which the first word can be released."""

_ARRIVAL = 1
"""From a beat to the cycle in which a word that needs it can be released."""

_RETIREMENT = 2
"""From the release of a word to that of a burst which waited for the word."""

_WRITE = 2
"""From the release of a word to its write."""

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
            latency, interval, outstanding = 1, 1, None
        case MemoryKind.FIXED:
            latency = memory.latency_cycles
            interval = accelerator.bus_bytes // memory.bytes_per_cycle
            outstanding = memory.outstanding
        case MemoryKind.BANKED:
            raise ValueError("a load has cycles of its own with ideal or fixed memory only")
    process = load_process(accelerator, load, base_address, interval=interval)
    last = _NEVER
    ends: list[int] = []
    try:
        burst = next(process)
        while True:
            accepted = burst.cycle
            if outstanding is not None and len(ends) >= outstanding:
                accepted = max(accepted, ends[-outstanding] + 1)
            first = max(accepted + latency, last + interval)
            last = first + (burst.beats - 1) * interval
            ends.append(last)
            burst = process.send((accepted, first))
    except StopIteration as end:
        return int(end.value) + 1


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
    row = _Row(accelerator, load)
    room = accelerator.outstanding_reads
    offered = start + _FIRST_BURST - 1
    released = start + _FIRST_WORD - 1
    # When the last word that needs it is released, for each burst.
    retired = [_NEVER] * room

    geometry = cache(lambda offset: row.bursts(offset, interval))
    address = base_address + load.address
    for _ in range(load.rows):
        offset = address % row.burst_bytes
        for begin, beats, words, delay, spanning, spanning_delay in geometry(offset):
            cycle = max(offered + 1, retired[-room] + _RETIREMENT)
            offered, first = yield ReadBurst(cycle, address - offset + begin, beats)
            if spanning:
                retired[-1] = max(released + spanning, first + spanning_delay)
            released = max(released + words, first + delay)
            retired.append(released)
        released += row.trailing
        address += load.row_step
    return released + _WRITE


def load_bursts(
    accelerator: Accelerator, load: Load, base_address: int = 0
) -> list[tuple[int, int]]:
    """First byte and beats of each burst of a load, in order."""
    row = _Row(accelerator, load)
    geometry = cache(lambda offset: row.bursts(offset, 1))
    found = []
    for number in range(load.rows):
        address = base_address + load.address + number * load.row_step
        offset = address % row.burst_bytes
        found += [(address - offset + burst.begin, burst.beats) for burst in geometry(offset)]
    return found


def load_beats(accelerator: Accelerator, load: Load, base_address: int = 0) -> int:
    """Beats that a load fetches."""
    row = _Row(accelerator, load)
    if not row.size:
        return 0
    bus_bytes = accelerator.bus_bytes
    first = (base_address + load.address) % bus_bytes
    offset = (first + np.arange(load.rows, dtype=np.int64) * load.row_step) % bus_bytes
    return int(np.sum(-(-(offset + row.size) // bus_bytes)))


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


class _Row:
    """What is the same in all rows of a load.

    Attributes
    ----------
    size : int
        Bytes that are fetched.
    trailing : int
        Words of padding alone after the last byte; all words where nothing is fetched.
    """

    def __init__(self, accelerator: Accelerator, load: Load) -> None:
        lanes = accelerator.lanes
        self.bus_bytes = accelerator.bus_bytes
        self.burst_bytes = accelerator.burst_beats * accelerator.bus_bytes
        reach = (load.groups - 1) * load.group_step + load.group_bytes - load.pad_left
        self.size = max(0, min(load.row_bytes, reach))

        in_group = np.arange(0, load.group_bytes, lanes, dtype=np.int64)
        group = np.arange(load.groups, dtype=np.int64) * load.group_step - load.pad_left
        first = (group[:, None] + in_group).reshape(-1)
        stop = first + np.tile(np.minimum(lanes, load.group_bytes - in_group), load.groups)
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
        if not self.size:
            return []
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
        alone = beat * interval + _ARRIVAL - np.arange(len(last))
        columns = (
            begin,
            beats,
            words,
            _latest(alone, low, high),
            middle - low,
            _latest(alone, low, middle),
        )
        return [_Burst(*numbers) for numbers in zip(*(c.tolist() for c in columns), strict=True)]


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
