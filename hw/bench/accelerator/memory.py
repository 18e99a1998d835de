"""The memory behind an AXI port, cycle by cycle."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["AxiMemory", "ReadBeat", "Serve"]

Serve = Callable[[int, int, int], int]
"""Cycle of the first beat of a burst from its arrival, its first byte and its beats."""

_LONG_AGO = -(1 << 60)


@dataclass(frozen=True)
class ReadBeat:
    """A beat of the read channel."""

    data: bytes
    last: bool
    error: bool


@dataclass
class _Burst:
    """A burst under way: beats left, and from when on the next one, or the answer, may be given."""

    address: int
    beats: int
    due: int
    error: bool


@dataclass
class AxiMemory:
    """Memory with the timing of a memory model.

    In each cycle first look at what it offers (`ar_ready`, `read_beat`, `aw_ready`, `w_ready`,
    `answer`), then tell it what is transferred (`take_ar`, `take_r`, `take_aw`, `take_w`,
    `take_b`), then `tick`.

    Parameters
    ----------
    octets : bytearray
        Contents.
    bus_bytes : int
    latency_cycles, interval : int
        From a burst's acceptance to its first beat or its answer; from beat to beat.
    outstanding : int
        Bursts of a direction that may be under way.
    serve : callable, optional
        Model that both directions share, in place of the fixed latency.
    read_errors, write_errors : frozenset of int
        Numbers of the bursts that are answered with an error.
    cycle : int
        The current one.
    """

    octets: bytearray
    bus_bytes: int
    latency_cycles: int = 1
    interval: int = 1
    outstanding: int = 1 << 30
    serve: Serve | None = None
    read_errors: frozenset[int] = frozenset()
    write_errors: frozenset[int] = frozenset()
    cycle: int = 0
    _reads: deque[_Burst] = field(default_factory=deque)
    _last_read: int = _LONG_AGO
    _read_number: int = 0
    _accepted: _Burst | None = None
    _writes: deque[_Burst] = field(default_factory=deque)
    _beats: deque[tuple[bytes, int]] = field(default_factory=deque)
    _last_beat: int = _LONG_AGO
    _write_number: int = 0
    _answers: deque[_Burst] = field(default_factory=deque)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not (self._reads or self._accepted or self._writes or self._beats or self._answers)

    def ar_ready(self) -> bool:
        """Whether a read burst is accepted in this cycle."""
        return len(self._reads) < self.outstanding

    def take_ar(self, address: int, beats: int) -> None:
        """Accept a read burst."""
        error = self._read_number in self.read_errors
        self._read_number += 1
        self._accepted = _Burst(address, beats, self.cycle + self.latency_cycles, error)

    def read_beat(self) -> ReadBeat | None:
        """The beat that is offered in this cycle."""
        if not self._reads:
            return None
        burst = self._reads[0]
        if self.cycle < max(burst.due, self._last_read + self.interval):
            return None
        octets = bytes(self.octets[burst.address : burst.address + self.bus_bytes])
        octets += bytes(self.bus_bytes - len(octets))
        return ReadBeat(octets, burst.beats == 1, burst.error)

    def take_r(self) -> None:
        """The beat on offer was taken."""
        burst = self._reads[0]
        burst.address += self.bus_bytes
        burst.beats -= 1
        self._last_read = self.cycle
        if not burst.beats:
            self._reads.popleft()

    def aw_ready(self) -> bool:
        """Whether a write burst is accepted in this cycle."""
        return len(self._writes) + len(self._answers) < self.outstanding

    def take_aw(self, address: int, beats: int) -> None:
        """Accept a write burst."""
        error = self._write_number in self.write_errors
        self._write_number += 1
        self._writes.append(_Burst(address, beats, 0, error))

    def w_ready(self) -> bool:
        """Whether a written beat is accepted in this cycle."""
        return self.cycle >= self._last_beat + self.interval

    def take_w(self, octets: bytes, strobe: int) -> None:
        """Accept a written beat."""
        self._last_beat = self.cycle
        self._beats.append((octets, strobe))

    def answer(self) -> bool | None:
        """The response that is offered in this cycle: whether it is an error; None without one."""
        if self._answers and self.cycle >= self._answers[0].due:
            return self._answers[0].error
        return None

    def take_b(self) -> None:
        """The response on offer was taken."""
        self._answers.popleft()

    def tick(self) -> None:
        """End this cycle."""
        if self._accepted:
            burst, self._accepted = self._accepted, None
            if self.serve:
                burst.due = self.serve(self.cycle, burst.address, burst.beats)
            self._reads.append(burst)
        if self._writes and len(self._beats) >= self._writes[0].beats:
            self._finish_write()
        self.cycle += 1

    def _finish_write(self) -> None:
        """All beats of the oldest write burst are there."""
        burst = self._writes.popleft()
        burst.due = self.cycle + self.latency_cycles
        if self.serve:
            first = self.serve(self.cycle, burst.address, burst.beats)
            burst.due = first + burst.beats * self.interval
        for number in range(burst.beats):
            octets, strobe = self._beats.popleft()
            address = burst.address + number * self.bus_bytes
            for lane, octet in enumerate(octets):
                if strobe >> lane & 1 and address + lane < len(self.octets):
                    self.octets[address + lane] = octet
        self._answers.append(burst)
