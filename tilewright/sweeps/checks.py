"""What numbers that are given may be."""

import math
from numbers import Integral, Real
from typing import Any, SupportsFloat

from golden.errors import UserError

__all__ = ["is_finite", "require_count", "require_finite"]


def is_finite(number: SupportsFloat) -> bool:
    """Whether a number, of whatever many digits, is one among floats: no NaN, not infinite."""
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that is larger than any float
        return False


def require_count(what: str, number: Any, *, least: int = 1) -> None:
    """Refuse what is no whole number, or a smaller one.

    Raises
    ------
    UserError
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or int(number) < least:
        raise UserError(f"{what} must be a whole number of at least {least}, not {number!r}")


def require_finite(what: str, number: Any) -> None:
    """Refuse what is no number, or none among floats.

    Raises
    ------
    UserError
    """
    if isinstance(number, bool) or not isinstance(number, Real) or not is_finite(number):
        raise UserError(f"{what} must be a finite number, not {number!r}")
