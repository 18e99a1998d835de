"""Codebooks learned for each column of weights."""

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import IntFormat
from golden.quantization.groups import Groups
from golden.quantization.scales import SMALLEST_SCALE, nearest_levels
from golden.quantized import QuantizedTensor

__all__ = ["clusters", "learned_codebook"]

Reals = NDArray[np.float64]


def clusters(values: Reals, weights: Reals, count: int) -> Reals:
    """Centres of ``count`` clusters with the least weighted sum of squared distances.

    The exact optimum of k-means in one dimension: clusters are intervals of the sorted values, and
    the best last one is found for every prefix (Wang and Song, The R Journal 3/2, 2011).

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (n,)
        At least 0.
    count : int

    Returns
    -------
    ndarray of float64, shape (count,)
        Ascending; the last one is repeated where fewer values differ.
    """
    order = np.argsort(values, kind="stable")
    x, w = values[order], weights[order]
    used = w > 0
    x, w = (x[used], w[used]) if used.any() else (x, np.ones_like(w))
    n = len(x)
    sums = [np.concatenate([[0.0], np.cumsum(w * x**power)]) for power in range(3)]
    # cost[i, j]: of one cluster of the values i to j - 1.
    mass, first, second = (s[np.newaxis, :] - s[:, np.newaxis] for s in sums)
    ahead = np.arange(n + 1)[:, np.newaxis] < np.arange(n + 1)
    cost = np.where(ahead, second - first**2 / np.where(ahead, mass, 1), np.inf)
    np.fill_diagonal(cost, 0)
    best, starts = cost[0], []
    for _ in range(1, min(count, n)):
        totals = best[:, np.newaxis] + cost
        starts.append(np.argmin(totals, axis=0))
        best = np.min(totals, axis=0)
    centres, end = [], n
    for start in [*(s for s in reversed(starts)), np.zeros(n + 1, np.int64)]:
        begin = int(start[end])
        if begin < end:
            centres.append((sums[1][end] - sums[1][begin]) / (sums[0][end] - sums[0][begin]))
        end = begin
    found = np.array(centres[::-1])
    return np.concatenate([found, np.repeat(found[-1:], count - len(found))])


def learned_codebook(
    weights: Reals,
    *,
    bits: int = 4,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """Weights as entries of a codebook of their column, times the scale of their group.

    any4 (arXiv 2507.04610) with scales alone: groups are scaled to magnitudes of at most 1, then
    the ``2 ** bits`` entries of a column are the best clusters of what it holds. The published
    method shifts groups by a zero point too, and finds clusters by k-means, which may end in a
    worse optimum. With ``importance`` from calibration the error is that of the outputs for
    activations that are not correlated.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)
    bits : int
        1 to 8.
    group_size : int, optional
        Elements along K that share a scale; None for all.
    importance : ndarray, shape (K,) or (K, N), optional
        Weights of squared errors: mean squares of the activations.

    Raises
    ------
    UserError
        If the weights are no finite matrix, or the bits are out of range.
    """
    if not 1 <= bits <= 8:
        raise UserError(f"a codebook has entries for 1 to 8 bits, not {bits}")
    groups = Groups(weights, group_size, importance)
    scales = np.maximum(np.abs(groups.values).max(axis=1), SMALLEST_SCALE)
    scaled = groups.matrix(groups.values / scales[:, np.newaxis]).astype(np.float64)
    errors = groups.matrix(groups.importance * scales[:, np.newaxis] ** 2).astype(np.float64)
    books = np.array(
        [clusters(scaled[:, n], errors[:, n], 1 << bits) for n in range(scaled.shape[1])]
    )
    codes = [nearest_levels(scaled[:, n], book) for n, book in enumerate(books)]
    format = IntFormat(bits, signed=False)
    return QuantizedTensor(
        codes=format.encode(np.stack(codes, axis=1)),
        format=format,
        group_size=groups.size,
        scales=groups.of_groups(scales).astype(np.float64),
        codebook=books,
    )
