"""Means over whole axes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from golden.arith.requantize import Clamp, Term, requantize
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["ReduceMean"]


@dataclass(frozen=True, kw_only=True)
class ReduceMean(Operator):
    """Mean over some axes: ONNX operator specification, ReduceMean.

    Quantized: the exact sum of ``q - zero_point`` is scaled by ``scale_in / (scale_out * count)``.

    Parameters
    ----------
    axes : tuple of int
        Not negative.
    keep_axes : bool
        Whether reduced axes stay, with size 1.
    clamp : Clamp
        Applied to a quantized result.
    """

    axes: tuple[int, ...]
    keep_axes: bool = True
    clamp: Clamp = field(default_factory=Clamp)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Reduced shape."""
        shape = only(inputs).shape
        if any(not 0 <= axis < len(shape) for axis in self.axes):
            raise ValueError(f"{self.axes} are not axes of shape {shape}")
        if self.keep_axes:
            return (tuple(1 if i in self.axes else size for i, size in enumerate(shape)),)
        return (tuple(size for i, size in enumerate(shape) if i not in self.axes),)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the input is, else float64 sums rounded to the element type."""
        (x,) = inputs
        output = only(outputs)
        count = np.prod([x.tensor.shape[axis] for axis in self.axes], dtype=np.int64)
        if x.is_quantized:
            sums = x.centred.sum(axis=self.axes, keepdims=self.keep_axes)
            term = Term(values=sums, scales=(x.scale,), divisor=np.asarray(count))
            return (requantize([term], output, arithmetic.requantization, self.clamp),)
        means = x.values.astype(np.float64).sum(axis=self.axes, keepdims=self.keep_axes) / count
        return (np.asarray(means).astype(storage_dtype(output.element)),)
