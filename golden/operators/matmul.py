"""Matrix multiplication with an optional bias."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from golden.arith.requantize import Clamp, Scaling, Term, requantize
from golden.operators.base import (
    Arithmetic,
    Operand,
    Operator,
    ProductShape,
    centred_product,
    only,
)
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["MatMul"]


@dataclass(frozen=True, kw_only=True)
class MatMul(Operator):
    """``a @ w + bias`` of (..., M, K) by (..., K, N), with a bias (N,).

    ONNX operator specification, MatMul; also Gemm once transpositions and factors are worked into
    its operands. Leading axes broadcast. With weights of two axes all rows of ``a`` form one matrix
    product, otherwise each index of the leading axes has its own.

    Parameters
    ----------
    inputs : tuple of str
        Left matrix, right matrix and, optionally, bias. A quantized bias has the scale of the sums
        and is added to them as an integer.
    clamp : Clamp
        Applied to the result of a quantized multiplication.
    """

    clamp: Clamp = field(default_factory=Clamp)

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape (..., M, N)."""
        a, w = inputs[0].shape, inputs[1].shape
        if len(a) < 2 or len(w) < 2 or a[-1] != w[-2]:
            raise ValueError(f"matrices of shapes {a} and {w} can not be multiplied")
        try:
            leading = np.broadcast_shapes(a[:-2], w[:-2])
        except ValueError:
            raise ValueError(f"leading axes of matrices {a} and {w} do not broadcast") from None
        if len(inputs) > 2 and inputs[2].shape != w[-1:]:
            raise ValueError(
                f"a bias for {w[-1]} columns has shape {w[-1:]}, not {inputs[2].shape}"
            )
        return ((*leading, a[-2], w[-1]),)

    def products(self, inputs: Sequence[Tensor]) -> tuple[ProductShape, ...]:
        """One product if the right matrix is one, else one for each leading index."""
        w = inputs[1].shape
        (output,) = self.infer(inputs)
        rows = int(np.prod(output[:-1]))
        count = 1 if len(w) == 2 else int(np.prod(output[:-2]))
        return (
            ProductShape(name=self.name, m=rows // max(count, 1), k=w[-2], n=w[-1], count=count),
        )

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the left matrix is, else float64 sums rounded to the element type."""
        output = only(outputs)
        if inputs[0].is_quantized:
            sums = self._integer_sums(inputs, output.shape, arithmetic)
            term = Term(
                values=sums,
                scales=(inputs[0].scale, inputs[1].scale),
                scaling=Scaling.FLOAT64,
            )
            return (requantize([term], output, arithmetic.requantization, self.clamp),)
        result = inputs[0].values.astype(np.float64) @ inputs[1].values.astype(np.float64)
        if len(inputs) > 2:
            result = result + inputs[2].values
        return (result.astype(storage_dtype(output.element)),)

    def _integer_sums(
        self, inputs: Sequence[Operand], shape: Shape, arithmetic: Arithmetic
    ) -> Array:
        """Sums with zero points corrected and bias added, int64 of shape (..., M, N)."""
        a, w = inputs[0], inputs[1]
        if w.values.ndim == 2:
            stacks = [(a.values.reshape(-1, a.values.shape[-1]), w.values)]
        else:
            lefts = np.broadcast_to(a.values, (*shape[:-2], *a.values.shape[-2:]))
            rights = np.broadcast_to(w.values, (*shape[:-2], *w.values.shape[-2:]))
            stacks = [(lefts[i], rights[i]) for i in np.ndindex(*shape[:-2])]
        sums = [
            centred_product(
                self.name,
                index,
                left.astype(np.int64),
                right.astype(np.int64),
                (a.tensor, w.tensor),
                w.tensor.quantized.zero_point,
                arithmetic.product,
            )
            for index, (left, right) in enumerate(stacks)
        ]
        total = np.stack(sums).reshape(shape)
        return total + inputs[2].centred if len(inputs) > 2 else total
