"""Planes of signs, each with a scale of its own for each group."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import BipolarFormat
from golden.quantization.groups import Groups
from golden.quantized import QuantizedTensor

__all__ = ["binary_planes", "power_of_two_planes"]

Reals = NDArray[np.float64]

_ROUNDS = 20


def binary_planes(
    weights: Reals,
    *,
    bits: int,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """``w = sum(alpha_i * b_i)`` with signs b: the binary-coding quantization of LUT-GEMM.

    Planes begin with the mean magnitudes of what the planes before leave, and are then refined in
    turn: nearest sums for given scales, least squares for given signs (Xu et al., arXiv 1802.00150;
    LUT-GEMM, arXiv 2206.09557, without its bias). One plane is optimal; of several this is a local
    optimum.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)
    bits : int
        Planes, 1 to 8.
    group_size : int, optional
        Elements along K that share scales; None for all.
    importance : ndarray, shape (K,) or (K, N), optional
        Weights of squared errors.

    Raises
    ------
    UserError
        If the weights are no finite matrix, or the bits are out of range.
    """
    return _planes(weights, bits, group_size, importance, lambda alpha: alpha)


def power_of_two_planes(
    weights: Reals,
    *,
    bits: int,
    group_size: int | None = None,
    importance: Reals | None = None,
) -> QuantizedTensor:
    """As `binary_planes`, with each scale a power of two: ShiftAddLLM (arXiv 2406.05981).

    The variant with one power of two a plane and group, in every round the nearest to the scale of
    least squares in ratio; its authors' code adds up to three powers of two.

    Parameters, raises: as `binary_planes`.
    """
    return _planes(weights, bits, group_size, importance, _powers)


def _powers(alpha: Reals) -> Reals:
    return np.where(alpha > 0, np.exp2(np.rint(np.log2(np.where(alpha > 0, alpha, 1)))), 0)


def _planes(
    weights: Reals,
    bits: int,
    group_size: int | None,
    importance: Reals | None,
    allowed: Callable[[Reals], Reals],
) -> QuantizedTensor:
    if not 1 <= bits <= 8:
        raise UserError(f"planes must be 1 to 8, not {bits}")
    groups = Groups(weights, group_size, importance)
    x, h = groups.values, groups.importance
    # Signs of every code, plane 0 the least of a code.
    planes = (np.arange(1 << bits)[:, np.newaxis] >> np.arange(bits)) & 1
    signs = (2 * planes - 1).astype(np.float64)
    alpha = allowed(_greedy(x, h, bits))
    codes = _nearest(x, alpha, signs)
    error = _error(x, h, alpha, codes, signs)
    for _ in range(_ROUNDS):
        refined = allowed(_least_squares(x, h, signs[codes]))
        moved = _nearest(x, refined, signs)
        after = _error(x, h, refined, moved, signs)
        better = after < error
        if not better.any():
            break
        alpha[better], codes[better], error[better] = refined[better], moved[better], after[better]
    format = BipolarFormat(bits)
    return QuantizedTensor(
        codes=groups.matrix(codes).astype(np.uint8),
        format=format,
        group_size=groups.size,
        planes=groups.of_groups(alpha).astype(np.float64),
    )


def _greedy(x: Reals, h: Reals, bits: int) -> Reals:
    """Scales (groups, bits): mean magnitudes of what is left, the largest in the highest plane."""
    left, scales = x.copy(), []
    mass = np.maximum(h.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    for _ in range(bits):
        alpha = np.sum(h * np.abs(left), axis=1, keepdims=True) / mass
        scales.append(alpha)
        left = left - np.where(left >= 0, alpha, -alpha)
    return np.concatenate(scales[::-1], axis=1)


def _nearest(x: Reals, alpha: Reals, signs: Reals) -> NDArray[np.int64]:
    """Codes (groups, elements) whose sums of planes are nearest."""
    sums = alpha @ signs.T
    order = np.argsort(sums, axis=1, kind="stable")
    ranked = np.take_along_axis(sums, order, axis=1)
    middles = (ranked[:, 1:] + ranked[:, :-1]) / 2
    places = np.zeros(x.shape, np.int64)
    for middle in middles.T:
        places += x > middle[:, np.newaxis]
    return np.take_along_axis(order, places, axis=1)


def _least_squares(x: Reals, h: Reals, b: Reals) -> Reals:
    """Scales (groups, bits) of least error for signs (groups, elements, bits); none below 0."""
    normal = np.einsum("gei,ge,gej->gij", b, h, b)
    right = np.einsum("gei,ge,ge->gi", b, h, x)
    solved = np.einsum("gij,gj->gi", np.linalg.pinv(normal, hermitian=True), right)
    return np.asarray(np.maximum(solved, 0), np.float64)


def _error(x: Reals, h: Reals, alpha: Reals, codes: NDArray[np.int64], signs: Reals) -> Reals:
    sums = np.take_along_axis(alpha @ signs.T, codes, axis=1)
    return np.asarray(np.sum(h * (x - sums) ** 2, axis=1))
