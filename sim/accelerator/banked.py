"""When instructions start and end where both directions share a memory: event by event.

A load or a store goes from burst to burst, and when a burst is served depends on those that arrived
before it. So bursts are served in the order of their arrivals, and between them all that has become
known is worked out: an instruction that waits for one that is still under way begins after the
bursts of that one, so that none arrives before those that are known.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import mul
from typing import Protocol

import numpy as np

from golden.accelerator.description import Accelerator
from golden.accelerator.dram import BankedTiming
from golden.accelerator.instructions import Load, Store
from golden.errors import UserError
from sim.accelerator.compilation import UNITS, Activity, Body, Compiled, Op
from sim.accelerator.fetch import Fetch
from sim.accelerator.load import load_process
from sim.accelerator.schedule import NEVER, Record
from sim.accelerator.store import store_process

__all__ = ["BankedMemory", "EventSchedule", "SharedMemory"]


class SharedMemory(Protocol):
    """A memory that is told of bursts in the order of their arrivals, reads before writes."""

    interval: int
    """Cycles from beat to beat of a burst."""
    outstanding: int
    """Bursts of a direction that may be under way."""

    def read(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the first beat."""

    def write(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the answer to a burst whose last beat is accepted in ``arrival``."""


class BankedMemory:
    """The memory model ``banked``."""

    def __init__(self, accelerator: Accelerator) -> None:
        memory = accelerator.memory
        self.interval = accelerator.bus_bytes // memory.bytes_per_cycle
        self.outstanding = memory.outstanding
        self._timing = BankedTiming(memory, self.interval)

    def read(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the first beat."""
        return self._timing.serve(arrival, address, beats)

    def write(self, arrival: int, address: int, beats: int) -> int:
        """Cycle of the answer: the one after the last beat has been written."""
        return self._timing.serve(arrival, address, beats) + beats * self.interval


class _LoadTransfer:
    """A load on its way.

    Attributes
    ----------
    arrival : int
        Cycle in which its next burst arrives at the memory.
    end : int, optional
        Its last busy cycle, when all of its bursts have been served.
    """

    def __init__(
        self, accelerator: Accelerator, load: Load, base: int, memory: SharedMemory, start: int
    ) -> None:
        self._process = load_process(accelerator, load, base, interval=memory.interval, start=start)
        self._ends: deque[int] = deque(maxlen=memory.outstanding)
        self.end: int | None = None
        self._resume(None)

    def _resume(self, times: tuple[int, int] | None) -> None:
        try:
            self._burst = next(self._process) if times is None else self._process.send(times)
        except StopIteration as stop:
            self.end = stop.value
            return
        self.arrival = self._burst.cycle
        if len(self._ends) == self._ends.maxlen:
            self.arrival = max(self.arrival, self._ends[0] + 1)

    def serve(self, memory: SharedMemory) -> None:
        """Let the memory serve the next burst."""
        burst = self._burst
        first = memory.read(self.arrival, burst.address, burst.beats)
        self._ends.append(first + (burst.beats - 1) * memory.interval)
        self._resume((self.arrival, first))


class _StoreTransfer:
    """A store on its way; attributes are those of a load."""

    def __init__(
        self, accelerator: Accelerator, store: Store, base: int, memory: SharedMemory, start: int
    ) -> None:
        self._process = store_process(
            accelerator,
            store,
            base_address=base,
            start=start,
            interval=memory.interval,
            outstanding=memory.outstanding,
        )
        self._request = next(self._process)
        self.end: int | None = None

    @property
    def arrival(self) -> int:
        """By then all beats of the next burst have been accepted."""
        return self._request.arrival

    def serve(self, memory: SharedMemory) -> None:
        """Let the memory serve the next burst."""
        request = self._request
        answer = memory.write(request.arrival, request.address, request.beats)
        try:
            self._request = self._process.send(answer)
        except StopIteration as stop:
            self.end = stop.value


@dataclass(eq=False)
class _Entry:
    """An instruction from its dispatch on; what is not known yet is None."""

    op: Op
    section: int
    distance: int
    """Bytes that its DRAM address is beyond that of the first repetition."""
    dispatched: int
    givers: list["_Entry"]
    start: int | None = None
    end: int | None = None


@dataclass
class _Queue:
    """The instructions of a unit."""

    entries: deque[_Entry] = field(default_factory=deque)
    recent: deque[_Entry] = field(default_factory=deque)
    """As many as the queue is deep, from their dispatch on."""
    current: _Entry | None = None
    transfer: _LoadTransfer | _StoreTransfer | None = None


class EventSchedule:
    """Times of all instructions of a program.

    Parameters
    ----------
    accelerator : Accelerator
    program : Compiled
    bases : sequence of int
        Base registers.
    memory : SharedMemory
    latency : int
        Of the memory of the program, in cycles.
    record : callable, optional
        Told of every instruction when its last cycle is known.

    Attributes
    ----------
    ends : list of int
        Last busy cycle of each section and those before it.
    stalled : list of list of int
        Cycles in which each unit has waited, by section.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        program: Compiled,
        bases: Sequence[int],
        memory: SharedMemory,
        *,
        latency: int,
        record: Record | None = None,
    ) -> None:
        self._accelerator = accelerator
        self._kinds = program.kinds
        self._bases = bases
        self._memory = memory
        self._record = record
        self.fetch = Fetch(latency)
        self._last = NEVER
        self._queues = [_Queue() for _ in UNITS]
        self._tokens: list[deque[_Entry]] = [deque() for _ in range(len(UNITS) ** 2)]
        self._writers: list[_Entry | None] = [None] * program.buffers
        self._users: list[dict[int, _Entry]] = [{} for _ in range(program.buffers)]
        self._program = self._ops(program)
        self._next = next(self._program, None)
        self.ends = [-1] * len(program.sections)
        self.stalled = [[0] * len(UNITS) for _ in program.sections]
        self._intervals: list[tuple[list[int], list[int]]] = [([], []) for _ in Activity]

    def run(self) -> int:
        """Take the whole program; the cycle in which everything has ended.

        Raises
        ------
        UserError
            If an instruction waits for a token that none before it has given.
        """
        while True:
            while self._dispatch() or any(self._start(queue) for queue in self._queues):
                pass
            moving = [queue.transfer for queue in self._queues if queue.transfer is not None]
            if not moving:
                break
            # The unit of loads comes first: so does a read, of bursts that arrive together.
            transfer = min(moving, key=lambda transfer: transfer.arrival)
            transfer.serve(self._memory)
            while transfer.end is None and len(moving) == 1:
                transfer.serve(self._memory)
            self._collect()
        self._last = max(self._last + 1, self.fetch.ready())
        self.fetch.take(self._last)
        self.ends = np.maximum.accumulate(self.ends).tolist()
        return max(self._last, *self.ends)

    def busy_until(self, cycle: int) -> list[int]:
        """Busy cycles of each activity by the end of ``cycle``, once the program has run."""
        found = []
        for starts, ends in self._intervals:
            begun = np.array(starts, dtype=np.int64)
            length = np.minimum(np.array(ends, dtype=np.int64), cycle) - begun + 1
            found.append(int(length[begun <= cycle].sum()))
        return found

    @staticmethod
    def _ops(program: Compiled) -> Iterator[tuple[int, Op, int]]:
        for number, section in enumerate(program.sections):
            for op, distance in _flat(section.body, ()):
                yield number, op, distance

    def _dispatch(self) -> bool:
        """Dispatch the next instruction if it is known when."""
        if self._next is None:
            return False
        section, op, distance = self._next
        queue = self._queues[op.unit]
        cycle = max(self._last + 1, self.fetch.ready())
        if len(queue.recent) == self._accelerator.queue_depth:
            before = queue.recent[0].start
            if before is None:
                return False
            cycle = max(cycle, before + 1)
            queue.recent.popleft()
        self.fetch.take(cycle)
        self._last = cycle
        entry = _Entry(op, section, distance, cycle, self._givers(op))
        for token in op.signals:
            self._tokens[token].append(entry)
        for buffer in op.reads + op.writes:
            self._users[buffer][op.unit] = entry
        for buffer in op.writes:
            self._writers[buffer] = entry
        queue.entries.append(entry)
        queue.recent.append(entry)
        self._next = next(self._program, None)
        return True

    def _givers(self, op: Op) -> list[_Entry]:
        """Instructions that must have ended."""
        try:
            givers = [self._tokens[token].popleft() for token in op.waits]
        except IndexError:
            raise UserError("an instruction waits for a token that none before it gives") from None
        for buffer in op.reads:
            writer = self._writers[buffer]
            if writer is not None:
                givers.append(writer)
        for buffer in op.writes:
            givers += self._users[buffer].values()
        return givers

    def _start(self, queue: _Queue) -> bool:
        """Start the head of a queue if it is known when."""
        if not queue.entries:
            return False
        entry = queue.entries[0]
        head = entry.dispatched + 1
        if queue.current is not None:
            if queue.current.end is None:
                return False
            head = max(head, queue.current.end + 1)
        start = head
        for giver in entry.givers:
            if giver.end is None:
                return False
            start = max(start, giver.end + 1)
        self.stalled[entry.section][entry.op.unit] += start - head
        entry.start = start
        entry.givers = []
        queue.entries.popleft()
        queue.current = entry
        instruction = self._kinds[entry.op.kind].instruction
        if isinstance(instruction, Load | Store):
            if entry.distance:
                address = instruction.address + entry.distance
                instruction = replace(instruction, address=address)
            queue.transfer = self._transfer(instruction, start)
            self._collect()
        else:
            self._end(entry, start + entry.op.busy - 1)
        return True

    def _transfer(self, instruction: Load | Store, start: int) -> _LoadTransfer | _StoreTransfer:
        base = self._bases[instruction.base]
        if isinstance(instruction, Load):
            return _LoadTransfer(self._accelerator, instruction, base, self._memory, start)
        return _StoreTransfer(self._accelerator, instruction, base, self._memory, start)

    def _collect(self) -> None:
        """End the instructions whose bursts have all been served."""
        for queue in self._queues:
            if queue.transfer is not None and queue.transfer.end is not None:
                assert queue.current is not None
                self._end(queue.current, queue.transfer.end)
                queue.transfer = None

    def _end(self, entry: _Entry, end: int) -> None:
        assert entry.start is not None
        entry.end = end
        self.ends[entry.section] = max(self.ends[entry.section], end)
        starts, ends = self._intervals[entry.op.activity]
        starts.append(entry.start)
        ends.append(end)
        if self._record is not None:
            self._record(entry.op, entry.dispatched, entry.start, end)


def _flat(body: Body, counters: tuple[int, ...]) -> Iterator[tuple[Op, int]]:
    """Instructions one by one, and how far their addresses have moved."""
    for part in body:
        if isinstance(part, tuple):
            for op in part:
                yield op, sum(map(mul, counters, op.strides))
        else:
            for count in range(part.count):
                yield from _flat(part.body, (*counters, count))
