"""Sums of signs: every bit is −1 or +1, and all are worth the same."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["SignsFormat"]

_MOST_BITS = 16


@dataclass(frozen=True)
class SignsFormat:
    """Sums of −1 and +1, all planes of equal weight.

    A code stands for as many +1 as it has ones, and as many −1 as it has zeros. ``signs2`` holds
    {−2, 0, 2}: ternary numbers, doubled, as two planes of signs. Codes are the ones with their ones
    in the low bits; every other code of as many ones is the same number.

    Parameters
    ----------
    bits : int
        1 to 16.

    Raises
    ------
    ValueError
        If ``bits`` is out of range.
    """

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MOST_BITS:
            raise ValueError(f"a format of signs has 1 to {_MOST_BITS} bits, not {self.bits}")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``signs2``."""
        return f"signs{self.bits}"

    @property
    def min(self) -> int:
        """Smallest value."""
        return -self.bits

    @property
    def max(self) -> int:
        """Largest value."""
        return self.bits

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value: only where they are one."""
        return low == high and (low - self.bits) % 2 == 0 and self.min <= low <= self.max

    def with_bits(self, bits: int) -> "SignsFormat":
        """The format of so many signs."""
        return SignsFormat(bits)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        codes = rng.integers(0, 1 << self.bits, shape, dtype=np.uint64)
        return codes.astype(code_dtype(self.bits))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of numbers that so many signs can add up to.

        Parameters
        ----------
        values : array_like of int
            Any shape.

        Raises
        ------
        ValueError
            If a value is none of them.
        """
        array: NDArray[Any] = whole_numbers(values)
        wrong = ((array - self.bits) % 2 != 0) | (array < self.min) | (array > self.max)
        if np.any(wrong):
            raise ValueError(
                f"{int(array[wrong].flat[0])} is not a value of {self.name}, which holds every"
                f" second integer from {self.min} to {self.max}"
            )
        ones = (array.astype(np.int64) + self.bits) // 2
        return ((1 << ones) - 1).astype(code_dtype(self.bits))

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64.

        Raises
        ------
        ValueError
            If a code has more than ``bits`` bits.
        """
        array = as_codes(codes, self.bits, self.name)
        ones = sum((array >> np.uint64(bit) & np.uint64(1)) for bit in range(self.bits))
        return 2 * np.asarray(ones).astype(np.int64) - self.bits
