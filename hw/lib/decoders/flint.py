"""From flint to exponent and integer."""

from amaranth.hdl import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import FlintFormat
from hw.arith.products import ExponentInteger

__all__ = ["FlintDecoder", "flint_number"]


def flint_number(format: FlintFormat) -> ExponentInteger:
    """How the decoder gives a number; a signed one is as wide as its code."""
    bits = format.magnitude_bits
    integer = signed(bits) if format.signed else unsigned(bits - 1)
    return ExponentInteger(integer, bits.bit_length())


class FlintDecoder(wiring.Component):
    """A number i · 2^e from its code. Combinational.

    After a leading 0 the rest is i, and e is 0. After a leading 1 the rest is shifted until it
    begins with a 1, and e is one more than that; the empty rest counts as a 1 beyond its end.

    Parameters
    ----------
    format : FlintFormat

    Members
    -------
    code : In(bits)
    number : Out(flint_number(format).shape)
    """

    code: Signal
    number: Signal

    def __init__(self, format: FlintFormat) -> None:
        self._format = format
        self._number = flint_number(format)
        super().__init__({"code": In(format.bits), "number": Out(self._number.shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._format.magnitude_bits
        rest, large = self.code[: bits - 1], self.code[bits - 1]
        integer = Signal(bits - 1)
        exponent = Signal(self._number.exponent_bits)
        m.d.comb += integer.eq(rest)
        with m.If(large):
            # The empty rest: its 1 comes to stand where that of the others does.
            m.d.comb += [integer.eq(1 << (bits - 2)), exponent.eq(bits)]
            chain = m.If
            for zeros in range(bits - 1):
                with chain(rest[bits - 2 - zeros]):
                    m.d.comb += [integer.eq(rest << zeros), exponent.eq(zeros + 1)]
                chain = m.Elif
        value: Value = integer
        if self._format.signed:
            value = Mux(self.code[-1], -integer, integer)
        m.d.comb += self.number.eq(self._number.join(exponent, value))
        return m
