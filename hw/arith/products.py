"""What the elements of an array multiply."""

from dataclasses import dataclass
from typing import Protocol

from amaranth.hdl import Cat, Shape, Value, unsigned

__all__ = ["ExponentInteger", "IntegerProduct", "Product", "ShiftedProduct"]


class Product(Protocol):
    """A product of two operands, as a combinational circuit.

    Equal ones are of equal parts, which are emitted once.
    """

    def __hash__(self) -> int: ...

    @property
    def left(self) -> Shape:
        """Of the operand that enters from the left."""

    @property
    def top(self) -> Shape:
        """Of the operand that enters from the top."""

    def of(self, left: Value, top: Value) -> Value:
        """The product, an integer."""


@dataclass(frozen=True)
class IntegerProduct:
    """Of integers, by a multiplier."""

    left: Shape
    top: Shape

    def of(self, left: Value, top: Value) -> Value:
        """The product."""
        return left * top


@dataclass(frozen=True)
class ExponentInteger:
    """How a number i · 2^e lies in a signal: i in the lower bits, e above.

    Parameters
    ----------
    integer : Shape
        Of i.
    exponent_bits : int
        Of e, which is not negative; 0 where it is always 0.
    """

    integer: Shape
    exponent_bits: int

    @property
    def shape(self) -> Shape:
        """Of the signal."""
        return unsigned(self.integer.width + self.exponent_bits)

    def join(self, exponent: Value, integer: Value) -> Value:
        """A number from its parts, which are as wide as they are declared or wider."""
        return Cat(integer[: self.integer.width], exponent[: self.exponent_bits])

    def exponent(self, number: Value) -> Value:
        """Exponent of a number."""
        return number[self.integer.width :]

    def integer_of(self, number: Value) -> Value:
        """Integer of a number."""
        bits = number[: self.integer.width]
        return bits.as_signed() if self.integer.signed else bits


@dataclass(frozen=True)
class ShiftedProduct:
    """Of numbers i · 2^e: a multiplier for the integers, an adder for the exponents, a shifter.

    Parameters
    ----------
    from_left, from_top : ExponentInteger
    bits : int
        Of the product, which is signed: as many as the largest one takes. What the shifter could
        reach beyond is not there.
    """

    from_left: ExponentInteger
    from_top: ExponentInteger
    bits: int

    @property
    def left(self) -> Shape:
        """Of the operand that enters from the left."""
        return self.from_left.shape

    @property
    def top(self) -> Shape:
        """Of the operand that enters from the top."""
        return self.from_top.shape

    def of(self, left: Value, top: Value) -> Value:
        """The product, (b · d) · 2^(a + c)."""
        product = self.from_left.integer_of(left) * self.from_top.integer_of(top)
        shift: Value | None = None
        for kind, number in ((self.from_left, left), (self.from_top, top)):
            if kind.exponent_bits:
                exponent = kind.exponent(number)
                shift = exponent if shift is None else shift + exponent
        if shift is not None:
            product = product << shift
        return product[: self.bits].as_signed() if len(product) > self.bits else product
