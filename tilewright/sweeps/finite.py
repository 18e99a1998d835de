"""Which numbers are finite."""

import sys

__all__ = ["is_finite"]


def is_finite(number: float) -> bool:
    """Whether a number, of whatever many digits, is one among floats: no NaN, not infinite."""
    return abs(number) <= sys.float_info.max
