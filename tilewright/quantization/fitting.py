"""Weights of a layer by a scheme, as integers."""

import numpy as np
from numpy.typing import NDArray

from golden.formats import INT8, IntFormat, OvpFormat, WholeFormat
from golden.quantization.codebooks import learned_codebook
from golden.quantization.groups import absmean_ternary, affine, least_error
from golden.quantization.pairs import outlier_pairs
from golden.quantization.planes import binary_planes, power_of_two_planes
from golden.quantized import QuantizedTensor
from tilewright.quantization.scheme import Method, Scheme
from tilewright.quantization.weights import IntegerWeights

__all__ = ["fit_weights"]

Reals = NDArray[np.float64]


def fit_weights(
    weights: Reals, scheme: Scheme, *, group_size: int | None, importance: Reals | None = None
) -> IntegerWeights:
    """Weights as integers.

    Those of formats of integers are the format's values. Levels that are real numbers, of ``nf4``,
    codebooks and planes, become multiples of 1/127 of the largest: a table of 8-bit integers.

    Parameters
    ----------
    weights : ndarray of float64, shape (K, N)
    scheme : Scheme
    group_size : int, optional
        Elements along K that share a scale; None for all.
    importance : ndarray, shape (K, N), optional
        Weights of squared errors.

    Raises
    ------
    UserError
        If the weights are not finite.
    """
    tensor = _tensor(weights, scheme, group_size, importance)
    shape = (1, weights.shape[1])
    scales = np.ones(shape) if tensor.scales is None else tensor.scales
    zero_points = tensor.zero_points
    if isinstance(tensor.format, WholeFormat) and tensor.codebook is None and tensor.planes is None:
        format: WholeFormat = tensor.format
        values = np.asarray(format.decode(tensor.codes), np.int64)
    else:
        format = INT8
        unit = scales if tensor.planes is None else tensor.planes.sum(axis=2)
        levels = tensor.dequantize() / _spread(np.where(unit > 0, unit, 1), tensor, len(weights))
        values = np.rint(INT8.max * levels).astype(np.int64)
        scales = np.where(unit > 0, unit, 1) / INT8.max
    if group_size is None:
        scales = scales[0]
        zero_points = None if zero_points is None else zero_points[0]
    return IntegerWeights(
        values=values,
        scales=np.maximum(scales, np.finfo(np.float32).tiny).astype(np.float32),
        format=format,
        zero_points=zero_points,
        group_size=None if group_size is None else tensor.group_size,
    )


def _tensor(
    weights: Reals, scheme: Scheme, group_size: int | None, importance: Reals | None
) -> QuantizedTensor:
    bits = scheme.format.bits
    match scheme.method:
        case Method.LEAST_ERROR if isinstance(scheme.format, OvpFormat):
            return outlier_pairs(
                weights, scheme.format, group_size=group_size, importance=importance
            )
        case Method.LEAST_ERROR:
            return least_error(weights, scheme.format, group_size=group_size, importance=importance)
        case Method.AFFINE:
            assert isinstance(scheme.format, IntFormat)
            return affine(weights, scheme.format, group_size=group_size, importance=importance)
        case Method.ABSMEAN:
            return absmean_ternary(weights)
        case Method.CODEBOOK:
            return learned_codebook(
                weights, bits=bits, group_size=group_size, importance=importance
            )
        case Method.PLANES:
            return binary_planes(weights, bits=bits, group_size=group_size, importance=importance)
        case Method.POWERS:
            return power_of_two_planes(
                weights, bits=bits, group_size=group_size, importance=importance
            )


def _spread(of_groups: Reals, tensor: QuantizedTensor, length: int) -> Reals:
    return np.repeat(of_groups, tensor.group_size or length, axis=0)[:length]
