"""Weights in groups along K: codes, and a scale for each group of each column."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import TERNARY, Codes, Format, IntFormat, WholeFormat
from golden.quantization.levels import format_levels
from golden.quantization.scales import SMALLEST_SCALE, Fit, fit_scales, nearest_levels
from golden.quantized import QuantizedTensor

__all__ = ["Groups", "absmean_ternary", "affine", "least_error", "to_largest"]

Reals = NDArray[np.float64]

_ALL_ZERO_POINTS_BITS = 4
_ZERO_POINT_REACH = 2


class Groups:
    """A matrix (K, N) cut into groups of elements that lie along K.

    Parameters
    ----------
    matrix : ndarray of float64, shape (K, N)
    size : int, optional
        Elements of a group; None for all of K. The last group may be shorter.
    importance : ndarray, shape (K,) or (K, N), optional
        Weights of squared errors.

    Raises
    ------
    UserError
        If the matrix is none, has no element or one that is not finite, or the size is below 1.
    """

    def __init__(self, matrix: Reals, size: int | None, importance: Reals | None = None) -> None:
        if matrix.ndim != 2 or not matrix.size:
            raise UserError(f"weights must be a matrix (K, N), not of shape {matrix.shape}")
        if not np.isfinite(matrix).all():
            raise UserError("weights must be finite numbers")
        if size is not None and size < 1:
            raise UserError(f"group_size must be at least 1, not {size}")
        self.shape = matrix.shape
        self.size = min(size or matrix.shape[0], matrix.shape[0])
        self.count = -(-matrix.shape[0] // self.size)
        given = np.ones(matrix.shape) if importance is None else importance
        if given.ndim == 1:
            given = given[:, np.newaxis]
        self.importance = self._lines(np.broadcast_to(given, matrix.shape))
        """Shape (groups * N, elements); 0 where a group is shorter."""
        self.values = self._lines(matrix)
        """Shape (groups * N, elements)."""

    def _lines(self, matrix: Reals) -> Reals:
        padded = np.pad(matrix, ((0, self.count * self.size - len(matrix)), (0, 0)))
        lines = padded.reshape(self.count, self.size, -1).transpose(0, 2, 1)
        return lines.reshape(-1, self.size).astype(np.float64)

    def matrix(self, lines: NDArray[np.generic]) -> NDArray[np.generic]:
        """Shape (K, N) from (groups * N, elements)."""
        cut = lines.reshape(self.count, self.shape[1], self.size).transpose(0, 2, 1)
        return cut.reshape(-1, self.shape[1])[: self.shape[0]]

    def of_groups(self, one_each: NDArray[np.generic]) -> NDArray[np.generic]:
        """Shape (groups, N, ...) from (groups * N, ...)."""
        return one_each.reshape(self.count, self.shape[1], *one_each.shape[1:])


def least_error(
    weights: Reals,
    format: Format,
    *,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """The scales and codes with the least sum of squared errors in each group; no zero points.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)
    format : Format
        Of up to 8 bits.
    group_size : int, optional
        Elements along K that share a scale; None for all.
    importance : ndarray, shape (K,) or (K, N), optional
        Weights of squared errors, such as the mean squares of the activations.

    Raises
    ------
    UserError
        If the weights are no finite matrix, or the format is too wide to search.
    """
    groups = Groups(weights, group_size, importance)
    levels = format_levels(format)
    fit = fit_scales(groups.values, levels, groups.importance)
    return _tensor(groups, format, levels[fit.choices], fit.scales)


def affine(
    weights: Reals,
    format: IntFormat,
    *,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """Scales and integer zero points with little error: ``scale * (code - zero_point)``.

    For each zero point the scale is that of least error. Of formats of up to 4 bits all zero points
    are tried; of wider ones those within 2 of the one that the group's extremes give.

    Parameters, raises: as `least_error`.
    """
    groups = Groups(weights, group_size, importance)
    levels = format_levels(format)
    low = np.minimum(groups.values.min(axis=1), 0)
    spread = np.maximum(groups.values.max(axis=1), 0) - low
    steps = np.where(spread > 0, spread, 1) / (format.max - format.min)
    usual = np.clip(np.rint(format.min - low / steps), format.min, format.max).astype(np.int64)
    reach = 1 << format.bits if format.bits <= _ALL_ZERO_POINTS_BITS else _ZERO_POINT_REACH
    zero_points = usual.copy()
    best = Fit(
        scales=np.ones(len(usual)),
        choices=np.zeros(groups.values.shape, np.int64),
        errors=np.full(len(usual), np.inf),
    )
    for zero_point in range(format.min, format.max + 1):
        tried = np.flatnonzero(np.abs(usual - zero_point) <= reach)
        if not len(tried):
            continue
        fit = fit_scales(groups.values[tried], levels - zero_point, groups.importance[tried])
        better = fit.errors < best.errors[tried]
        chosen = tried[better]
        zero_points[chosen] = zero_point
        for field in ("scales", "choices", "errors"):
            getattr(best, field)[chosen] = getattr(fit, field)[better]
    tensor = _tensor(groups, format, levels[best.choices], best.scales)
    return replace(tensor, zero_points=groups.of_groups(zero_points).astype(np.int64))


def to_largest(weights: Reals, format: Format, *, group_size: int | None = None) -> QuantizedTensor:
    """Scales by which the largest magnitude of a group is the largest of the format, or less.

    The rule of NF4 (QLoRA, arXiv 2305.14314, section 3) and of plain rounding to integers. No
    element is beyond the levels on its side of 0.

    Parameters, raises: as `least_error`.
    """
    groups = Groups(weights, group_size)
    levels = format_levels(format)
    scales = np.full(len(groups.values), SMALLEST_SCALE)
    for extreme, furthest in (
        (groups.values.max(axis=1), levels[-1]),
        (groups.values.min(axis=1), levels[0]),
    ):
        if furthest:
            scales = np.maximum(scales, np.where(extreme * furthest > 0, extreme / furthest, 0))
    values = levels[nearest_levels(groups.values / scales[:, np.newaxis], levels)]
    return _tensor(groups, format, values, scales)


def absmean_ternary(weights: Reals) -> QuantizedTensor:
    """Ternary weights of BitNet b1.58 (arXiv 2402.17764, equations 1 to 3), one scale for all.

    The scale is the mean magnitude of the matrix, and ``w / scale`` is rounded, halves to even, and
    clipped to −1 and 1.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)

    Raises
    ------
    UserError
        If the weights are no finite matrix.
    """
    groups = Groups(weights, None)
    scale = max(float(np.abs(weights).mean()), SMALLEST_SCALE)
    values = np.clip(np.rint(groups.values / scale), -1, 1)
    return _tensor(groups, TERNARY, values, np.full(len(groups.values), scale))


def _tensor(groups: Groups, format: Format, values: Reals, scales: Reals) -> QuantizedTensor:
    """Of levels of the format and scales, one a group."""
    matrix = groups.matrix(values)
    codes: Codes = format.encode(
        matrix.astype(np.int64) if isinstance(format, WholeFormat) else matrix
    )
    return QuantizedTensor(
        codes=codes,
        format=format,
        group_size=groups.size,
        scales=groups.of_groups(scales).astype(np.float64),
    )
