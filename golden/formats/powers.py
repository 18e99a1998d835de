"""Powers of two."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.formats.base import Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["PowerFormat"]

_MOST_BITS = 5


@dataclass(frozen=True)
class PowerFormat:
    """Powers of two whose exponent is the code: multiplying by one is a shift.

    Parameters
    ----------
    bits : int
        1 to 5. ``pow4`` holds 2^0 to 2^15.

    Raises
    ------
    ValueError
        If ``bits`` is out of range.
    """

    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MOST_BITS:
            raise ValueError(f"a format of powers has 1 to {_MOST_BITS} bits, not {self.bits}")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``pow4``."""
        return f"pow{self.bits}"

    @property
    def min(self) -> int:
        """Smallest value."""
        return 1

    @property
    def max(self) -> int:
        """Largest value."""
        return 1 << (1 << self.bits) - 1

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value."""
        return 1 <= low <= high <= self.max and all(
            value & value - 1 == 0 for value in range(low, min(high, low + 3) + 1)
        )

    def with_bits(self, bits: int) -> "PowerFormat":
        """The powers with exponents of so many bits."""
        return PowerFormat(bits)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        return rng.integers(0, 1 << self.bits, shape).astype(code_dtype(self.bits))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of powers of two in range.

        Parameters
        ----------
        values : array_like of int
            Any shape.

        Raises
        ------
        ValueError
            If a value is none of them.
        """
        array: NDArray[Any] = np.asarray(whole_numbers(values)).astype(object)
        wrong = np.array(
            [not 1 <= value <= self.max or value & value - 1 for value in array.flat], dtype=bool
        )
        if np.any(wrong):
            raise ValueError(
                f"{int(array.flat[int(np.argmax(wrong))])} is not a value of {self.name}, which"
                f" holds the powers of two up to {self.max}"
            )
        exponents = np.array([int(value).bit_length() - 1 for value in array.flat], dtype=np.int64)
        return exponents.reshape(array.shape).astype(code_dtype(self.bits))

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64.

        Raises
        ------
        ValueError
            If a code has more than ``bits`` bits.
        """
        exponents = as_codes(codes, self.bits, self.name).astype(np.int64)
        return np.asarray(np.int64(1) << exponents)
