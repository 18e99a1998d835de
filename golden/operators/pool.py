"""Pooling over windows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from golden.arith.requantize import Clamp, Scaling, Term, requantize
from golden.formats import IntFormat
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.operators.layout import moved
from golden.operators.window import Window
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["AveragePool", "MaxPool"]


@dataclass(frozen=True, kw_only=True)
class MaxPool(Operator):
    """Largest element of each window of (N, C, *spatial); padding never wins.

    ONNX operator specification, MaxPool. Quantized: the largest integer, then requantized, which
    changes nothing where input and output are quantized alike.

    Parameters
    ----------
    window : Window
        Geometry.
    """

    window: Window

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape (N, C, *output)."""
        return (_pooled(only(inputs).shape, self.window),)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Integers or floats, as the input is."""
        (x,) = inputs
        element = x.tensor.element
        lowest = element.min if isinstance(element, IntFormat) else -np.inf
        maxima = Operand(x.tensor, self.window.maxima(x.values, lowest))
        return (moved(maxima, only(outputs), arithmetic),)


@dataclass(frozen=True, kw_only=True)
class AveragePool(Operator):
    """Mean of each window of (N, C, *spatial); padding counts as 0 or not at all.

    ONNX operator specification, AveragePool and GlobalAveragePool. Quantized: the exact sum of
    ``q - zero_point`` is scaled by ``scale_in / (scale_out * count)``.

    Parameters
    ----------
    window : Window
        Geometry.
    count_include_pad : bool
        Whether padding counts among the elements to divide by. What overhangs the padding (ceil
        mode) never counts.
    clamp : Clamp
        Applied to a quantized result.
    """

    window: Window
    count_include_pad: bool = False
    clamp: Clamp = field(default_factory=Clamp)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape (N, C, *output)."""
        return (_pooled(only(inputs).shape, self.window),)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the input is, else float64 sums rounded to the element type."""
        (x,) = inputs
        output = only(outputs)
        counts = self.window.counts(x.tensor.shape[2:], self.count_include_pad)
        if x.is_quantized:
            term = Term(
                values=self.window.sums(x.centred),
                scales=(x.scale,),
                divisor=counts,
                scaling=Scaling.MEAN_OF_CODES,
            )
            return (requantize([term], output, arithmetic.requantization, self.clamp),)
        means = self.window.sums(x.values.astype(np.float64)) / counts
        return (means.astype(storage_dtype(output.element)),)


def _pooled(shape: Shape, window: Window) -> Shape:
    if len(shape) < 3:
        raise ValueError(f"pooling takes (batch, channels, *spatial), not shape {shape}")
    return (*shape[:2], *window.output_size(shape[2:]))
