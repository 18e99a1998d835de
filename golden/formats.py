"""Number formats: how a value is coded in bits.

A *format* is a frozen description with ``bits``, ``encode`` and ``decode``. RTL shapes, golden
models and the packing of memory words all derive from the same object, so that they can not
disagree about what a bit pattern means.

A *code* is the bit pattern of one value, held in the smallest unsigned NumPy dtype that has room
for it. What ``decode`` returns is exact.
"""

import re
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.errors import UserError

__all__ = [
    "INT8",
    "MAX_BITS",
    "MAX_OPERAND_BITS",
    "UINT8",
    "Codes",
    "Format",
    "IntFormat",
    "Values",
    "code_dtype",
    "operand_format",
    "parse_format",
    "smallest_int",
]

Codes: TypeAlias = NDArray[np.unsignedinteger]
"""Bit patterns: an array of an unsigned dtype."""

Values: TypeAlias = NDArray[np.generic]
"""Exact values: int64 or uint64 for integer formats."""

MAX_BITS = 64
MAX_OPERAND_BITS = 16


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
        array = _integers(values)
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
        array = np.asarray(codes)
        if array.dtype.kind not in "iu":
            raise ValueError(f"codes are unsigned integers, not {array.dtype}")
        if array.size and (array.min() < 0 or int(array.max()) >> self.bits):
            raise ValueError(
                f"{int(array.max())} is not a code of {self.name}: over {self.bits} bits"
            )
        unsigned = array.astype(np.uint64)
        if not self.signed:
            return unsigned.astype(self.value_dtype)
        shift = np.uint64(MAX_BITS - self.bits)
        return (unsigned << shift).view(np.int64) >> np.int64(shift)

    def saturate(self, values: ArrayLike) -> Values:
        """Nearest value of this format, for integers of any size."""
        return np.clip(_integers(values), self.min, self.max).astype(self.value_dtype)

    def wrap(self, values: ArrayLike) -> Values:
        """Value of this format that is equal modulo ``2 ** bits``."""
        return self.decode(self._codes(_integers(values)))

    def _codes(self, array: Values) -> Codes:
        mask = (1 << self.bits) - 1
        if array.dtype == object:
            wide = np.array([int(value) & mask for value in array.flat], dtype=np.uint64)
            return wide.reshape(array.shape).astype(code_dtype(self.bits))
        return (array.astype(np.uint64) & np.uint64(mask)).astype(code_dtype(self.bits))


def _integers(values: ArrayLike) -> Values:
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


INT8 = IntFormat(8)
UINT8 = IntFormat(8, signed=False)

_INT_NAME = re.compile(r"(u?)int([0-9]{1,3})")


def parse_format(name: str) -> IntFormat:
    """Format of a name, in any case: ``int8``, ``UINT4``.

    Raises
    ------
    UserError
        If there is no such format.
    """
    match = _INT_NAME.fullmatch(name.strip().lower())
    if match is None or not 1 <= int(match[2]) <= MAX_BITS:
        raise UserError(
            f"{name!r} is not a number format: allowed are int1 to int{MAX_BITS}"
            f" and uint1 to uint{MAX_BITS}"
        )
    return IntFormat(int(match[2]), signed=not match[1])


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
