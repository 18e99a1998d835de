"""What every number format offers."""

from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MAX_BITS",
    "Codes",
    "Format",
    "Values",
    "WholeFormat",
    "as_codes",
    "code_dtype",
    "whole_numbers",
]

Codes: TypeAlias = NDArray[np.unsignedinteger]
"""Bit patterns: an array of an unsigned dtype."""

Values: TypeAlias = NDArray[np.generic]
"""Exact values: int64 or uint64 for integer formats."""

MAX_BITS = 64


def code_dtype(bits: int) -> np.dtype[np.unsignedinteger]:
    """Smallest unsigned NumPy dtype that holds ``bits`` bits.

    Raises
    ------
    ValueError
        If ``bits`` is not between 1 and 64.
    """
    if not 1 <= bits <= MAX_BITS:
        raise ValueError(f"a code has 1 to {MAX_BITS} bits, not {bits}")
    return np.dtype(f"u{1 << max(0, (bits - 1).bit_length() - 3)}")


@runtime_checkable
class Format(Protocol):
    """What every number format offers."""

    @property
    def name(self) -> str:
        """Lower-case name that `parse_format` understands."""

    @property
    def bits(self) -> int:
        """Bits of one code."""

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of ``values``, same shape."""

    def decode(self, codes: ArrayLike) -> Values:
        """Exact values of ``codes``, same shape."""

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""

    def with_bits(self, bits: int) -> "Format":
        """The format of the same kind that has so many bits.

        Raises
        ------
        ValueError
            If there is none.
        """


@runtime_checkable
class WholeFormat(Format, Protocol):
    """A format whose values are integers."""

    @property
    def min(self) -> int:
        """Smallest value."""

    @property
    def max(self) -> int:
        """Largest value."""

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value of this format."""


def as_codes(codes: ArrayLike, bits: int, name: str) -> NDArray[np.uint64]:
    """Codes as uint64, once it is certain that they are some.

    Raises
    ------
    ValueError
        If they are no integers, or one has more than ``bits`` bits.
    """
    array = np.asarray(codes)
    if array.dtype.kind not in "iu":
        raise ValueError(f"codes are unsigned integers, not {array.dtype}")
    if array.size and (array.min() < 0 or int(array.max()) >> bits):
        raise ValueError(f"{int(array.max())} is not a code of {name}: over {bits} bits")
    return array.astype(np.uint64)


def whole_numbers(values: ArrayLike) -> Values:
    """``values`` as an integer array; Python integers beyond 64 bits stay objects."""
    array = np.asarray(values)
    if array.dtype.kind in "iuO":
        return array
    if array.dtype.kind == "b":
        return array.astype(np.int64)
    if not isinstance(values, np.ndarray):
        # NumPy makes floats of integers that no 64-bit dtype holds together.
        exact = np.asarray(values, dtype=object)
        if all(isinstance(value, (int, np.integer)) for value in exact.flat):
            return exact
    if array.dtype.kind == "f":
        if not np.all(np.isfinite(array)) or np.any(array != np.rint(array)):
            raise ValueError("an integer format takes whole numbers: round first")
        return np.array([int(value) for value in array.flat], dtype=object).reshape(array.shape)
    raise ValueError(f"an integer format takes numbers, not {array.dtype}")
