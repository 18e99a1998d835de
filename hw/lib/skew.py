"""Triangular delay lines at the edges of a systolic array."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Shape, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Skew"]


class Skew(wiring.Component):
    """Delays lane i by its own number of cycles.

    Latency ``delays[i]`` cycles in lane i, one beat per cycle. Nothing moves while ``enable`` is
    low. The registers hold data only and are not reset.

    Parameters
    ----------
    shape : Shape
        Of one lane.
    delays : sequence of int
        Cycles for each lane, at least 0.

    Members
    -------
    enable : In(1)
    i : In(ArrayLayout(shape, len(delays)))
    o : Out(ArrayLayout(shape, len(delays)))
    """

    enable: Signal
    i: data.View
    o: data.View

    def __init__(self, shape: Shape, delays: Sequence[int]) -> None:
        self._width = shape.width
        self._delays = tuple(delays)
        lanes = data.ArrayLayout(shape, len(self._delays))
        super().__init__({"enable": In(1), "i": In(lanes), "o": Out(lanes)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = self._width
        incoming, outgoing = self.i.as_value(), self.o.as_value()
        for lane, delay in enumerate(self._delays):
            bits = slice(lane * width, (lane + 1) * width)
            if delay == 0:
                m.d.comb += outgoing[bits].eq(incoming[bits])
                continue
            line = Signal(delay * width, name=f"lane_{lane}", reset_less=True)
            with m.If(self.enable):
                m.d.sync += line.eq(Cat(line[width:], incoming[bits]))
            m.d.comb += outgoing[bits].eq(line[:width])
        return m
