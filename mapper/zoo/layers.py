"""Builds graphs of sizes layer by layer."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from golden.errors import UserError
from golden.tensors import Shape
from mapper.scheduling.graph import INPUT, SizedGraph, SizedOperator, SizedTensor

__all__ = ["Feature", "Layers", "Sizes"]

Sizes: TypeAlias = int | tuple[int, ...]
"""One number for each spatial axis, or one for all of them."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A tensor that a layer produces.

    Parameters
    ----------
    name : str
        In the graph.
    shape : tuple of int
        Without batch: (channels, *spatial), (tokens, features) or (heads, rows, columns).
    """

    name: str
    shape: Shape

    @property
    def channels(self) -> int:
        """Size of the first axis."""
        return self.shape[0]

    @property
    def spatial(self) -> Shape:
        """Sizes of the other axes."""
        return self.shape[1:]


class Layers:
    """A network in the making, batch 1.

    Kernels and other constants with more than one axis become weights; biases, scales and other
    vectors are counted as parameters of their operators and take no bytes.

    Parameters
    ----------
    name : str
        Of the network.
    element_bytes : int
        Size of an element of any tensor.
    padded : bool
        Whether tensors lie in the scratchpad with the margin that their readers need, so that a
        convolution never reads outside its input.

    Raises
    ------
    UserError
        If ``element_bytes`` is not positive.
    """

    def __init__(self, name: str, *, element_bytes: int = 1, padded: bool = False) -> None:
        if element_bytes < 1:
            raise UserError(f"element_bytes must be at least 1, not {element_bytes}")
        self._name = name
        self._element_bytes = element_bytes
        self._padded = padded
        self._counts: Counter[str] = Counter()
        self._operators: list[SizedOperator] = []
        self._shapes: dict[str, Shape] = {}
        self._weights: set[str] = set()
        self._margins: dict[str, Shape] = {}

    def input(self, shape: Shape) -> Feature:
        """An input of the network, brought by an operator of its own."""
        return self._layer(INPUT, (), shape)

    def convolution(
        self,
        x: Feature,
        channels: int,
        kernel: Sizes,
        *,
        stride: Sizes = 1,
        padding: Sizes | None = None,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> Feature:
        """A convolution; by default with the padding that keeps the size at stride 1."""
        kernels = _each(kernel, x)
        pads = _half(kernels, dilation) if padding is None else _each(padding, x)
        self._pad(x, pads)
        spatial = _windows(x, kernels, _each(stride, x), pads, dilation)
        weight = (channels, x.channels // groups, *kernels)
        return self._layer(
            "Conv",
            (x,),
            (channels, *spatial),
            weight=weight,
            macs=math.prod(weight) * math.prod(spatial),
            parameters=channels if bias else 0,
        )

    def linear(self, x: Feature, features: int, *, bias: bool = True) -> Feature:
        """A matrix product of the last axis with weights."""
        *rows, width = x.shape
        return self._layer(
            "MatMul",
            (x,),
            (*rows, features),
            weight=(width, features),
            macs=math.prod(rows) * width * features,
            parameters=features if bias else 0,
        )

    def product(self, a: Feature, b: Feature, shape: Shape) -> Feature:
        """Matrix products of two features.

        Parameters
        ----------
        a, b : Feature
            Either may be transposed and split into heads on the fly.
        shape : tuple of int
            Of the result: (heads, rows, columns). The depth follows from the size of ``a``.
        """
        heads, rows, columns = shape
        depth = math.prod(a.shape) // (heads * rows)
        return self._layer("MatMul", (a, b), shape, macs=heads * rows * columns * depth)

    def normalize(self, x: Feature) -> Feature:
        """Batch normalization, with a scale and an offset for each channel."""
        return self._layer(
            "BatchNormalization", (x,), x.shape, parameters=2 * x.channels, in_place=True
        )

    def layer_normalize(self, x: Feature) -> Feature:
        """Layer normalization over the last axis, with scales and offsets."""
        return self._layer("LayerNormalization", (x,), x.shape, parameters=2 * x.shape[-1])

    def relu(self, x: Feature) -> Feature:
        """The positive part."""
        return self.function(x, "Clip")

    def function(self, x: Feature, kind: str) -> Feature:
        """A function of each element."""
        return self._layer(kind, (x,), x.shape, in_place=True)

    def softmax(self, x: Feature) -> Feature:
        """Softmax over the last axis."""
        return self._layer("Softmax", (x,), x.shape)

    def max_pool(
        self, x: Feature, kernel: Sizes, *, stride: Sizes = 1, padding: Sizes | None = None
    ) -> Feature:
        """The largest of each window; padding as that of `convolution`."""
        return self._pool("MaxPool", x, kernel, stride, padding)

    def average_pool(
        self, x: Feature, kernel: Sizes, *, stride: Sizes = 1, padding: Sizes | None = None
    ) -> Feature:
        """The mean of each window; padding as that of `convolution`."""
        return self._pool("AveragePool", x, kernel, stride, padding)

    def global_pool(self, x: Feature) -> Feature:
        """The mean over all spatial axes, which stay with size 1."""
        return self._layer("ReduceMean", (x,), (x.channels, *(1 for _ in x.spatial)))

    def pooled(self, x: Feature) -> Feature:
        """The mean over all spatial axes, which vanish."""
        return self._layer("ReduceMean", (x,), (x.channels,))

    def resize(self, x: Feature, spatial: Shape) -> Feature:
        """Interpolation to another spatial size."""
        return self._layer("Resize", (x,), (x.channels, *spatial))

    def add(self, a: Feature, b: Feature) -> Feature:
        """The sum of two features of one shape."""
        return self._layer("Add", (a, b), a.shape, in_place=True)

    def add_weight(self, x: Feature) -> Feature:
        """The sum with a learned tensor of the same shape."""
        return self._layer("Add", (x,), x.shape, weight=x.shape, in_place=True)

    def scale(self, x: Feature, factors: Feature) -> Feature:
        """The product with one factor for each channel."""
        return self._layer("Mul", (x, factors), x.shape, in_place=True)

    def concatenate(self, features: Sequence[Feature], *, learned_rows: int = 0) -> Feature:
        """Features one after the other along the first axis, and learned rows before them."""
        spatial = features[0].spatial
        rows = learned_rows + sum(feature.channels for feature in features)
        parameters = learned_rows * math.prod(spatial)
        return self._layer("Concat", tuple(features), (rows, *spatial), parameters=parameters)

    def graph(self, *outputs: Feature) -> SizedGraph:
        """The finished network."""
        tensors = {
            name: SizedTensor(
                name=name, size_bytes=self._size_bytes(name), is_weight=name in self._weights
            )
            for name in self._shapes
        }
        return SizedGraph(
            name=self._name,
            tensors=tensors,
            operators=tuple(self._operators),
            outputs=tuple(output.name for output in outputs),
        )

    def _size_bytes(self, name: str) -> int:
        shape = self._shapes[name]
        if self._padded and name in self._margins:
            margins = self._margins[name]
            spatial = [size + 2 * pad for size, pad in zip(shape[1:], margins, strict=True)]
            shape = (shape[0], *spatial)
        return math.prod(shape) * self._element_bytes

    def _pad(self, x: Feature, pads: Shape) -> None:
        known = self._margins.get(x.name, (0,) * len(pads))
        self._margins[x.name] = tuple(map(max, known, pads))

    def _pool(
        self, kind: str, x: Feature, kernel: Sizes, stride: Sizes, padding: Sizes | None
    ) -> Feature:
        kernels = _each(kernel, x)
        pads = _half(kernels, 1) if padding is None else _each(padding, x)
        self._pad(x, pads)
        spatial = _windows(x, kernels, _each(stride, x), pads, 1)
        return self._layer(kind, (x,), (x.channels, *spatial))

    def _layer(
        self,
        kind: str,
        inputs: tuple[Feature, ...],
        shape: Shape,
        *,
        weight: Shape = (),
        macs: int = 0,
        parameters: int = 0,
        in_place: bool = False,
    ) -> Feature:
        self._counts[kind] += 1
        name = f"{kind}{self._counts[kind]}"
        read = [x.name for x in inputs]
        if weight:
            read.append(f"{name}.weight")
            self._shapes[read[-1]] = weight
            self._weights.add(read[-1])
            parameters += math.prod(weight)
        self._shapes[name] = shape
        same = (x.name for x in inputs if x.shape == shape) if in_place else ()
        self._operators.append(
            SizedOperator(
                name=name,
                kind=kind,
                inputs=tuple(read),
                outputs=(name,),
                macs=macs,
                parameters=parameters,
                in_place=tuple(dict.fromkeys(same)),
            )
        )
        return Feature(name=name, shape=shape)


def _each(sizes: Sizes, x: Feature) -> Shape:
    return (sizes,) * len(x.spatial) if isinstance(sizes, int) else sizes


def _half(kernels: Shape, dilation: int) -> Shape:
    return tuple((kernel - 1) * dilation // 2 for kernel in kernels)


def _windows(x: Feature, kernels: Shape, strides: Shape, pads: Shape, dilation: int) -> Shape:
    """How many windows fit along each spatial axis."""
    counts = tuple(
        (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
        for size, kernel, stride, pad in zip(x.spatial, kernels, strides, pads, strict=True)
    )
    if min(counts) < 1:
        raise UserError(
            f"a window of {kernels} must fit the {x.spatial} of {x.name!r}: use a larger input"
        )
    return counts
