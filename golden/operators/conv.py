"""Convolution, as matrix products of windows by kernels."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from golden.arith.requantize import Clamp, Term, requantize
from golden.operators.base import (
    Arithmetic,
    Operand,
    Operator,
    ProductShape,
    centred_product,
    only,
)
from golden.operators.window import Window
from golden.tensors import Array, Shape, Tensor, storage_dtype

__all__ = ["Conv"]


@dataclass(frozen=True, kw_only=True)
class Conv(Operator):
    """Convolution of (N, C, *spatial) by (F, C / groups, *kernel), plus a bias (F,).

    ONNX operator specification, Conv. Each group is one matrix product: its rows are the windows of
    all images, its inner dimension runs over (channel, *kernel), its columns are filters. Padding
    is the real number 0, thus the zero point. A quantized bias has the scale of the sums,
    ``scale_a * scale_w``, and is added to them as an integer.

    Parameters
    ----------
    inputs : tuple of str
        Activations, weights and, optionally, bias.
    strides, dilations : tuple of int
        One number for each spatial axis.
    pads : tuple of int
        Before each spatial axis, then after each.
    groups : int
        Parts that channels and filters are split into; ``groups == C`` is a depthwise convolution.
    clamp : Clamp
        Applied to the result of a quantized convolution.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    groups: int = 1
    clamp: Clamp = field(default_factory=Clamp)

    def window(self, weights: Shape) -> Window:
        """Geometry, given the shape of the weights."""
        return Window(
            kernel=weights[2:], strides=self.strides, dilations=self.dilations, pads=self.pads
        )

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape (N, F, *output)."""
        x, w = inputs[0].shape, inputs[1].shape
        if len(x) != len(w) or len(x) < 3:
            raise ValueError(
                f"activations {x} and weights {w} of a convolution need the same 3 or more axes"
            )
        if self.groups < 1 or x[1] != w[1] * self.groups or w[0] % self.groups:
            raise ValueError(
                f"{x[1]} channels in {self.groups} groups do not fit weights {w},"
                f" which take {w[1]} channels a group"
            )
        if len(inputs) > 2 and inputs[2].shape != w[:1]:
            raise ValueError(f"a bias for {w[0]} filters has shape {w[:1]}, not {inputs[2].shape}")
        return ((x[0], w[0], *self.window(w).output_size(x[2:])),)

    def products(self, inputs: Sequence[Tensor]) -> tuple[ProductShape, ...]:
        """One product a group."""
        w = inputs[1].shape
        (output,) = self.infer(inputs)
        return (
            ProductShape(
                name=self.name,
                m=int(np.prod(output)) // output[1],
                k=int(np.prod(w[1:])),
                n=w[0] // self.groups,
                count=self.groups,
            ),
        )

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Quantized if the activations are, else float64 sums rounded to the element type."""
        output = only(outputs)
        if inputs[0].is_quantized:
            sums = self._fold(self._integer_sums(inputs, arithmetic), output.shape)
            weights = inputs[1].scale
            channels = (-1, *[1] * (len(output.shape) - 2)) if weights.ndim else ()
            term = Term(values=sums, scales=(inputs[0].scale, weights.reshape(channels)))
            return (requantize([term], output, arithmetic.requantization, self.clamp),)
        x, w = inputs[0].values, inputs[1].values
        columns = [
            self.window(w.shape).columns(part, 0).astype(np.float64)
            @ kernels.reshape(len(kernels), -1).T.astype(np.float64)
            for part, kernels in self._parts(x, w)
        ]
        result = np.concatenate(columns, axis=1)
        if len(inputs) > 2:
            result = result + inputs[2].values
        return (self._fold(result, output.shape).astype(storage_dtype(output.element)),)

    def _parts(self, x: Array, w: Array) -> list[tuple[Array, Array]]:
        """Activations and kernels of each group."""
        return list(
            zip(np.split(x, self.groups, axis=1), np.split(w, self.groups, axis=0), strict=True)
        )

    def _integer_sums(self, inputs: Sequence[Operand], arithmetic: Arithmetic) -> Array:
        """Sums with zero points corrected and bias added, int64 of shape (M, F)."""
        x, w = inputs[0], inputs[1]
        fill = int(x.tensor.quantized.zero_point)
        zero_points = np.broadcast_to(w.tensor.quantized.zero_point, w.values.shape[:1])
        sums = []
        for group, (part, kernels) in enumerate(self._parts(x.values, w.values)):
            n = len(kernels)
            sums.append(
                centred_product(
                    self.name,
                    group,
                    self.window(w.values.shape).columns(part, fill).astype(np.int64),
                    kernels.reshape(n, -1).T.astype(np.int64),
                    (x.tensor, w.tensor),
                    zero_points[group * n : (group + 1) * n],
                    arithmetic.product,
                )
            )
        total = np.concatenate(sums, axis=1)
        return total + inputs[2].centred if len(inputs) > 2 else total

    def _fold(self, matrix: Array, shape: Shape) -> Array:
        """Rows of windows and columns of filters as (N, F, *output)."""
        return np.moveaxis(matrix.reshape(shape[0], *shape[2:], shape[1]), -1, 1)
