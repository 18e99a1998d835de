"""Floating-point units: the exact result, then one rounding unit for all of them.

Combinational. Subnormal numbers, signed zeros, infinities and NaN are those of
`golden.formats.FloatFormat`; rounding is to the nearest, ties to even.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import FloatFormat
from hw.emit import place

__all__ = ["FloatAdd", "FloatMultiply", "IntegerToFloat", "Round"]

_GUARD = 3
"""Bits below the last place of the larger addend: guard, round, and whether anything is below."""


class Round(wiring.Component):
    """The number nearest to ``±magnitude * 2**exponent``.

    Parameters
    ----------
    format : FloatFormat
    width : int
        Bits of the magnitude.
    exponent : Shape
        Of the exponent.

    Members
    -------
    sign : In(1)
    magnitude : In(width)
    exponent : In(exponent)
        What the lowest bit of the magnitude is worth; 0 where its shape has no bits.
    o : Out(format.bits)
        Code; ±0 where the magnitude is 0, ±infinity where it is too large.
    """

    sign: Signal
    magnitude: Signal
    exponent: Signal
    o: Signal

    def __init__(self, format: FloatFormat, width: int, exponent: Shape) -> None:
        self._format = format
        self._width = width
        self._has_exponent = exponent.width > 0
        super().__init__(
            {
                "sign": In(1),
                "magnitude": In(width),
                **({"exponent": In(exponent)} if exponent.width else {}),
                "o": Out(format.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        format = self._format
        m = Module()
        # A significand, the first bit that it loses, and one for all that follow.
        kept = format.mantissa_bits + 1
        missing = max(0, kept + 2 - self._width)
        number, zeros = _normalized(m, Cat(Const(0, missing), self.magnitude))
        width = len(number)
        # Exponent code of the leading one; subnormal numbers have it further down.
        exponent: Value = self.exponent if self._has_exponent else Const(0, 1)
        leading = exponent - zeros + (self._width - 1 + format.bias)
        is_small = leading < 1
        shift = Signal(range(kept + 2))
        m.d.comb += shift.eq(Mux(is_small, Mux(leading < -kept, kept + 1, 1 - leading), 0))
        shifted, lost = _shifted_right(m, number, shift)
        significand = shifted[width - kept :]
        half = shifted[width - kept - 1]
        below = shifted[: width - kept - 1].any() | lost
        up = half & (below | significand[0])
        # A leading one adds 1 to the exponent's code, and so does a carry out of the mantissa.
        field = Signal(signed(len(leading)))
        m.d.comb += field.eq(Mux(is_small, 0, leading - 1))
        code = Signal(len(field) + kept + 1)
        m.d.comb += code.eq((field << format.mantissa_bits) + significand + up)
        rounded = Signal(format.bits - 1)
        with m.If(~self.magnitude.any()):
            m.d.comb += rounded.eq(0)
        with m.Elif(code >= format.infinity):
            m.d.comb += rounded.eq(format.infinity)
        with m.Else():
            m.d.comb += rounded.eq(code)
        m.d.comb += self.o.eq(Cat(rounded, self.sign))
        return m


class FloatMultiply(wiring.Component):
    """The product of two numbers.

    Parameters
    ----------
    format : FloatFormat

    Members
    -------
    a, b : In(format.bits)
    o : Out(format.bits)
    """

    a: Signal
    b: Signal
    o: Signal

    def __init__(self, format: FloatFormat) -> None:
        self._format = format
        code = unsigned(format.bits)
        super().__init__({"a": In(code), "b": In(code), "o": Out(code)})

    def elaborate(self, platform: object) -> Module:
        format = self._format
        m = Module()
        a, b = (_Parts(format, code) for code in (self.a, self.b))
        exponent = a.exponent + b.exponent - 2 * (format.bias + format.mantissa_bits)
        product = a.significand * b.significand
        m.submodules.round = rounding = place(
            platform, Round, format, len(product), exponent.shape()
        )
        sign = a.sign ^ b.sign
        m.d.comb += [
            rounding.sign.eq(sign),
            rounding.magnitude.eq(product),
            rounding.exponent.eq(exponent),
        ]
        is_infinite = a.is_infinite | b.is_infinite
        with m.If(a.is_nan | b.is_nan | (is_infinite & (a.is_zero | b.is_zero))):
            m.d.comb += self.o.eq(format.nan)
        with m.Elif(is_infinite):
            m.d.comb += self.o.eq(Cat(Const(format.infinity, format.bits - 1), sign))
        with m.Else():
            m.d.comb += self.o.eq(rounding.o)
        return m


class FloatAdd(wiring.Component):
    """The sum of two numbers; +0 of opposite ones.

    Parameters
    ----------
    format : FloatFormat

    Members
    -------
    a, b : In(format.bits)
    o : Out(format.bits)
    """

    a: Signal
    b: Signal
    o: Signal

    def __init__(self, format: FloatFormat) -> None:
        self._format = format
        code = unsigned(format.bits)
        super().__init__({"a": In(code), "b": In(code), "o": Out(code)})

    def elaborate(self, platform: object) -> Module:
        format = self._format
        m = Module()
        first, second = Signal(format.bits), Signal(format.bits)
        with m.If(self.a[:-1] >= self.b[:-1]):
            m.d.comb += Cat(first, second).eq(Cat(self.a, self.b))
        with m.Else():
            m.d.comb += Cat(first, second).eq(Cat(self.b, self.a))
        large, small = _Parts(format, first), _Parts(format, second)
        distance = Signal(format.exponent_bits)
        m.d.comb += distance.eq(large.exponent - small.exponent)
        guard = Const(0, _GUARD)
        aligned, lost = _shifted_right(m, Cat(guard, small.significand), distance)
        addend = Cat(aligned[0] | lost, aligned[1:])
        subtracts = large.sign ^ small.sign
        # The larger one is never beyond the other by subtraction: the total is not negative.
        total = Signal(len(aligned) + 1)
        start = Cat(guard, large.significand)
        m.d.comb += total.eq(Mux(subtracts, start - addend, start + addend))
        exponent = large.exponent - (format.bias + format.mantissa_bits + _GUARD)
        m.submodules.round = rounding = place(platform, Round, format, len(total), exponent.shape())
        m.d.comb += [
            rounding.sign.eq(Mux(total.any(), large.sign, large.sign & small.sign)),
            rounding.magnitude.eq(total),
            rounding.exponent.eq(exponent),
        ]
        with m.If(large.is_nan | (large.is_infinite & small.is_infinite & subtracts)):
            m.d.comb += self.o.eq(format.nan)
        with m.Elif(large.is_infinite):
            m.d.comb += self.o.eq(first)
        with m.Else():
            m.d.comb += self.o.eq(rounding.o)
        return m


class IntegerToFloat(wiring.Component):
    """The number nearest to an integer.

    Parameters
    ----------
    format : FloatFormat
    integer : Shape

    Members
    -------
    i : In(integer)
    o : Out(format.bits)
    """

    i: Signal
    o: Signal

    def __init__(self, format: FloatFormat, integer: Shape) -> None:
        self._format = format
        super().__init__({"i": In(integer), "o": Out(format.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.round = rounding = place(
            platform, Round, self._format, len(self.i), unsigned(0)
        )
        is_negative = self.i < 0
        m.d.comb += [
            rounding.sign.eq(is_negative),
            rounding.magnitude.eq(Mux(is_negative, -self.i, self.i)),
            self.o.eq(rounding.o),
        ]
        return m


class _Parts:
    """Parts of a number's code.

    Attributes
    ----------
    exponent : Value
        What subnormal and the smallest normal numbers have is 1.
    significand : Value
        The mantissa below its leading bit, which subnormal numbers lack.
    """

    def __init__(self, format: FloatFormat, code: Value) -> None:
        mantissa = code[: format.mantissa_bits]
        field = code[format.mantissa_bits : -1]
        is_special = field.all()
        self.sign = code[-1]
        self.significand = Cat(mantissa, field.any())
        self.exponent = Mux(field.any(), field, 1)
        self.is_nan = is_special & mantissa.any()
        self.is_infinite = is_special & ~mantissa.any()
        self.is_zero = ~code[:-1].any()


def _normalized(m: Module, number: Value) -> tuple[Value, Value]:
    """A number moved up until its highest bit is one, and by how much; of 0 no matter what."""
    steps: list[Value] = []
    for step in reversed(range((len(number) - 1).bit_length())):
        distance = 1 << step
        empty = Signal(name=f"empty_{step}")
        moved = Signal(len(number), name=f"moved_up_{step}")
        m.d.comb += [
            empty.eq(~number[-distance:].any()),
            moved.eq(Mux(empty, number << distance, number)),
        ]
        number = moved
        steps.insert(0, empty)
    return number, Cat(steps)


def _shifted_right(m: Module, number: Value, distance: Value) -> tuple[Value, Value]:
    """A number moved down by a distance, and whether a one fell out."""
    lost: Value = Const(0, 1)
    for step in range(len(distance)):
        amount = min(1 << step, len(number))
        moved = Signal(len(number), name=f"moved_down_{step}")
        dropped = Signal(name=f"dropped_{step}")
        m.d.comb += [
            moved.eq(Mux(distance[step], number >> amount, number)),
            dropped.eq(lost | (distance[step] & number[:amount].any())),
        ]
        number, lost = moved, dropped
    return number, lost
