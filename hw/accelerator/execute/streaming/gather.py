"""Words of the pixels of a job, side by side."""

from typing import Any

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.execute.streaming.pixels import PLACE
from hw.accelerator.ports import ReadPort

__all__ = ["Gather"]

_SLOTS = 3
"""One is filled while one is used, and a word is on its way for two cycles."""


class Gather(wiring.Component):
    """Reads a word of each pixel of a job, one a cycle, and hands them on together.

    Two cycles after the place of the last word the words are there. A word is read once, and only
    if there is room for it.

    Parameters
    ----------
    lanes, rows : int
        Of a word, and most pixels of a job.

    Members
    -------
    i : In(stream.Signature(PLACE))
    fill : In(signed(8))
        What lies outside of the input.
    last_lanes : In
        Lanes of the last block that count, less one; the others are 0.
    port : Out(ReadPort(ArrayLayout(signed(8), lanes)))
    complete : Out(1)
        The last word of some pixels comes in this cycle; they are there in the next.
    o : Out(stream.Signature(ArrayLayout(ArrayLayout(signed(8), lanes), rows)))
        Pixels that a job does not have are anything.
    """

    i: stream.Interface
    fill: Signal
    last_lanes: Signal
    port: Any
    complete: Signal
    o: stream.Interface

    def __init__(self, lanes: int, rows: int) -> None:
        word = data.ArrayLayout(signed(8), lanes)
        self._words = data.ArrayLayout(word, rows)
        super().__init__(
            {
                "i": In(stream.Signature(PLACE)),
                "fill": In(signed(8)),
                "last_lanes": In(range(lanes)),
                "port": Out(ReadPort(word)),
                "complete": Out(1),
                "o": Out(stream.Signature(self._words)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        place = self.i.payload
        slots: list[Any] = [
            Signal(self._words, name=f"slot_{n}", reset_less=True) for n in range(_SLOTS)
        ]
        used, there = Signal(range(_SLOTS + 1)), Signal(range(_SLOTS + 1))
        first, filling = Signal(range(_SLOTS)), Signal(range(_SLOTS))
        begins, arriving = Signal(init=1), Signal()
        arrived: Any = Signal(PLACE, reset_less=True)
        row = Signal(range(self._words.length))
        read = self.i.valid & self.i.ready
        taken = self.o.valid & self.o.ready
        m.d.comb += [
            self.i.ready.eq(~begins | (used < _SLOTS)),
            self.port.en.eq(read & place.inside),
            self.port.address.eq(place.address),
            self.complete.eq(arriving & arrived.last_row),
            self.o.valid.eq(there != 0),
        ]
        with m.If(read):
            m.d.sync += [begins.eq(place.last_row), arrived.eq(place)]
        m.d.sync += [
            arriving.eq(read),
            used.eq(used + (read & begins) - taken),
            there.eq(there + self.complete - taken),
        ]
        with m.If(taken):
            m.d.sync += first.eq(_next(first))
        with m.Switch(first):
            for number, slot in enumerate(slots):
                with m.Case(number):
                    m.d.comb += self.o.payload.eq(slot)

        word = Signal(self._words.elem_shape)
        for lane in range(len(word)):
            counts = ~arrived.last_block | (self.last_lanes >= lane)
            inside = Mux(arrived.inside, self.port.data[lane], self.fill)
            m.d.comb += word[lane].eq(Mux(counts, inside, 0))
        # Rows begin again with every slot.
        with m.If(arriving):
            m.d.sync += row.eq(row + 1)
            with m.Switch(filling):
                for number, slot in enumerate(slots):
                    with m.Case(number):
                        m.d.sync += slot[row].eq(word)
        with m.If(self.complete):
            m.d.sync += [row.eq(0), filling.eq(_next(filling))]
        return m


def _next(number: Signal) -> Any:
    """The slot after one."""
    return Mux(number == _SLOTS - 1, 0, number + 1)
