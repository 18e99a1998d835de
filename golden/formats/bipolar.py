"""Bipolar integers: every bit is −1 or +1."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["BipolarFormat"]

_MOST_BITS = 32


@dataclass(frozen=True)
class BipolarFormat:
    """Odd integers as sums of planes of −1 and +1.

    Bit b of a code stands for −2^b where it is 0 and for +2^b where it is 1, so that code q is the
    value 2q − (2^bits − 1): all odd integers from −(2^bits − 1) to 2^bits − 1, and no zero. No
    plane has a negative weight. Weights are re-interpreted so by LUT Tensor Core (ISCA 2025,
    arXiv 2408.06003, equations 1 to 3), both operands by bipolar-INT (APT-LLM).

    Parameters
    ----------
    bits : int
        1 to 32. ``bipolar1`` holds {-1, +1}.

    Raises
    ------
    ValueError
        If ``bits`` is out of range.
    """

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MOST_BITS:
            raise ValueError(f"a bipolar format has 1 to {_MOST_BITS} bits, not {self.bits}")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``bipolar2``."""
        return f"bipolar{self.bits}"

    @property
    def min(self) -> int:
        """Smallest value."""
        return -self.max

    @property
    def max(self) -> int:
        """Largest value."""
        return (1 << self.bits) - 1

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value: only where they are one."""
        return low == high and low % 2 == 1 and self.min <= low <= self.max

    def with_bits(self, bits: int) -> "BipolarFormat":
        """The bipolar format of so many bits."""
        return BipolarFormat(bits)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        codes = rng.integers(0, self.max, shape, dtype=np.uint64, endpoint=True)
        return codes.astype(code_dtype(self.bits))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of odd integers that lie in range.

        Parameters
        ----------
        values : array_like of int
            Any shape.

        Raises
        ------
        ValueError
            If a value is even or out of range.
        """
        array: NDArray[Any] = whole_numbers(values)
        wrong = (array % 2 == 0) | (array < self.min) | (array > self.max)
        if np.any(wrong):
            raise ValueError(
                f"{int(array[wrong].flat[0])} is not a value of {self.name}, which holds the odd"
                f" integers from {self.min} to {self.max}"
            )
        return ((array.astype(np.int64) + self.max) // 2).astype(code_dtype(self.bits))

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64.

        Raises
        ------
        ValueError
            If a code has more than ``bits`` bits.
        """
        return 2 * as_codes(codes, self.bits, self.name).astype(np.int64) - self.max
