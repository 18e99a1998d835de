"""Functions of one number, applied to each element of a tensor."""

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

import numpy as np

from golden.arith.requantize import Requantization, Scaling, Term, requantize
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["Function", "HardSigmoid", "LeakyRelu", "Unary"]


class Function(Enum):
    """A function of one number; the value is the name of the ONNX operator."""

    ABS = "Abs"
    ERF = "Erf"
    EXP = "Exp"
    GELU = "Gelu"
    """``x / 2 * (1 + erf(x / sqrt(2)))``."""
    GELU_TANH = "GeluTanh"
    """Gelu with its tanh approximation."""
    HARD_SWISH = "HardSwish"
    """``x * clip(x / 6 + 1 / 2, 0, 1)``."""
    LOG = "Log"
    NEG = "Neg"
    RECIPROCAL = "Reciprocal"
    SIGMOID = "Sigmoid"
    SQRT = "Sqrt"
    TANH = "Tanh"


def _erf(x: Array) -> Array:
    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=np.float64)


def _sigmoid(x: Array) -> Array:
    positive = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1, positive) / (1 + positive))


def _gelu_tanh(x: Array) -> Array:
    return np.asarray(x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


_FUNCTIONS: Mapping[Function, Callable[[Array], Array]] = MappingProxyType(
    {
        Function.ABS: np.abs,
        Function.ERF: _erf,
        Function.EXP: np.exp,
        Function.GELU: lambda x: x / 2 * (1 + _erf(x / math.sqrt(2))),
        Function.GELU_TANH: _gelu_tanh,
        Function.HARD_SWISH: lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        Function.LOG: np.log,
        Function.NEG: np.negative,
        Function.RECIPROCAL: np.reciprocal,
        Function.SIGMOID: _sigmoid,
        Function.SQRT: np.sqrt,
        Function.TANH: np.tanh,
    }
)


def _float32(function: Callable[[Array], Array], x: Array) -> Array:
    """``function`` to the nearest float32."""
    return np.asarray(function(x.astype(np.float64)), np.float32)


_FLOAT32_FUNCTIONS: Mapping[Function, Callable[[Array], Array]] = MappingProxyType(
    {
        Function.SIGMOID: lambda x: np.float32(1) / (np.float32(1) + _float32(np.exp, -x)),
        Function.TANH: lambda x: _float32(np.tanh, x),
    }
)
"""As TensorFlow Lite's reference kernels compute them for a table of all integers."""


@dataclass(frozen=True, kw_only=True)
class _Elementwise(Operator):
    """An operator whose output has the shape of its input."""

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """In float64, rounded to the element type; infinities and NaN as IEEE 754 has them."""
        (x,) = inputs
        if x.is_quantized:
            return (self._quantized(x, only(outputs), arithmetic.requantization),)
        with np.errstate(all="ignore"):
            result = self._apply(x.values.astype(np.float64))
            return (np.asarray(result).astype(storage_dtype(only(outputs).element)),)

    def _quantized(self, x: Operand, output: Tensor, rule: Requantization) -> Array:
        """Result on the real numbers that integers stand for, as integers."""
        if rule is not Requantization.ONNX:
            raise ValueError(f"{self.kind} on integers is not defined by the rule {rule.value}")
        real = x.tensor.quantized.dequantize(x.values).astype(np.float64)
        return output.quantized.quantize(self._apply(real), output.int_format)

    @abstractmethod
    def _apply(self, x: Array) -> Array:
        """Result in float64."""


@dataclass(frozen=True, kw_only=True)
class Unary(_Elementwise):
    """A function without parameters.

    On integers, the rule ``TFLITE`` defines sigmoid and tanh alone: float32 at every step, the
    exponential and tanh themselves to the nearest float32, halves rounded away from 0.

    Parameters
    ----------
    function : Function
        Which.
    """

    function: Function

    @property
    def kind(self) -> str:
        """Name of the function."""
        return self.function.value

    def _apply(self, x: Array) -> Array:
        return _FUNCTIONS[self.function](x)

    def _quantized(self, x: Operand, output: Tensor, rule: Requantization) -> Array:
        if rule is not Requantization.TFLITE or self.function not in _FLOAT32_FUNCTIONS:
            return super()._quantized(x, output, rule)
        with np.errstate(over="ignore"):
            real = _FLOAT32_FUNCTIONS[self.function](x.tensor.quantized.dequantize(x.values))
        return output.quantized.quantize(real, output.int_format, halves_away=True)


@dataclass(frozen=True, kw_only=True)
class LeakyRelu(_Elementwise):
    """``x`` where positive, else ``alpha * x``. Quantized: each side is scaled once.

    Parameters
    ----------
    alpha : float
        Slope of the negative side.
    """

    alpha: float

    def _apply(self, x: Array) -> Array:
        return np.where(x >= 0, x, self.alpha * x)

    def _quantized(self, x: Operand, output: Tensor, rule: Requantization) -> Array:
        positive, negative = (
            requantize(
                [Term(values=x.centred, scales=scales, scaling=Scaling.FIXED_POINT_OF_FLOAT32)],
                output,
                rule,
            )
            for scales in ((x.scale,), (x.scale, np.asarray(self.alpha, np.float32)))
        )
        return np.where(x.centred >= 0, positive, negative)


@dataclass(frozen=True, kw_only=True)
class HardSigmoid(_Elementwise):
    """``clip(alpha * x + beta, 0, 1)``.

    Parameters
    ----------
    alpha, beta : float
        As in the formula.
    """

    alpha: float
    beta: float

    def _apply(self, x: Array) -> Array:
        return np.clip(self.alpha * x + self.beta, 0, 1)
