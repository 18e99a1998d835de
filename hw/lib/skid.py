"""Skid buffer: cuts the ready path of a stream."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SkidBuffer"]


class SkidBuffer(wiring.Component):
    """Passes a stream on with a registered ready.

    Latency 0 cycles, one beat per cycle. ``i.ready`` is a register: a beat that arrives in the
    cycle in which the sink stops waits here, and the source sees the stop one cycle later.

    Parameters
    ----------
    shape : ShapeLike
        Of the payload.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, shape: Any) -> None:
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waiting = Signal()
        held = Signal.like(self.i.payload, reset_less=True)
        m.d.comb += [
            self.i.ready.eq(~waiting),
            self.o.valid.eq(waiting | self.i.valid),
            self.o.payload.eq(Mux(waiting, held, self.i.payload)),
        ]
        m.d.sync += waiting.eq(self.o.valid & ~self.o.ready)
        with m.If(~waiting):
            m.d.sync += held.eq(self.i.payload)
        return m
