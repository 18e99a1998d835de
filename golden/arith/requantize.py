"""From integer sums to the integers of a quantized tensor.

A *rule* says how the real factor between them is applied, bit for bit.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from golden.arith.fixed_point_arrays import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap_int32,
)
from golden.arith.rounding import divide_half_away, round_half_away
from golden.tensors import Array, Quantization, Tensor, storage_dtype

__all__ = ["Clamp", "Requantization", "Scaling", "Term", "requantize"]


class Requantization(Enum):
    """How a sum becomes an output integer."""

    ONNX = "onnx"
    """Float32: the sum, converted, times ``scale_a * scale_w / scale_out``, rounded half to even,
    plus the zero point, saturated. What ONNX's QLinearConv and QLinearMatMul say and onnxruntime
    computes."""

    TFLITE = "tflite"
    """32-bit fixed point: what TensorFlow Lite's reference kernels compute, which differs from
    operator to operator, see `Scaling`. Two terms are first brought to one scale with 20 more bits.
    Sums wrap at 32 bits; bounds of clamps are rounded with halves away from 0."""


class Scaling(Enum):
    """How the rule ``TFLITE`` applies the factor of a term; the rule ``ONNX`` has one way."""

    FIXED_POINT = "fixed point"
    """By an integer multiplication and a shift, each rounded; the factor is worked out in float64:
    convolutions, means, Quantize."""

    FIXED_POINT_OF_FLOAT32 = "fixed point of float32"
    """The same, but the factor is worked out in float32: Mul, Relu, LeakyRelu."""

    FLOAT64 = "float64"
    """The product in float64, rounded with halves away from 0: FullyConnected of LiteRT. Earlier
    releases of TensorFlow Lite took ``FIXED_POINT`` there too."""

    MEAN_OF_CODES = "mean of codes"
    """No factor: the mean of the integers, zero points included, rounded with halves away from 0,
    of an input that is quantized as the output: AveragePool."""


@dataclass(frozen=True, kw_only=True)
class Clamp:
    """A range of real numbers that results are clamped to: a fused Relu or Clip.

    Parameters
    ----------
    low, high : float
        Infinite where there is no bound.

    Raises
    ------
    ValueError
        If a bound is NaN or ``low > high``.
    """

    low: float = -np.inf
    high: float = np.inf

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(
                f"a clamp goes from a low to a high bound, not {self.low} to {self.high}"
            )

    def then(self, after: "Clamp") -> "Clamp":
        """The clamp that equals this one followed by ``after``."""
        return Clamp(
            low=min(max(self.low, after.low), after.high),
            high=min(max(self.high, after.low), after.high),
        )

    def codes(self, tensor: Tensor, rule: Requantization = Requantization.ONNX) -> tuple[int, int]:
        """Smallest and largest integer of a per-tensor quantized tensor within the range.

        Quantization is monotone, so that clamping real numbers and then quantizing equals
        quantizing and then clamping integers to these.
        """
        low, high = tensor.quantized.quantize(
            [self.low, self.high],
            tensor.int_format,
            halves_away=rule is Requantization.TFLITE,
        ).tolist()
        return low, high


@dataclass(frozen=True, kw_only=True, eq=False)
class Term:
    """Integers and what one unit of them is worth.

    Parameters
    ----------
    values : ndarray of int64
        Zero points are already subtracted.
    scales : tuple of ndarray of float32
        Factors whose product is the worth of one unit; each broadcasts against ``values``.
    divisor : ndarray of int64
        A count to divide by, for averages.
    scaling : Scaling
        How the rule ``TFLITE`` applies the factor.
    """

    values: NDArray[np.int64]
    scales: tuple[NDArray[np.float32], ...]
    divisor: NDArray[np.int64] = field(default_factory=lambda: np.ones((), np.int64))
    scaling: Scaling = Scaling.FIXED_POINT


def requantize(
    terms: Sequence[Term], output: Tensor, rule: Requantization, clamp: Clamp | None = None
) -> Array:
    """The sum of ``terms`` as integers of ``output``.

    Parameters
    ----------
    terms : sequence of Term
        At least one; added from first to last. The rule ``TFLITE`` takes two at most.
    output : Tensor
        Quantized with one scale.
    rule : Requantization
        Which arithmetic.
    clamp : Clamp, optional
        Range that results are clamped to.

    Returns
    -------
    ndarray, broadcast shape of the terms, storage dtype of ``output``
    """
    quantization = output.quantized
    low, high = (clamp or Clamp()).codes(output, rule)
    zero_point = int(quantization.zero_point)
    match rule:
        case Requantization.ONNX:
            steps = _onnx_steps(terms, quantization)
            clipped = np.clip(steps, low - zero_point, high - zero_point).astype(np.int64)
            codes = clipped + zero_point
        case Requantization.TFLITE:
            codes = np.clip(wrap_int32(_tflite_steps(terms, quantization) + zero_point), low, high)
    return codes.astype(storage_dtype(output.element))


def _onnx_steps(terms: Sequence[Term], output: Quantization) -> NDArray[np.float64]:
    """Rounded quotients by the output scale: one float32 multiplication for each term.

    float64 holds every rounded float32, so that clipping to integer bounds is exact.
    """
    products = [
        term.values.astype(np.float32)
        * (
            functools.reduce(np.multiply, term.scales)
            / (output.scale * term.divisor.astype(np.float32))
        )
        for term in terms
    ]
    return np.rint(functools.reduce(np.add, products)).astype(np.float64)


def _tflite_steps(terms: Sequence[Term], output: Quantization) -> NDArray[np.int64]:
    """Integers by which the output differs from its zero point."""
    if len(terms) == 2:
        return _tflite_sum(terms[0], terms[1], output)
    (term,) = terms
    values = wrap_int32(term.values)
    match term.scaling:
        case Scaling.MEAN_OF_CODES:
            zero_point = output.zero_point
            return divide_half_away(values + zero_point * term.divisor, term.divisor) - zero_point
        case Scaling.FLOAT64:
            return round_half_away(values * _factor(term, output, np.float64)).astype(np.int64)
        case Scaling.FIXED_POINT:
            factor = _factor(term, output, np.float64)
        case Scaling.FIXED_POINT_OF_FLOAT32:
            factor = _factor(term, output, np.float32)
    integer, exponent = _divided(*quantize_multiplier(factor), term.divisor)
    return multiply_by_quantized_multiplier(values, integer, exponent)


def _factor(
    term: Term, output: Quantization, precision: type[np.float32] | type[np.float64]
) -> NDArray[np.float64]:
    """What one unit of a term is worth in units of the output, rounded to ``precision``."""
    scales = [scale.astype(precision) for scale in term.scales]
    quotient = functools.reduce(np.multiply, scales) / output.scale.astype(precision)
    return np.asarray(quotient, np.float64)


def _divided(
    integer: NDArray[np.int64], exponent: NDArray[np.int64], divisor: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A fixed-point factor over a count, cut, with as many bits more as the count has.

    Kernels take fewer bits where the exponent would fall below -31; the product is then 0 anyway.
    """
    bits = np.frexp(divisor.astype(np.float64))[1].astype(np.int64) - 1
    return (integer << bits) // divisor, exponent - bits


_SUM_BITS = 20
"""Bits that the terms of a sum get below those of the inputs."""


def _tflite_sum(a: Term, b: Term, output: Quantization) -> NDArray[np.int64]:
    """Two terms, each over twice the larger scale and with more bits, added and then scaled."""
    scale_a, scale_b = (float(term.scales[0]) for term in (a, b))
    unit = 2 * max(scale_a, scale_b)
    total = sum(
        multiply_by_quantized_multiplier(
            wrap_int32(term.values << _SUM_BITS), *quantize_multiplier(scale / unit)
        )
        for term, scale in ((a, scale_a), (b, scale_b))
    )
    factor = unit / ((1 << _SUM_BITS) * float(output.scale))
    return multiply_by_quantized_multiplier(np.asarray(total), *quantize_multiplier(factor))
