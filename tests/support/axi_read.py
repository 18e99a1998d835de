"""A memory behind a read port, in Amaranth's simulator."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from amaranth.hdl import Value

from hw.bench.accelerator.memory import AxiMemory

__all__ = ["ReadDriver"]


@dataclass
class ReadDriver:
    """Plays an `AxiMemory` to the read channels of a manager, and watches the stream rules.

    Parameters
    ----------
    port : interface of AxiRead
    memory : AxiMemory
        Is told the transfers; its cycles are ended here.
    random : Random
        For stalls and for what is on the bus while nothing is valid.
    ar_pause, r_pause : float
        Probability that a cycle accepts no burst, and that it has no beat, whatever the memory
        could do.
    origin : int
        Address of the memory's first byte.

    Attributes
    ----------
    bursts : list of tuple of int
        First byte and beats of the accepted bursts.
    """

    port: Any
    memory: AxiMemory
    random: Random
    ar_pause: float = 0.0
    r_pause: float = 0.0
    origin: int = 0
    bursts: list[tuple[int, int]] = field(default_factory=list)
    _held: tuple[int, int] | None = None

    def step(self, ctx: Any) -> None:
        """One cycle, between two edges of the clock."""
        ar, r = self.port.ar, self.port.r
        ready = self.memory.ar_ready() and self.random.random() >= self.ar_pause
        ctx.set(ar.ready, ready)
        beat = self.memory.read_beat() if self.random.random() >= self.r_pause else None
        ctx.set(r.valid, beat is not None)
        if beat is None:
            payload = Value.cast(r.payload)
            ctx.set(payload, self.random.getrandbits(len(payload)))
        else:
            ctx.set(Value.cast(r.payload.data), int.from_bytes(beat.data, "little"))
            ctx.set(r.payload.error, beat.error)
            assert ctx.get(r.ready), "read data are never stopped"
            self.memory.take_r()

        offer = None
        if ctx.get(ar.valid):
            offer = ctx.get(ar.payload.address), ctx.get(ar.payload.beats)
        assert self._held in (None, offer), "a burst on offer is held until it is accepted"
        self._held = None if ready else offer
        if ready and offer:
            self.bursts.append(offer)
            self.memory.take_ar(offer[0] - self.origin, offer[1])
        self.memory.tick()
