"""Normalizations and softmax; on floats each computes in float64 and rounds once."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.arith.fixed_point_functions import softmax_codes
from golden.arith.requantize import Requantization
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor, along_axis, storage_dtype

__all__ = ["LRN", "BatchNormalization", "LayerNormalization", "Softmax"]


@dataclass(frozen=True, kw_only=True)
class _Normalization(Operator):
    """An operator whose output has the shape of its first input."""

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """In float64, rounded to the element type of the output."""
        del arithmetic
        result = self._normalize(*(x.values.astype(np.float64) for x in inputs))
        return (result.astype(storage_dtype(only(outputs).element)),)

    @abstractmethod
    def _normalize(self, x: Array, *parameters: Array) -> Array:
        """Result in float64."""


@dataclass(frozen=True, kw_only=True)
class BatchNormalization(_Normalization):
    """``(x - mean) / sqrt(variance + epsilon) * scale + bias``, one of each for a channel (axis 1).

    ONNX operator specification, BatchNormalization, inference.

    Parameters
    ----------
    inputs : tuple of str
        Activations, scale, bias, mean, variance.
    epsilon : float
        Added to the variance.
    """

    epsilon: float

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the activations."""
        x, *parameters = (tensor.shape for tensor in inputs)
        if len(x) < 2 or any(shape != x[1:2] for shape in parameters):
            raise ValueError(f"parameters of shapes {parameters} do not fit the channels of {x}")
        return (x,)

    def _normalize(self, x: Array, *parameters: Array) -> Array:
        scale, bias, mean, variance = (along_axis(p, 1, x.ndim) for p in parameters)
        return np.asarray((x - mean) / np.sqrt(variance + self.epsilon) * scale + bias)


@dataclass(frozen=True, kw_only=True)
class LayerNormalization(_Normalization):
    """Zero mean and unit variance over the axes from ``axis`` on, then scale and bias.

    ONNX operator specification, LayerNormalization.

    Parameters
    ----------
    inputs : tuple of str
        Activations, scale and, optionally, bias.
    axis : int
        First normalized axis, not negative.
    epsilon : float
        Added to the variance.
    """

    axis: int
    epsilon: float

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the activations."""
        x, *parameters = (tensor.shape for tensor in inputs)
        for shape in parameters:
            if len(shape) > len(x) or np.broadcast_shapes(x, shape) != x:
                raise ValueError(f"parameters of shape {shape} do not broadcast to {x}")
        return (x,)

    def _normalize(self, x: Array, *parameters: Array) -> Array:
        axes = tuple(range(self.axis, x.ndim))
        centred = x - x.mean(axis=axes, keepdims=True)
        variance = np.square(centred).mean(axis=axes, keepdims=True)
        result = centred / np.sqrt(variance + self.epsilon) * parameters[0]
        return np.asarray(result + parameters[1] if len(parameters) > 1 else result)


@dataclass(frozen=True, kw_only=True)
class LRN(_Normalization):
    """Local response normalization across ``size`` neighbouring channels (axis 1).

    ``x / (bias + alpha / size * sum of squares) ** beta``: ONNX operator specification, LRN.

    Parameters
    ----------
    size : int
        Channels in the sum, the channel itself included; with an even number one more after it
        than before it.
    alpha, beta, bias : float
        As in the formula.
    """

    size: int
    alpha: float
    beta: float
    bias: float

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def _normalize(self, x: Array, *parameters: Array) -> Array:
        del parameters
        before = (self.size - 1) // 2
        margins = [(0, 0)] * x.ndim
        margins[1] = (before, self.size - 1 - before)
        squares = np.pad(np.square(x), margins)
        windows = np.lib.stride_tricks.sliding_window_view(squares, self.size, axis=1)
        total = windows.sum(axis=-1)
        return np.asarray(x / (self.bias + self.alpha / self.size * total) ** self.beta)


@dataclass(frozen=True, kw_only=True)
class Softmax(_Normalization):
    """``exp(beta x) / sum(exp(beta x))`` along an axis: ONNX operator specification, Softmax.

    Quantized: by the rule ``ONNX`` on the real numbers that the integers stand for, by ``TFLITE``
    in fixed point, see `softmax_codes`.

    Parameters
    ----------
    axis : int
        Not negative.
    beta : float
        As in the formula; 1 in ONNX.
    """

    axis: int
    beta: float = 1.0

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        shape = only(inputs).shape
        if not 0 <= self.axis < len(shape):
            raise ValueError(f"axis {self.axis} is not an axis of shape {shape}")
        return (shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the input is."""
        (x,) = inputs
        output = only(outputs)
        if not x.is_quantized:
            return super().compute(inputs, outputs, arithmetic)
        match arithmetic.requantization:
            case Requantization.ONNX:
                real = self._normalize(x.tensor.quantized.dequantize(x.values).astype(np.float64))
                return (output.quantized.quantize(real, output.int_format),)
            case Requantization.TFLITE:
                codes = softmax_codes(x.centred, float(x.scale), self.beta, self.axis)
                return (codes.astype(storage_dtype(output.element)),)

    def _normalize(self, x: Array, *parameters: Array) -> Array:
        del parameters
        powers = np.exp(self.beta * (x - x.max(axis=self.axis, keepdims=True)))
        return np.asarray(powers / powers.sum(axis=self.axis, keepdims=True))
