"""Floating-point arithmetic, bit for bit: what a unit of hardware must give.

Every operation gives the exact result, rounded once to the nearest number, of two equally near ones
to that with an even mantissa, as IEEE 754 has it. Subnormal numbers count as what they are.
Infinities and signed zeros follow the standard. A NaN is always the same, `FloatFormat.nan`.

NumPy's float64 holds any product of two such numbers exactly. A sum it may round itself; rounding
again gives the same as rounding once, as 53 bits are at least twice those of a significand and two
more [Figueroa]_, and sums of subnormal size are exact.

.. [Figueroa] S. A. Figueroa, "When is double rounding innocuous?", ACM SIGNUM Newsletter 30(3),
   1995.
"""

import numpy as np
from numpy.typing import ArrayLike

from golden.formats import Codes, FloatFormat

__all__ = ["add", "from_integers", "multiply"]

_EXACT = 1 << 53


def multiply(format: FloatFormat, a: ArrayLike, b: ArrayLike) -> Codes:
    """Codes of the products of numbers, from codes.

    Parameters
    ----------
    format : FloatFormat
        Of operands and results.
    a, b : array_like of unsigned
        Codes, of shapes that go together.
    """
    with np.errstate(invalid="ignore"):
        return format.encode(format.decode(a) * format.decode(b))


def add(format: FloatFormat, a: ArrayLike, b: ArrayLike) -> Codes:
    """Codes of the sums of numbers, from codes; see `multiply`.

    The sum of a number and its opposite is +0.
    """
    with np.errstate(invalid="ignore"):
        return format.encode(format.decode(a) + format.decode(b))


def from_integers(format: FloatFormat, values: ArrayLike) -> Codes:
    """Codes of the numbers nearest to integers; 0 becomes +0.

    Raises
    ------
    ValueError
        If an integer has more than 53 bits.
    """
    integers = np.asarray(values, dtype=np.int64)
    if integers.size and max(-int(integers.min()), int(integers.max())) > _EXACT:
        raise ValueError(f"an integer is beyond {_EXACT}: float64 does not hold it")
    return format.encode(integers.astype(np.float64))
