"""Abfloat: floating-point numbers for what integers do not reach."""

from dataclasses import dataclass

from golden.formats.table import TableFormat

__all__ = ["AbfloatFormat"]

_MOST_BITS = 8
_LARGEST_EXPONENT = 15


@dataclass(frozen=True)
class AbfloatFormat(TableFormat):
    """Sign, exponent e and mantissa m: ±(2^mantissa_bits + m) · 2^(e + bias), and no zero.

    The format of outliers in OliVe (ISCA 2023, arXiv 2304.07493): its bias lets it begin where the
    format of other numbers ends. Code e = m = 0 is none, with either sign: the half of a pair that
    holds an outlier must not look like a zero. Magnitudes beyond 2^15 are 2^15, as OliVe clips them
    before they are added up; so several of the largest codes may have one value.

    Parameters
    ----------
    exponent_bits, mantissa_bits : int
        At least 1 each and, with a sign, at most 8.
    bias : int
        0 to 15 − ``mantissa_bits``.

    Raises
    ------
    ValueError
        If one is out of range.
    """

    exponent_bits: int
    mantissa_bits: int
    bias: int

    def __post_init__(self) -> None:
        if min(self.exponent_bits, self.mantissa_bits) < 1 or self.bits > _MOST_BITS:
            raise ValueError(
                f"an abfloat has a bit or more of exponent and of mantissa, and up to {_MOST_BITS}"
                f" with its sign, not {self.exponent_bits} and {self.mantissa_bits}"
            )
        most = _LARGEST_EXPONENT - self.mantissa_bits
        if not 0 <= self.bias <= most:
            raise ValueError(
                f"the bias of an abfloat with {self.mantissa_bits} bits of mantissa is 0 to"
                f" {most}, not {self.bias}"
            )

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``abfloat_e2m1b2``."""
        return f"abfloat_e{self.exponent_bits}m{self.mantissa_bits}b{self.bias}"

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def max_exponent(self) -> int:
        """Largest power of two that a significand is multiplied by."""
        beyond = _LARGEST_EXPONENT - self.mantissa_bits
        return min((1 << self.exponent_bits) - 1 + self.bias, beyond)

    def values(self) -> list[int | None]:
        """Of every code, in order of codes."""
        size = 1 << self.mantissa_bits
        magnitudes: list[int | None] = [
            min((size + m) << (e + self.bias), 1 << _LARGEST_EXPONENT)
            for e in range(1 << self.exponent_bits)
            for m in range(size)
        ]
        magnitudes[0] = None
        return [*magnitudes, *(None if value is None else -value for value in magnitudes)]
