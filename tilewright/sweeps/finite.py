"""Which numbers are finite."""

import math
from typing import SupportsFloat

__all__ = ["is_finite"]


def is_finite(number: SupportsFloat) -> bool:
    """Whether a number, of whatever many digits, is one among floats: no NaN, not infinite."""
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that is larger than any float
        return False
