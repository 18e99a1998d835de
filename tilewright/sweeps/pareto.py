"""Pareto fronts."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["pareto_front"]


def pareto_front(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other point dominates: none is as good in all, and better in one.

    Equal points are on the front together.

    Parameters
    ----------
    values : ndarray of float64, shape (points, objectives)
        Less is better.

    Returns
    -------
    ndarray of bool, shape (points,)
    """
    front = np.ones(len(values), dtype=bool)
    # What dominates a point comes before it in this order, and is dominated by nothing itself or
    # by something earlier still, so that comparing with the front so far is enough.
    for index in np.lexsort(values.T[::-1]):
        point = values[index]
        others = values[front]
        front[index] = not np.any((others <= point).all(axis=1) & (others < point).any(axis=1))
    return front
