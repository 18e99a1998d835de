"""The sum of one result of a tile."""

from amaranth.hdl import Module, Mux, Shape, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Sum", "control_ports"]


def control_ports(sums: Shape) -> dict[str, wiring.Member]:
    """Members of a sum beside its addend."""
    return {
        "take": In(1),
        "first": In(1),
        "finish": In(1),
        "shift": In(1),
        "below": In(sums),
        "drain": Out(sums),
    }


class Sum(wiring.Component):
    """Adds up what comes, and holds the finished sum while the next one grows.

    Parameters
    ----------
    addend : Shape
    sums : Shape
        Of the sum, which wraps.

    Members
    -------
    addend : In(addend)
    take : In(1)
        The addend counts.
    first : In(1)
        With ``take``: begins a new sum.
    finish : In(1)
        With ``take``: the sum with this addend goes into the drain register.
    shift : In(1)
        Without ``finish``: the drain register takes that of the row below.
    below : In(sums)
    drain : Out(sums)
    """

    addend: Signal
    take: Signal
    first: Signal
    finish: Signal
    shift: Signal
    below: Signal
    drain: Signal

    def __init__(self, addend: Shape, sums: Shape) -> None:
        super().__init__({"addend": In(addend), **control_ports(sums)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        growing = Signal.like(self.drain, reset_less=True)
        finished = Signal.like(self.drain, reset_less=True)
        total = Signal.like(self.drain)
        m.d.comb += [
            total.eq(Mux(self.first, 0, growing) + self.addend),
            self.drain.eq(finished),
        ]
        with m.If(self.take):
            m.d.sync += growing.eq(total)
        with m.If(self.finish):
            m.d.sync += finished.eq(total)
        with m.Elif(self.shift):
            m.d.sync += finished.eq(self.below)
        return m
