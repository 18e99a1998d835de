"""Outlier–victim pairs of weights."""

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import OvpFormat
from golden.quantization.groups import Groups
from golden.quantization.scales import SMALLEST_SCALE, nearest_levels
from golden.quantized import QuantizedTensor

__all__ = ["outlier_pairs"]

Reals = NDArray[np.float64]

_SCALES = 128


def outlier_pairs(
    weights: Reals,
    format: OvpFormat,
    *,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """Neighbours along K as pairs: two normal numbers, or an outlier beside a zero.

    Given a scale, each pair is what of these has the least error. The scale is the best of 128, at
    equal ratios from that by which the largest magnitude of the group is the largest outlier, to
    that by which it is the largest normal number. OliVe (ISCA 2023, section 3.4) searches likewise,
    around a threshold of three standard deviations.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)
    format : OvpFormat
    group_size : int, optional
        Elements along K that share a scale, an even number; None for all.
    importance : ndarray, shape (K,) or (K, N), optional
        Weights of squared errors.

    Raises
    ------
    UserError
        If the weights are no finite matrix, or a group has an odd number of elements.
    """
    if group_size is not None and group_size % 2 and group_size < len(weights):
        raise UserError(f"groups of pairs have an even number of elements, not {group_size}")
    groups = Groups(weights, group_size, importance)
    odd = ((0, 0), (0, groups.size % 2))
    x, h = np.pad(groups.values, odd), np.pad(groups.importance, odd)
    normal, outlier = _numbers(format)
    largest = np.maximum(np.abs(x).max(axis=1, keepdims=True), SMALLEST_SCALE * outlier[-1])
    best = np.full(len(x), np.inf)
    scales, values = np.ones(len(x)), np.zeros_like(x)
    for reach in np.geomspace(normal[-1], outlier[-1], _SCALES):
        scale = largest / reach
        chosen = _pairs(x / scale, h, normal, outlier)
        errors = np.sum(h * (x - scale * chosen) ** 2, axis=1)
        better = errors < best
        best[better], scales[better], values[better] = (
            errors[better],
            scale[better, 0],
            chosen[better],
        )
    matrix = groups.matrix(values[:, : groups.size])
    return QuantizedTensor(
        codes=format.encode(matrix.astype(np.int64)),
        format=format,
        group_size=groups.size,
        scales=groups.of_groups(scales).astype(np.float64),
    )


def _numbers(format: OvpFormat) -> tuple[Reals, Reals]:
    """Normal numbers and outliers, ascending."""
    values, count = format.values(), 1 << format.normal.bits
    normal, outlier = (
        np.unique(np.array([value for value in part if value is not None], np.float64))
        for part in (values[:count], values[count:])
    )
    return normal, outlier


def _pairs(x: Reals, h: Reals, normal: Reals, outlier: Reals) -> Reals:
    """What pairs of neighbours become: the choice of least error, in units of the scale."""
    small = normal[nearest_levels(x, normal)].reshape(len(x), -1, 2)
    large = outlier[nearest_levels(x, outlier)].reshape(small.shape)
    left, right = np.array([1.0, 0]), np.array([0, 1.0])
    choices = np.stack([small, large * left, large * right])
    errors = h.reshape(small.shape) * (x.reshape(small.shape) - choices) ** 2
    best = np.argmin(errors.sum(axis=-1), axis=0)
    chosen = np.take_along_axis(choices, best[np.newaxis, ..., np.newaxis], axis=0)[0]
    return np.asarray(chosen.reshape(x.shape))
