"""Operands of an array of exponent–integer elements, on their way in."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from golden.contract import PortLayout
from golden.formats import FlintFormat, Format, OvpFormat
from hw.arith.products import ExponentInteger
from hw.emit import place
from hw.lib.decoders.flint import FlintDecoder, flint_number
from hw.lib.decoders.pairs import HalfDecoder, pair_number
from hw.shapes import beat_shape, shape_of

__all__ = ["OperandDecoder", "number_of"]


def number_of(format: Format) -> ExponentInteger:
    """How an operand of ``format`` lies in the signals of the array."""
    match format:
        case FlintFormat():
            return flint_number(format)
        case OvpFormat():
            return pair_number(format)
        case _:
            return ExponentInteger(shape_of(format), 0)


class OperandDecoder(wiring.Component):
    """Decodes a beat per cycle, and takes words of two numbers in two cycles.

    Latency 0 cycles. There is one decoder for each lane of ``o``. A beat of pairs stays at ``i``
    while its first numbers are used, and is taken with its second ones, or with the first if they
    are the last of a job.

    Parameters
    ----------
    port : PortLayout
        What enters; its lanes run along M or N, and along K where it has pairs.

    Members
    -------
    i : In(stream.Signature(beat_shape(port)))
    o : Out(stream.Signature(ArrayLayout(number_of(format).shape, lanes)))
    last : In(1)
        The beat on ``o`` is the last of its job.
    """

    i: stream.Interface
    o: stream.Interface
    last: Signal

    def __init__(self, port: PortLayout) -> None:
        self._format = port.format
        self._lanes = port.lanes[0].count
        numbers = data.ArrayLayout(number_of(port.format).shape, self._lanes)
        super().__init__(
            {
                "i": In(stream.Signature(beat_shape(port))),
                "o": Out(stream.Signature(numbers)),
                "last": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.o.valid.eq(self.i.valid)
        match self._format:
            case OvpFormat() as format:
                self._pairs(m, platform, format)
            case FlintFormat() as format:
                m.d.comb += self.i.ready.eq(self.o.ready)
                for lane in range(self._lanes):
                    m.submodules[f"lane_{lane}"] = decoder = place(platform, FlintDecoder, format)
                    m.d.comb += [
                        decoder.code.eq(self.i.payload[lane]),
                        self.o.payload[lane].eq(decoder.number),
                    ]
            case _:
                m.d.comb += self.i.ready.eq(self.o.ready)
                m.d.comb += self.o.payload.as_value().eq(self.i.payload.as_value())
        return m

    def _pairs(self, m: Module, platform: object, format: OvpFormat) -> None:
        bits = format.normal.bits
        second = Signal()
        m.d.comb += self.i.ready.eq(self.o.ready & (second | self.last))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += second.eq(~second & ~self.last)
        for lane in range(self._lanes):
            m.submodules[f"lane_{lane}"] = decoder = place(platform, HalfDecoder, format)
            halves = self.i.payload[lane][:bits], self.i.payload[lane][bits:]
            m.d.comb += [
                decoder.own.eq(Mux(second, halves[1], halves[0])),
                decoder.other.eq(Mux(second, halves[0], halves[1])),
                self.o.payload[lane].eq(decoder.number),
            ]
