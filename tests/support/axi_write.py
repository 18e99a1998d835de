"""A memory at a write port in Amaranth's simulator, which watches the rules of the bus."""

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hw.bench.accelerator.memory import AxiMemory

__all__ = ["WriteBurst", "WriteDriver"]


@dataclass(frozen=True)
class WriteBurst:
    """An address that was taken, and the cycle in which it was."""

    address: int
    beats: int
    cycle: int


@dataclass
class WriteDriver:
    """Connects the write channels of a port to a memory, one cycle at a time.

    Parameters
    ----------
    port : AxiWrite interface
    memory : AxiMemory
        Is told the transfers; the caller ends its cycles.
    random : Random
    stall : float
        Probability that a channel stops in a cycle in which the memory would not.

    Attributes
    ----------
    bursts : list of WriteBurst
        Addresses that were taken.
    beats : list of int
        Cycle of each beat that was taken.
    answers : list of int
        Cycle of each response.
    violations : list of str
        Rules that were broken.
    """

    port: Any
    memory: AxiMemory
    random: Random = field(default_factory=lambda: Random(0))
    stall: float = 0.0
    bursts: list[WriteBurst] = field(default_factory=list)
    beats: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    _held: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _addressed: deque[int] = field(default_factory=deque)
    _written: deque[int] = field(default_factory=deque)
    _beats_of_burst: int = 0

    @property
    def settled(self) -> bool:
        """Whether every burst has all its beats and its response."""
        return (
            self.memory.idle
            and not (self._held or self._addressed or self._written or self._beats_of_burst)
            and len(self.answers) == len(self.bursts)
        )

    def step(self, ctx: Any) -> None:
        """One cycle, between two edges of the clock."""
        self._drive(ctx)
        self._observe(ctx)

    def _drive(self, ctx: Any) -> None:
        memory, port = self.memory, self.port
        ctx.set(port.aw.ready, memory.aw_ready() and self._moves())
        ctx.set(port.w.ready, memory.w_ready() and self._moves())
        error = memory.answer()
        answers = error is not None and self._moves()
        ctx.set(port.b.valid, answers)
        ctx.set(port.b.payload.error, error if answers else self.random.getrandbits(1))

    def _observe(self, ctx: Any) -> None:
        memory, port = self.memory, self.port
        address = port.aw.payload
        shown = self._look(ctx, "aw", port.aw, (address.address, address.beats))
        if shown:
            self._addressed.append(shown[1])
            self.bursts.append(WriteBurst(*shown, memory.cycle))
            memory.take_aw(*shown)
        beat = port.w.payload
        shown = self._look(ctx, "w", port.w, (beat.data.as_value(), beat.strobe, beat.last))
        if shown:
            octets, strobe, last = shown
            self.beats.append(memory.cycle)
            memory.take_w(octets.to_bytes(memory.bus_bytes, "little"), strobe)
            self._beats_of_burst += 1
            if last:
                self._written.append(self._beats_of_burst)
                self._beats_of_burst = 0
        while self._addressed and self._written:
            beats, written = self._addressed.popleft(), self._written.popleft()
            if beats != written:
                self.violations.append(f"{written} beats for an address with {beats}")
        if ctx.get(port.b.valid):
            if not ctx.get(port.b.ready):
                self.violations.append("a response has to wait")
            else:
                self.answers.append(memory.cycle)
                memory.take_b()

    def _moves(self) -> bool:
        return self.random.random() >= self.stall

    def _look(
        self, ctx: Any, name: str, channel: Any, signals: tuple[Any, ...]
    ) -> tuple[int, ...] | None:
        """The payload that is transferred in this cycle, if any."""
        ready = ctx.get(channel.ready)
        valid = ctx.get(channel.valid)
        payload = tuple(int(ctx.get(signal)) for signal in signals)
        if self.random.random() < 0.1:
            ctx.set(channel.ready, not ready)
            other = ctx.get(channel.valid), tuple(int(ctx.get(signal)) for signal in signals)
            ctx.set(channel.ready, ready)
            if other != (valid, payload):
                self.violations.append(f"{name} depends on its ready")
        held = self._held.pop(name, None)
        if held is not None and not (valid and payload == held):
            self.violations.append(f"{name} changed before it was taken")
        if valid and not ready:
            self._held[name] = payload
        return payload if valid and ready else None
