"""Ternary numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["TERNARY", "TernaryFormat"]

_BITS = 2


@dataclass(frozen=True)
class TernaryFormat:
    """{-1, 0, +1} in two bits, with the codes of ``int2``; code 2 is none.

    The weights of BitNet b1.58 (arXiv 2402.17764) are such numbers.
    """

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it."""
        return "ternary"

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return _BITS

    @property
    def min(self) -> int:
        """Smallest value."""
        return -1

    @property
    def max(self) -> int:
        """Largest value."""
        return 1

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value of this format."""
        return self.min <= low and high <= self.max

    def with_bits(self, bits: int) -> "TernaryFormat":
        """The same: there is no other."""
        if bits != _BITS:
            raise ValueError(f"a ternary format has {_BITS} bits, not {bits}")
        return self

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        return self.encode(rng.integers(-1, 2, shape))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of -1, 0 and +1.

        Parameters
        ----------
        values : array_like of int
            Any shape.

        Raises
        ------
        ValueError
            If a value is another.
        """
        array: NDArray[Any] = whole_numbers(values)
        wrong = (array < self.min) | (array > self.max)
        if np.any(wrong):
            raise ValueError(
                f"{int(array[wrong].flat[0])} is not a value of {self.name}, which holds -1, 0, 1"
            )
        return (array.astype(np.int64) & 3).astype(code_dtype(_BITS))

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64.

        Raises
        ------
        ValueError
            If a code is none.
        """
        array = as_codes(codes, _BITS, self.name).astype(np.int64)
        if np.any(array == 2):
            raise ValueError(f"2 is not a code of {self.name}: allowed are 0, 1 and 3")
        return np.where(array == 3, -1, array)


TERNARY = TernaryFormat()
