"""Scales with the least squared error.

Numbers ``x`` are held as a scale times one of a few levels. For levels ``v`` the best scale is
``<x, v> / <v, v>``, and the error is ``<x, x> - <x, v>**2 / <v, v>``; for a scale the best levels
are the nearest ones. As the scale falls from infinity to 0, the nearest levels change one element
at a time, each where ``x / scale`` passes the middle between two levels: all choices that can be
best are among these, in one sweep.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SMALLEST_SCALE", "Fit", "fit_scales", "nearest_levels"]

Reals = NDArray[np.float64]

SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
"""For groups that only a scale of 0 would fit: a scale is positive."""

_ELEMENTS_AT_ONCE = 1 << 22


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Groups of numbers as a scale times levels.

    Parameters
    ----------
    scales : ndarray of float64, shape (groups,)
        Positive.
    choices : ndarray of int64, shape (groups, elements)
        Which level each element has.
    errors : ndarray of float64, shape (groups,)
        Sum of squares of what is lost, each times its importance.
    """

    scales: Reals
    choices: NDArray[np.int64]
    errors: Reals


def nearest_levels(values: Reals, levels: Reals) -> NDArray[np.int64]:
    """Which of the ascending ``levels`` is nearest to each value; of two, the one nearer to 0."""
    middles = (levels[1:] + levels[:-1]) / 2
    above = np.searchsorted(middles, values, side="left")
    below = np.searchsorted(middles, values, side="right")
    return np.where(values > 0, above, below)


def fit_scales(values: Reals, levels: Reals, importance: Reals | None = None) -> Fit:
    """The best scale of each group, by exact search.

    Parameters
    ----------
    values : ndarray of float64, shape (groups, elements)
        Finite.
    levels : ndarray of float64, shape (levels,)
        Strictly ascending, at least 2.
    importance : ndarray of float64, shape (groups, elements), optional
        Weights of squared errors, at least 0; all 1 if left out.

    Returns
    -------
    Fit
        No scale and no choice of levels has a smaller error.
    """
    groups, elements = values.shape
    weights = np.ones_like(values) if importance is None else importance
    step = max(1, _ELEMENTS_AT_ONCE // max(1, elements * len(levels)))
    scales = np.ones(groups)
    for first in range(0, groups, step):
        part = slice(first, first + step)
        scales[part] = _best_scales(values[part], levels, weights[part])
    choices = nearest_levels(values / scales[:, np.newaxis], levels)
    lost = values - scales[:, np.newaxis] * levels[choices]
    return Fit(scales=scales, choices=choices, errors=np.sum(weights * lost**2, axis=1))


def _best_scales(values: Reals, levels: Reals, weights: Reals) -> Reals:
    """Sweep of the scale from infinity to 0, all groups at once."""
    middles = (levels[1:] + levels[:-1]) / 2
    # Where elements begin: at the level that is nearest to 0 on their side of it.
    start = np.where(
        values > 0,
        levels[np.searchsorted(middles, 0.0, side="right")],
        levels[np.searchsorted(middles, 0.0, side="left")],
    )
    none = np.zeros((len(values), 0))
    passed, products, squares = [none], [none], [none]
    for low, high, middle in zip(levels[:-1], levels[1:], middles, strict=True):
        if middle == 0:
            continue
        inner, outer = (low, high) if middle > 0 else (high, low)
        moves = values * middle > 0
        passed.append(np.where(moves, values / middle, 0))
        products.append(np.where(moves, weights * values * (outer - inner), 0))
        squares.append(np.where(moves, weights * (outer**2 - inner**2), 0))
    order = np.argsort(-np.concatenate(passed, axis=1), axis=1, kind="stable")
    dots = _running(np.sum(weights * values * start, axis=1), products, order)
    norms = _running(np.sum(weights * start**2, axis=1), squares, order)
    useful = (dots > 0) & (norms > 0)
    gains = np.where(useful, dots**2 / np.where(useful, norms, 1), 0)
    best = np.argmax(gains, axis=1)[:, np.newaxis]
    # Where no level helps, the error falls with the scale, unless a level is 0.
    fallback = 1.0 if np.any(levels == 0) else SMALLEST_SCALE
    found = np.where(useful, dots / np.where(useful, norms, 1), fallback)
    return np.asarray(np.take_along_axis(found, best, axis=1)[:, 0])


def _running(start: Reals, changes: list[Reals], order: NDArray[np.intp]) -> Reals:
    """Sums after each change, in order, and before the first."""
    sorted_changes = np.take_along_axis(np.concatenate(changes, axis=1), order, axis=1)
    return np.cumsum(np.concatenate([start[:, np.newaxis], sorted_changes], axis=1), axis=1)
