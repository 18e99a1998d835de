"""The values that a format has."""

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import Format, code_dtype

__all__ = ["MAX_LEVEL_BITS", "format_levels"]

MAX_LEVEL_BITS = 8


def format_levels(format: Format) -> NDArray[np.float64]:
    """Every value of a format once, ascending.

    Raises
    ------
    UserError
        If it has more than 8 bits: its values are too many to search.
    """
    if format.bits > MAX_LEVEL_BITS:
        raise UserError(f"{format.name} has over {MAX_LEVEL_BITS} bits: too many values to search")
    codes = np.arange(1 << format.bits).astype(code_dtype(format.bits))
    values = [value for code in codes for value in _decoded(format, code)]
    return np.unique(np.array(values, dtype=np.float64))


def _decoded(format: Format, code: np.unsignedinteger) -> NDArray[np.float64]:
    """The value of a code, or nothing where it is none."""
    try:
        return np.atleast_1d(np.asarray(format.decode(code), dtype=np.float64))
    except ValueError:
        return np.empty(0)
