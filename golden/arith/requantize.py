"""From integer sums to the integers of a quantized tensor.

A *rule* says how the real factor between them is applied, bit for bit.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from golden.tensors import Array, Quantization, Tensor, storage_dtype

__all__ = ["Clamp", "Requantization", "Term", "requantize"]


class Requantization(Enum):
    """How a sum becomes an output integer."""

    ONNX = "onnx"
    """Float32: the sum, converted, times ``scale_a * scale_w / scale_out``, rounded half to even,
    plus the zero point, saturated. What ONNX's QLinearConv and QLinearMatMul say and onnxruntime
    computes."""


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

    def codes(self, tensor: Tensor) -> tuple[int, int]:
        """Smallest and largest integer of a per-tensor quantized tensor within the range.

        Quantization is monotone, so that clamping real numbers and then quantizing equals
        quantizing and then clamping integers to these.
        """
        low, high = tensor.quantized.quantize([self.low, self.high], tensor.int_format).tolist()
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
    """

    values: NDArray[np.int64]
    scales: tuple[NDArray[np.float32], ...]
    divisor: NDArray[np.int64] = field(default_factory=lambda: np.ones((), np.int64))


def requantize(
    terms: Sequence[Term], output: Tensor, rule: Requantization, clamp: Clamp | None = None
) -> Array:
    """The sum of ``terms`` as integers of ``output``.

    Parameters
    ----------
    terms : sequence of Term
        At least one; added from first to last.
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
    match rule:
        case Requantization.ONNX:
            steps = _onnx_steps(terms, quantization)
    low, high = (clamp or Clamp()).codes(output)
    zero_point = int(quantization.zero_point)
    codes = np.clip(steps, low - zero_point, high - zero_point).astype(np.int64) + zero_point
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
