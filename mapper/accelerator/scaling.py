"""Integers and shifts that scale sums as TensorFlow Lite's kernels do, bit for bit."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from golden.arith.fixed_point_arrays import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap_int32,
)
from golden.arith.rounding import round_half_away

__all__ = ["fixed_point_mean", "like_float64", "reachable"]

Integers = NDArray[np.int64]

_ONE = 1 << 31
_NEIGHBOURS = (0, 1, -1, 2, -2, 3, -3)


def reachable(
    weights: NDArray[np.int8], bias: Integers, low: int, high: int
) -> tuple[Integers, Integers]:
    """Smallest and largest sums of each filter over all activations.

    Parameters
    ----------
    weights : ndarray of int8, shape (filters, ...)
    bias : ndarray of int64, shape (filters,)
    low, high : int
        Range of activations, zero point subtracted.
    """
    flat = weights.reshape(len(weights), -1).astype(np.int64)
    return (
        np.minimum(flat * low, flat * high).sum(axis=1) + bias,
        np.maximum(flat * low, flat * high).sum(axis=1) + bias,
    )


def fixed_point_mean(factor: float, count: int) -> tuple[int, int]:
    """Integer and shift of a mean over ``count`` numbers."""
    integer, exponent = quantize_multiplier(factor)
    bits = count.bit_length() - 1
    return (int(integer) << bits) // count, int(exponent) - bits


def like_float64(
    factor: NDArray[np.float64],
    sums: tuple[Integers, Integers],
    steps: tuple[int, int],
) -> tuple[Integers, Integers] | None:
    """Integers and shifts that give what float64 multiplication with rounding gives.

    Both functions of the sum are monotone, so that they are equal on all sums that can occur if
    they reach every result at the same sum.

    Parameters
    ----------
    factor : ndarray of float64, shape (channels,)
    sums : tuple of two ndarrays of int64, shape (channels,)
        Smallest and largest sum that can occur.
    steps : tuple of two int
        Smallest and largest result that is told apart: others are clamped to these.

    Returns
    -------
    integer, shift : ndarray of int64, shape (channels,)
        None if there are no such numbers among those that were tried.
    """
    goals = np.arange(steps[0] + 1, steps[1] + 1)

    def reference(values: Integers) -> Integers:
        return round_half_away(values * factor[:, None]).astype(np.int64)

    first = _first_reaching(reference, goals, sums)
    integer, shift = (np.array(numbers, np.int64) for numbers in quantize_multiplier(factor))
    missing = np.ones(len(factor), dtype=np.bool_)
    for candidate, exponent in _candidates(factor, shift):
        right = missing & _reaches(candidate, exponent, goals, first, sums)
        integer[right], shift[right] = candidate[right], exponent[right]
        missing &= ~right
        if not missing.any():
            return integer, shift
    return None


def _candidates(
    factor: NDArray[np.float64], shift: Integers
) -> Iterator[tuple[Integers, Integers]]:
    """The usual numbers, then such that round once alone, and their neighbours."""
    for change in _NEIGHBOURS:
        for more in range(max(1, 1 - int(shift.min()))):
            exponent = np.minimum(shift + more, np.maximum(shift, 0))
            integer = np.floor(np.ldexp(factor, 31 - exponent) + 0.5).astype(np.int64) + change
            yield np.clip(integer, 0, _ONE - 1), exponent


def _first_reaching(
    function: Callable[[Integers], Integers], goals: Integers, sums: tuple[Integers, Integers]
) -> Integers:
    """For each channel and goal the first sum whose result is the goal or more; bisection."""
    low = np.repeat(sums[0][:, None], len(goals), axis=1)
    high = np.repeat(sums[1][:, None] + 1, len(goals), axis=1)
    while (low < high).any():
        middle = (low + high) >> 1
        enough = (function(middle) >= goals) | (middle >= high)
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return low


def _reaches(
    integer: Integers,
    shift: Integers,
    goals: Integers,
    first: Integers,
    sums: tuple[Integers, Integers],
) -> NDArray[np.bool_]:
    """Which channels reach every goal first at these sums."""

    def scaled(values: Integers) -> Integers:
        return multiply_by_quantized_multiplier(
            wrap_int32(values), integer[:, None], shift[:, None]
        )

    late = (first <= sums[1][:, None]) & (scaled(first) < goals)
    early = (first > sums[0][:, None]) & (scaled(first - 1) >= goals)
    return np.asarray(~(late | early).any(axis=1))
