"""Exact integer matrix products, as fast as floating-point BLAS allows."""

import numpy as np
from numpy.typing import NDArray

from golden.formats import Values

__all__ = ["exact_matmul"]

_FLOAT32_LIMIT = 1 << 24
_FLOAT64_LIMIT = 1 << 53
_INT64_LIMIT = 1 << 63


def exact_matmul(a: Values, w: Values) -> NDArray[np.int64]:
    """``a @ w`` without rounding.

    Every partial sum of a dot product is at most ``k * max|a| * max|w|`` in magnitude. Where a
    float holds all integers of that size, each product and each sum is exact in whatever order
    BLAS adds, so float32 or float64 does; integer arithmetic does the rest.

    Parameters
    ----------
    a : ndarray of int, shape (M, K)
    w : ndarray of int, shape (K, N)

    Returns
    -------
    ndarray of int64, shape (M, N)

    Raises
    ------
    ValueError
        If shapes do not match or a sum may leave 64 bits.
    """
    if a.ndim != 2 or w.ndim != 2 or a.shape[1] != w.shape[0]:
        raise ValueError(f"a matrix product takes (M, K) and (K, N), not {a.shape} and {w.shape}")
    bound = a.shape[1] * _magnitude(a) * _magnitude(w)
    if bound < _FLOAT32_LIMIT:
        return (a.astype(np.float32) @ w.astype(np.float32)).astype(np.int64)
    if bound < _FLOAT64_LIMIT:
        return (a.astype(np.float64) @ w.astype(np.float64)).astype(np.int64)
    if bound < _INT64_LIMIT:
        return a.astype(np.int64) @ w.astype(np.int64)
    raise ValueError(f"sums of up to {bound} do not fit 64 bits")


def _magnitude(values: Values) -> int:
    """Largest absolute value, 0 of nothing."""
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
