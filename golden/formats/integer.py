"""Integers: two's complement or unsigned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from golden.errors import UserError
from golden.formats.base import MAX_BITS, Codes, Values, as_codes, code_dtype, whole_numbers

__all__ = ["INT8", "MAX_OPERAND_BITS", "UINT8", "IntFormat", "operand_format", "smallest_int"]

MAX_OPERAND_BITS = 16


@dataclass(frozen=True)
class IntFormat:
    """A two's-complement or unsigned integer.

    Parameters
    ----------
    bits : int
        1 to 64. ``int1`` holds {-1, 0}, ``uint1`` {0, 1}.
    signed : bool
        Two's complement if true.

    Raises
    ------
    ValueError
        If ``bits`` is out of range.
    """

    bits: int
    signed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise ValueError(f"an integer format has 1 to {MAX_BITS} bits, not {self.bits}")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """As `parse_format` reads it: ``int8``, ``uint4``."""
        return f"{'int' if self.signed else 'uint'}{self.bits}"

    @property
    def min(self) -> int:
        """Smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """Largest value."""
        return (1 << (self.bits - 1 if self.signed else self.bits)) - 1

    @property
    def extremes(self) -> Codes:
        """Codes of the smallest and the largest value."""
        return self.encode([self.min, self.max])

    @property
    def value_dtype(self) -> np.dtype[np.integer]:
        """Dtype of decoded values: int64, and uint64 for ``uint64`` alone."""
        return np.dtype(np.uint64 if self.bits == MAX_BITS and not self.signed else np.int64)

    def contains(self, low: int, high: int) -> bool:
        """Whether every integer from ``low`` to ``high`` is a value of this format."""
        return self.min <= low and high <= self.max

    def with_bits(self, bits: int) -> "IntFormat":
        """Signed or not as this one, with so many bits."""
        return IntFormat(bits, signed=self.signed)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Codes:
        """Random codes, each as likely as any other."""
        most = (1 << self.bits) - 1
        codes = rng.integers(0, most, shape, dtype=np.uint64, endpoint=True)
        return codes.astype(code_dtype(self.bits))

    def encode(self, values: ArrayLike) -> Codes:
        """Codes of integers that lie in range.

        Parameters
        ----------
        values : array_like of int
            Any shape. Floats are taken if they are whole numbers.

        Raises
        ------
        ValueError
            If a value is not an integer of this format; see `saturate` and `wrap`.
        """
        array = whole_numbers(values)
        if array.size and not self.contains(int(array.min()), int(array.max())):
            outside = int(array.min()) if array.min() < self.min else int(array.max())
            raise ValueError(
                f"{outside} is not a value of {self.name}, which holds {self.min} to {self.max}"
            )
        return self._codes(array)

    def decode(self, codes: ArrayLike) -> Values:
        """Values of codes, as int64 (uint64 for ``uint64``).

        Raises
        ------
        ValueError
            If a code has more than ``bits`` bits.
        """
        unsigned = as_codes(codes, self.bits, self.name)
        if not self.signed:
            return unsigned.astype(self.value_dtype)
        shift = np.uint64(MAX_BITS - self.bits)
        return (unsigned << shift).view(np.int64) >> np.int64(shift)

    def saturate(self, values: ArrayLike) -> Values:
        """Nearest value of this format, for integers of any size."""
        return np.clip(whole_numbers(values), self.min, self.max).astype(self.value_dtype)

    def wrap(self, values: ArrayLike) -> Values:
        """Value of this format that is equal modulo ``2 ** bits``."""
        return self.decode(self._codes(whole_numbers(values)))

    def _codes(self, array: Values) -> Codes:
        mask = (1 << self.bits) - 1
        if array.dtype == object:
            wide = np.array([int(value) & mask for value in array.flat], dtype=np.uint64)
            return wide.reshape(array.shape).astype(code_dtype(self.bits))
        return (array.astype(np.uint64) & np.uint64(mask)).astype(code_dtype(self.bits))


INT8 = IntFormat(8)
UINT8 = IntFormat(8, signed=False)


def operand_format(name: str, given: IntFormat) -> IntFormat:
    """``given``, if it is an integer format of an operand (1 to 16 bits).

    Raises
    ------
    UserError
        If it is not; the message names the param ``name``.
    """
    if not isinstance(given, IntFormat) or given.bits > MAX_OPERAND_BITS:
        raise UserError(
            f"{name} must be an integer format of 1 to {MAX_OPERAND_BITS} bits, not {given}"
        )
    return given


def smallest_int(low: int, high: int) -> IntFormat:
    """Narrowest signed format that holds every integer from ``low`` to ``high``.

    Raises
    ------
    UserError
        If 64 bits are not enough.
    """
    return IntFormat(
        1 + max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length())
    )
