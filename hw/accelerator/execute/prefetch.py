"""Operands from a local memory, ready whenever the engine wants them."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accelerator.ports import LOCAL_ADDRESS_BITS, ReadPort

__all__ = ["Prefetch", "place_layout"]

_DEPTH = 3
"""A beat is held from its read to its transfer, three cycles in all where the sink never waits."""


def place_layout(lanes: int) -> data.StructLayout:
    """A word, and which lanes of it count; where none does, the word is not read."""
    return data.StructLayout({"address": unsigned(LOCAL_ADDRESS_BITS), "lanes": unsigned(lanes)})


class Prefetch(wiring.Component):
    """Turns places into beats.

    Latency 2 cycles, one beat per cycle; a word is read once, and only if there is room for it.
    ``i.ready`` and ``o`` come from registers.

    Parameters
    ----------
    shape : ArrayLayout
        Of a word and of a beat.

    Members
    -------
    i : In(stream.Signature(place_layout(lanes)))
    fill : In(element)
        What lanes that do not count read as.
    port : Out(ReadPort(shape))
    o : Out(stream.Signature(shape))
    """

    i: stream.Interface
    fill: Signal
    port: Any
    o: stream.Interface

    def __init__(self, shape: data.ArrayLayout) -> None:
        self._shape = shape
        super().__init__(
            {
                "i": In(stream.Signature(place_layout(shape.length))),
                "fill": In(Shape.cast(shape.elem_shape)),
                "port": Out(ReadPort(shape)),
                "o": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        place = self.i.payload
        entries = [Signal(self._shape, name=f"entry_{n}", reset_less=True) for n in range(_DEPTH)]
        level = Signal(range(_DEPTH + 1))
        arriving = Signal()
        lanes = Signal.like(place.lanes, reset_less=True)
        beat = Signal(self._shape)
        taken = self.o.valid & self.o.ready
        read = self.i.valid & self.i.ready
        m.d.comb += [
            self.i.ready.eq(level + arriving < _DEPTH),
            self.port.en.eq(read & place.lanes.any()),
            self.port.address.eq(place.address),
            self.o.valid.eq(level != 0),
            self.o.payload.eq(entries[0]),
        ]
        m.d.comb += [
            beat[lane].eq(Mux(lanes[lane], self.port.data[lane], self.fill))
            for lane in range(self._shape.length)
        ]
        m.d.sync += [
            arriving.eq(read),
            lanes.eq(place.lanes),
            level.eq(level + arriving - taken),
        ]
        end = level - taken
        for number, entry in enumerate(entries):
            with m.If(arriving & (end == number)):
                m.d.sync += entry.eq(beat)
            if number + 1 < _DEPTH:
                with m.Elif(taken):
                    m.d.sync += entry.eq(entries[number + 1])
        return m
