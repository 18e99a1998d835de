"""Rounding to whole numbers with halves away from 0."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["divide_half_away", "round_half_away"]


def round_half_away(x: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The nearest whole number; infinities stay."""
    values = x.astype(np.float64)
    whole = np.trunc(values)
    with np.errstate(invalid="ignore"):
        return whole + np.copysign(np.abs(values - whole) >= 0.5, values)


def divide_half_away(x: NDArray[np.int64], divisor: NDArray[np.int64]) -> NDArray[np.int64]:
    """``x / divisor`` for positive divisors, rounded to the nearest integer."""
    return np.asarray(np.sign(x) * ((np.abs(x) + divisor // 2) // divisor))
