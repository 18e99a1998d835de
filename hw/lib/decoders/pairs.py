"""From halves of outlier–victim pairs to exponent and integer."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import FlintFormat, OvpFormat
from hw.arith.products import ExponentInteger
from hw.emit import place
from hw.lib.decoders.flint import FlintDecoder, flint_number

__all__ = ["HalfDecoder", "pair_number"]


def pair_number(format: OvpFormat) -> ExponentInteger:
    """How the decoder gives a number: wide enough for normal ones and for outliers."""
    normal = format.normal
    plain = flint_number(normal) if isinstance(normal, FlintFormat) else None
    outlier = format.outlier
    return ExponentInteger(
        signed(max(plain.integer.width if plain else normal.bits, outlier.mantissa_bits + 2)),
        max(plain.exponent_bits if plain else 0, outlier.max_exponent.bit_length()),
    )


class HalfDecoder(wiring.Component):
    """A number i · 2^e from its half of a word and the other half. Combinational.

    Where its own half marks a victim the number is zero; where the other does it is an outlier.

    Parameters
    ----------
    format : OvpFormat

    Members
    -------
    own, other : In(normal.bits)
    number : Out(pair_number(format).shape)
    """

    own: Signal
    other: Signal
    number: Signal

    def __init__(self, format: OvpFormat) -> None:
        self._format = format
        self._number = pair_number(format)
        bits = format.normal.bits
        super().__init__({"own": In(bits), "other": In(bits), "number": Out(self._number.shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        mark = self._format.victim
        integer = Signal(self._number.integer)
        exponent = Signal(self._number.exponent_bits)
        with m.If(self.own == mark):
            m.d.comb += integer.eq(0)
        with m.Elif(self.other == mark):
            self._outlier(m, integer, exponent)
        with m.Else():
            self._normal(m, platform, integer, exponent)
        m.d.comb += self.number.eq(self._number.join(exponent, integer))
        return m

    def _normal(self, m: Module, platform: object, integer: Signal, exponent: Signal) -> None:
        normal = self._format.normal
        if not isinstance(normal, FlintFormat):
            m.d.comb += integer.eq(self.own.as_signed())
            return
        m.submodules.normal = decoder = place(platform, FlintDecoder, normal)
        kind = flint_number(normal)
        m.d.comb += [
            decoder.code.eq(self.own),
            integer.eq(kind.integer_of(decoder.number)),
            exponent.eq(kind.exponent(decoder.number)),
        ]

    def _outlier(self, m: Module, integer: Signal, exponent: Signal) -> None:
        outlier = self._format.outlier
        digits = outlier.mantissa_bits
        sign, field = self.own[-1], self.own[digits:-1]
        power = field + outlier.bias
        most = outlier.max_exponent
        significand: Value = Const(1 << digits) | self.own[:digits]
        if outlier.max == 1 << (most + digits):
            # From here on every magnitude is the largest.
            clipped = power >= most
            significand = Mux(clipped, 1 << digits, significand)
            power = Mux(clipped, most, power)
        with m.If(self.own[:-1] != 0):
            m.d.comb += [integer.eq(Mux(sign, -significand, significand)), exponent.eq(power)]
