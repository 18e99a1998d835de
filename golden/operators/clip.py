"""Clamping to a range: Relu and Clip."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.arith.requantize import Clamp, Scaling, Term, requantize
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["Clip"]


@dataclass(frozen=True, kw_only=True)
class Clip(Operator):
    """``min(max(x, low), high)``; Relu is the clamp from 0 to infinity.

    ONNX operator specification, Clip and Relu. NaN stays NaN. Quantized: requantized to the output,
    then clamped to the integers of the bounds.

    Parameters
    ----------
    clamp : Clamp
        The range.
    """

    clamp: Clamp

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape of the input."""
        return (only(inputs).shape,)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the input is."""
        (x,) = inputs
        output = only(outputs)
        if x.is_quantized:
            term = Term(values=x.centred, scales=(x.scale,), scaling=Scaling.FIXED_POINT_OF_FLOAT32)
            return (requantize([term], output, arithmetic.requantization, self.clamp),)
        clipped = np.clip(x.values, self.clamp.low, self.clamp.high)
        return (clipped.astype(storage_dtype(output.element)),)
