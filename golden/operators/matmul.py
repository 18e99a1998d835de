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
    product, otherwise each index of the leading axes has its own. Weights of two axes may have
    scales for groups along K: then each group is a product of its own, and their sums, each with
    its scale, are terms of the result.

    Parameters
    ----------
    inputs : tuple of str
        Left matrix, right matrix and, optionally, bias. A quantized bias has the scale of the sums
        and is added to them as an integer; with groups it has a scale of its own.
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
        """One product if the right matrix is one, else one for each leading index or group."""
        w = inputs[1].shape
        (output,) = self.infer(inputs)
        size = _group_size(inputs[1])
        if size is not None:
            m = int(np.prod(output[:-1]))
            parts = ((size, w[0] // size), (w[0] % size, 1))
            return tuple(
                ProductShape(name=self.name, m=m, k=k, n=w[1], count=count)
                for k, count in parts
                if k and count
            )
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
            if _group_size(inputs[1].tensor) is None:
                sums = self._integer_sums(inputs, output.shape, arithmetic)
                scales = (inputs[0].scale, inputs[1].scale)
                terms = [Term(values=sums, scales=scales, scaling=Scaling.FLOAT64)]
            else:
                terms = self._terms_of_groups(inputs, output.shape, arithmetic)
            return (requantize(terms, output, arithmetic.requantization, self.clamp),)
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

    def _terms_of_groups(
        self, inputs: Sequence[Operand], shape: Shape, arithmetic: Arithmetic
    ) -> list[Term]:
        """Sums of each group with its scales, then the bias with its own."""
        a, w = inputs[0], inputs[1]
        size = _group_size(w.tensor)
        assert size is not None
        left = a.values.reshape(-1, a.values.shape[-1]).astype(np.int64)
        terms = []
        for group, start in enumerate(range(0, left.shape[1], size)):
            sums = centred_product(
                self.name,
                group,
                left[:, start : start + size],
                w.values[start : start + size].astype(np.int64),
                (a.tensor, w.tensor),
                w.tensor.quantized.zero_point[group],
                arithmetic.product,
            )
            scales = (a.scale, w.scale[group])
            terms.append(Term(values=sums.reshape(shape), scales=scales))
        biases = [Term(values=bias.centred, scales=(bias.scale,)) for bias in inputs[2:]]
        return terms + biases


def _group_size(weights: Tensor) -> int | None:
    """Elements along K that share a scale, if weights are in groups.

    Raises
    ------
    ValueError
        If groups do not run along K of a matrix.
    """
    quantization = weights.quantization
    if quantization is None or quantization.group_size is None:
        return None
    if len(weights.shape) != 2 or quantization.axis != 0:
        raise ValueError(
            f"groups of weights run along K of a matrix, not along axis {quantization.axis} of"
            f" shape {weights.shape}"
        )
    return quantization.group_size
