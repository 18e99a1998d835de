"""Timing of the store unit.

A store is a sequence of bursts. Gathering takes *steps*, one a cycle: a word takes one for each
beat that it completes, and at least one. So within a row the step at which a beat is complete
follows from its place alone, and gathering stops only where a burst begins whose half of the buffer
is not free yet. With ``lead`` the steps from the last beat of the burst before to the first of
this one, ``span`` those from its first to its last beat, ``left`` the cycle in which a burst has
left (its address and its last beat are taken)::

    first[k]    = max(complete[k - 1] + lead[k], left[k - 2] + 1)
    complete[k] = first[k] + span[k]
    offered[k]  = max(complete[k], left[k - 1]) + 1

The last response is followed by one more cycle.
"""

from collections import deque
from collections.abc import Generator, Iterator
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.instructions import Store

__all__ = [
    "START_CYCLES",
    "StoreRequest",
    "store_beats",
    "store_bursts",
    "store_cycles",
    "store_process",
]

_LONG_AGO = -(1 << 60)
_UNLIMITED = 1 << 30
START_CYCLES = 2
"""From the cycle in which an instruction is taken to its first step."""


class StoreRequest(NamedTuple):
    """A burst as memory sees it.

    Parameters
    ----------
    offered : int
        Cycle from which on its address and its first beat are offered.
    last_beat : int
        Cycle in which its last beat is taken.
    arrival : int
        Cycle in which it has been taken as a whole: its last beat, or its address if that is later.
    address : int
        Of its first beat, a multiple of the bus.
    beats : int
    """

    offered: int
    last_beat: int
    arrival: int
    address: int
    beats: int


class _RowBurst(NamedTuple):
    """A burst of a row: address after that of the row, beats, and steps; see the module."""

    offset: int
    beats: int
    lead: int
    span: int


def store_process(
    accelerator: Accelerator,
    store: Store,
    *,
    base_address: int = 0,
    start: int = 0,
    interval: int = 1,
    outstanding: int = _UNLIMITED,
    last_beat: int = _LONG_AGO,
) -> Generator[StoreRequest, int, int]:
    """The unit on one instruction, driven by a model of memory.

    Yields bursts, in the order of ``arrival``, which strictly rises; wants to be sent the cycle of
    the response to each, which is after ``arrival`` and in order too.

    Parameters
    ----------
    accelerator : Accelerator
    store : Store
    base_address : int
        Content of the base register.
    start : int
        Cycle in which the instruction is taken.
    interval : int
        Cycles from beat to beat at least.
    outstanding : int
        Addresses are taken while fewer bursts are unanswered.
    last_beat : int
        Cycle of the last beat before this instruction.

    Returns
    -------
    int
        The last busy cycle.
    """
    complete = start + START_CYCLES - 1
    left = left_before = answer = _LONG_AGO
    unanswered: deque[int] = deque(maxlen=outstanding)
    for address, beats, lead, span in _bursts(accelerator, store, base_address):
        complete = max(complete + lead, left_before + 1) + span
        offered = max(complete, left) + 1
        last_beat = max(offered, last_beat + interval) + (beats - 1) * interval
        left_before, left = left, max(offered, last_beat)
        if len(unanswered) == outstanding:
            left = max(left, unanswered[0] + 1)
        answer = yield StoreRequest(offered, last_beat, left, address, beats)
        unanswered.append(answer)
    return answer + 1


def store_cycles(accelerator: Accelerator, store: Store, base_address: int = 0) -> int:
    """Busy cycles of a store with the memory models *ideal* and *fixed*.

    The write channel takes a beat in the cycle of the first offer; after another store that is so
    if a beat comes at most ``latency_cycles + 5`` cycles after the one before.

    Parameters
    ----------
    accelerator : Accelerator
    store : Store
    base_address : int
        Content of the base register.

    Raises
    ------
    ValueError
        If the memory is of another kind.
    """
    latency, interval, outstanding = _channel(accelerator.memory, accelerator.bus_bytes)
    process = store_process(
        accelerator,
        store,
        base_address=base_address,
        interval=interval,
        outstanding=outstanding,
    )
    request = next(process)
    try:
        while True:
            request = process.send(request.arrival + latency)
    except StopIteration as end:
        last: int = end.value
        return last + 1


def store_bursts(
    accelerator: Accelerator, store: Store, base_address: int = 0
) -> list[tuple[int, int]]:
    """Address of the first beat, and beats, of each burst of a store."""
    return [burst[:2] for burst in _bursts(accelerator, store, base_address)]


def store_beats(accelerator: Accelerator, store: Store, base_address: int = 0) -> int:
    """Beats of a store."""
    bus_bytes = accelerator.bus_bytes
    row_bytes = store.groups * store.group_bytes
    first = base_address + store.address
    return sum(
        -(-((first + row * store.row_step) % bus_bytes + row_bytes) // bus_bytes)
        for row in range(store.rows)
    )


def _channel(memory: Memory, bus_bytes: int) -> tuple[int, int, int]:
    """Latency, interval of beats, and limit of unanswered bursts."""
    match memory.kind:
        case MemoryKind.IDEAL:
            return 1, 1, _UNLIMITED
        case MemoryKind.FIXED:
            interval = bus_bytes // memory.bytes_per_cycle
            return memory.latency_cycles, interval, memory.outstanding
        case _:
            raise ValueError(f"how long a store takes depends on others in {memory.kind.value}")


def _bursts(
    accelerator: Accelerator, store: Store, base_address: int
) -> Iterator[tuple[int, int, int, int]]:
    """Address, beats, lead and span of each burst."""
    window = accelerator.bus_bytes * accelerator.burst_beats
    row_address = base_address + store.address
    for _ in range(store.rows):
        row = _row_bursts(
            accelerator.lanes,
            accelerator.bus_bytes,
            accelerator.burst_beats,
            store.groups,
            store.group_bytes,
            row_address % window,
        )
        for offset, beats, lead, span in row:
            yield row_address + offset, beats, lead, span
        row_address += store.row_step


@lru_cache(maxsize=4096)
def _row_bursts(
    lanes: int, bus_bytes: int, burst_beats: int, groups: int, group_bytes: int, position: int
) -> tuple[_RowBurst, ...]:
    """Bursts of a row that begins ``position`` bytes after where bursts are cut."""
    first_beat, fill = divmod(position, bus_bytes)
    row_beats = -(-(fill + groups * group_bytes) // bus_bytes)
    steps = _Steps(lanes, bus_bytes, groups, group_bytes, fill)
    bursts = []
    begin, before = 0, -1
    while begin < row_beats:
        end = min(row_beats, begin + burst_beats - (first_beat + begin) % burst_beats)
        first, last = steps.of(begin), steps.of(end - 1)
        offset = begin * bus_bytes - fill
        bursts.append(_RowBurst(offset, end - begin, first - before, last - first))
        begin, before = end, last
    return tuple(bursts)


class _Steps:
    """Steps of a row whose first beat has ``fill`` bytes of something else before it.

    Until a beat is complete there is a step for each beat before it, and one for each word that
    has completed none.
    """

    def __init__(
        self, lanes: int, bus_bytes: int, groups: int, group_bytes: int, fill: int
    ) -> None:
        self._lanes = lanes
        self._bus_bytes = bus_bytes
        self._group_bytes = group_bytes
        self._group_words = -(-group_bytes // lanes)
        self._row_bytes = groups * group_bytes
        self._fill = fill
        # Of words longer than the bus only the last of a group may complete no beat; whether it
        # does is the same again after as many groups as are a multiple of the bus.
        self._silent = [0]
        tail = group_bytes - (self._group_words - 1) * lanes
        for group in range(min(groups, bus_bytes // gcd(bus_bytes, group_bytes))):
            end = fill + (group + 1) * group_bytes
            silent = end // bus_bytes == (end - tail) // bus_bytes
            self._silent.append(self._silent[-1] + silent)

    def of(self, beat: int) -> int:
        """The step, from 0 on, that completes ``beat``."""
        word, group = self._word(beat)
        if self._lanes <= self._bus_bytes:
            # A word completes one beat at most, the last of a row another.
            return word + (beat > 0 and self._word(beat - 1)[0] == word)
        periods, rest = divmod(group, len(self._silent) - 1)
        return beat + periods * self._silent[-1] + self._silent[rest]

    def _word(self, beat: int) -> tuple[int, int]:
        """Number of the word with the last byte of ``beat``, and of its group."""
        octet = min((beat + 1) * self._bus_bytes - self._fill, self._row_bytes) - 1
        group, octet = divmod(octet, self._group_bytes)
        return group * self._group_words + octet // self._lanes, group
