"""Flint: integers near zero, and coarser numbers the larger they are."""

from dataclasses import dataclass, replace
from typing import Self

from golden.formats.table import TableFormat

__all__ = ["FlintFormat"]

_LEAST_BITS, _MOST_BITS = 3, 8


@dataclass(frozen=True)
class FlintFormat(TableFormat):
    """Numbers I · 2^E whose exponent is told by where the first one stands, so in no fixed field.

    An unsigned code of n bits with a leading 0 is the integer that follows. After a leading 1 come
    n − 1 bits r with z leading zeros: they stand for (r · 2^z) · 2^(z + 1), and r = 0 for
    2^(n − 2) · 2^n. So the order of codes is not that of values: ``uflint4`` counts 0 to 7, then
    64, 32, 16, 24, 8, 10, 12, 14. A signed code is a sign and an unsigned code of one bit less,
    with two zeros. Flint is the type of ANT (MICRO 2022); here its numbers are integers.

    Parameters
    ----------
    bits : int
        3 to 8.
    signed : bool

    Raises
    ------
    ValueError
        If ``bits`` is out of range.
    """

    bits: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not _LEAST_BITS <= self.bits <= _MOST_BITS:
            raise ValueError(
                f"a flint format has {_LEAST_BITS} to {_MOST_BITS} bits, not {self.bits}"
            )

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``flint4``, ``uflint4``."""
        return f"{'' if self.signed else 'u'}flint{self.bits}"

    @property
    def magnitude_bits(self) -> int:
        """Bits of a code without its sign."""
        return self.bits - self.signed

    def with_bits(self, bits: int) -> Self:
        """Signed or not as this one, with so many bits."""
        return replace(self, bits=bits)

    def values(self) -> list[int | None]:
        """Of every code, in order of codes."""
        bits = self.magnitude_bits
        magnitudes = [_magnitude(code, bits) for code in range(1 << bits)]
        return [*magnitudes, *(-value for value in magnitudes)] if self.signed else [*magnitudes]


def _magnitude(code: int, bits: int) -> int:
    """Value of an unsigned code."""
    rest_bits = bits - 1
    rest = code & ((1 << rest_bits) - 1)
    if code == rest:
        return rest
    if rest == 0:
        return 1 << (rest_bits - 1 + bits)
    zeros = rest_bits - rest.bit_length()
    return (rest << zeros) << (zeros + 1)
