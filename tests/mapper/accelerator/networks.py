"""Small quantized networks, made operator by operator or at random."""

import numpy as np

from golden.formats import INT8, UINT8, IntFormat
from golden.graph import Clamp, Graph, Quantization, Requantization, Tensor
from golden.operators import (
    Add,
    AveragePool,
    Clip,
    Conv,
    Function,
    LeakyRelu,
    MatMul,
    MaxPool,
    ReduceMean,
    Reshape,
    Sub,
    Unary,
    Window,
)

INT32 = IntFormat(32)


class Builder:
    """A graph under construction; operators are named by their outputs."""

    def __init__(self, rng, element=INT8):
        self.rng = rng
        self.element = element
        self.tensors = {}
        self.operators = []

    def quantization(self):
        zero_point = self.rng.integers(self.element.min, self.element.max + 1)
        return Quantization.of(self.rng.uniform(0.01, 0.1), zero_point)

    def tensor(self, name, shape, quantization=None, element=None, data=None):
        self.tensors[name] = Tensor(
            name=name,
            shape=shape,
            element=element or self.element,
            quantization=quantization or self.quantization(),
            data=data,
        )
        return name

    def constant(self, name, shape, quantization, element=INT8, high=127):
        numbers = self.rng.integers(-high, high + 1, shape)
        data = numbers.astype(np.int8 if element == INT8 else np.int32)
        return self.tensor(name, shape, quantization, element, data)

    def add(self, kind, inputs, size, quantization=None, **attributes):
        name = f"t{len(self.operators)}"
        self.tensor(name, size, quantization)
        names = (inputs,) if isinstance(inputs, str) else inputs
        self.operators.append(kind(name=name, inputs=names, outputs=(name,), **attributes))
        return name

    def shape(self, name):
        return self.tensors[name].shape

    def conv(
        self,
        x,
        filters,
        kernel,
        strides=None,
        dilations=None,
        pads=None,
        groups=1,
        clamp=None,
        bias=True,
    ):
        channels, *sizes = self.shape(x)[1:]
        rank = len(sizes)
        strides, dilations = strides or (1,) * rank, dilations or (1,) * rank
        pads = pads or (0,) * 2 * rank
        scales = self.rng.uniform(0.002, 0.02, filters)
        name = f"t{len(self.operators)}"
        inputs = [
            x,
            self.constant(
                f"{name}/w",
                (filters, channels // groups, *kernel),
                Quantization.of(scales, [0] * filters, 0),
            ),
        ]
        if bias:
            unit = scales * float(self.tensors[x].quantization.scale)
            quantization = Quantization.of(unit, [0] * filters, 0)
            inputs.append(self.constant(f"{name}/b", (filters,), quantization, INT32, 2000))
        window = Window(kernel=kernel, strides=strides, dilations=dilations, pads=pads)
        return self.add(
            Conv,
            tuple(inputs),
            (1, filters, *window.output_size(tuple(sizes))),
            strides=strides,
            dilations=dilations,
            pads=pads,
            groups=groups,
            clamp=clamp or Clamp(),
        )

    def pool(self, kind, x, window, quantization=None):
        sizes = window.output_size(self.shape(x)[2:])
        return self.add(kind, x, (*self.shape(x)[:2], *sizes), quantization, window=window)

    def reshape(self, x, shape):
        return self.add(Reshape, x, shape, self.tensors[x].quantization, shape=shape)

    def matmul(self, x, filters, scale=0.01, quantization=None):
        """A product with weights of one scale, or of one for each filter."""
        name = f"t{len(self.operators)}"
        depth = self.shape(x)[-1]
        scales = Quantization.of(scale, np.zeros_like(scale), 1 if np.ndim(scale) else None)
        weights = self.constant(f"{name}/w", (depth, filters), scales)
        return self.add(MatMul, (x, weights), (*self.shape(x)[:-1], filters), quantization)

    def graph(self, *outputs, rule=Requantization.TFLITE):
        made = {name for op in self.operators for name in op.outputs}
        inputs = [n for n, t in self.tensors.items() if n not in made and t.data is None]
        return Graph(
            name="random",
            inputs=tuple(inputs),
            outputs=outputs or (self.operators[-1].outputs[0],),
            tensors=self.tensors,
            operators=tuple(self.operators),
            requantization=rule,
        )


def random_network(rng):
    """Up to seven operators on up to 20 channels of up to 14 x 14 pixels."""

    def one(low, high):
        return int(rng.integers(low, high + 1))

    build = Builder(rng, UINT8 if rng.random() < 0.25 else INT8)
    images = [build.tensor("x", (1, one(1, 20), one(1, 14), one(1, 14)))]
    for _ in range(one(1, 6)):
        x = images[one(0, len(images) - 1)] if rng.random() < 0.4 else images[-1]
        made = _random_operator(build, x, images, rng, one)
        if len(build.shape(made)) == 4:
            images.append(made)
    last = build.operators[-1].outputs[0]
    size = int(np.prod(build.shape(last)))
    if rng.random() < 0.5 and size <= 700:
        last = build.matmul(build.reshape(last, (1, size)), one(1, 20))
    outputs = {last: None}
    if rng.random() < 0.3 and len(images) > 2:
        outputs[images[one(1, len(images) - 1)]] = None
    rule = Requantization.ONNX if rng.random() < 0.5 else Requantization.TFLITE
    return build.graph(*outputs, rule=rule)


def _random_operator(build, x, images, rng, one):
    _, channels, height, width = build.shape(x)
    quantization = build.tensors[x].quantization
    kind = one(0, 8)
    if kind <= 3:
        kernel = one(1, min(4, height)), one(1, min(4, width))
        dilations = [
            one(1, 2) if 2 * k - 1 <= n else 1 for k, n in zip(kernel, (height, width), strict=True)
        ]
        groups, filters = 1, one(1, 24)
        if kind == 3:
            groups = filters = channels
        elif rng.random() < 0.1 and channels % 2 == 0:
            groups, filters = 2, 2 * one(1, 8)
        return build.conv(
            x,
            filters,
            kernel,
            strides=(one(1, 3), one(1, 3)),
            dilations=tuple(dilations),
            pads=tuple(one(0, 2) for _ in range(4)),
            groups=groups,
            clamp=Clamp(low=0) if one(0, 1) else None,
            bias=one(0, 3) > 0,
        )
    if kind == 4:
        alike = [image for image in images if build.shape(image) == build.shape(x)]
        other = alike[one(0, len(alike) - 1)]
        return build.add(Add if one(0, 2) else Sub, (x, other), build.shape(x))
    if kind in (5, 6) and (kind == 5 or build.element == INT8):
        if one(0, 4):
            kernel = one(1, min(3, height)), one(1, min(3, width))
            begin = tuple(one(0, k - 1) for k in kernel)
            strides = one(1, 2), one(1, 2)
            window = Window(
                kernel=kernel, strides=strides, pads=begin * 2, ceil_mode=bool(one(0, 1))
            )
        else:
            window = Window(kernel=(height, width))
        return build.pool(MaxPool if kind == 5 else AveragePool, x, window, quantization)
    if kind in (6, 7):
        return [
            lambda: build.add(Unary, x, build.shape(x), function=Function.TANH),
            lambda: build.add(Clip, x, build.shape(x), clamp=Clamp(low=-1, high=1)),
            lambda: build.add(LeakyRelu, x, build.shape(x), alpha=0.1),
        ][one(0, 2)]()
    keep = bool(one(0, 1))
    shape = (1, channels, 1, 1) if keep else (1, channels)
    return build.add(ReduceMean, x, shape, axes=(2, 3), keep_axes=keep)
