"""Graphs in the arithmetic of the accelerator: fixed point instead of floats."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from golden.arith.requantize import Clamp, Requantization
from golden.formats import UINT8
from golden.graph import Graph
from golden.operators import (
    AveragePool,
    Clip,
    Conv,
    Dequantize,
    Function,
    HardSigmoid,
    MatMul,
    MaxPool,
    Quantize,
    ReduceMean,
    Reshape,
    Transpose,
    Unary,
)
from golden.operators.base import Operator
from golden.tensors import FloatType, Shape, Tensor
from mapper.accelerator.products import exact_scale
from mapper.accelerator.views import NotInHardwareError

__all__ = ["with_fixed_point"]

_FIXED_POINT_FUNCTIONS = (Function.SIGMOID, Function.TANH)


def with_fixed_point(graph: Graph) -> Graph:
    """The graph with every sum scaled by an integer and a shift.

    Where ONNX scales sums by a float32, the result differs from this one in rare cases, by one.
    The same holds for products that TensorFlow Lite scales by a float64: they stay where integers
    give the same for all sums that can occur, and become convolutions otherwise. Global average
    pools whose scale changes become means; other such pools are split into the pool and a clamp
    that changes the scale. Functions that TensorFlow Lite has no integer kernel for are computed in
    floats, between Dequantize and Quantize. All tensors of the graph stay.
    """
    fixed = replace(graph, requantization=Requantization.TFLITE)
    tensors = dict(graph.tensors)
    operators: list[Operator] = []
    for op in graph.operators:
        if isinstance(op, MatMul) and _is_inexact(fixed, op):
            operators += _as_convolution(graph, op, tensors)
        elif graph.requantization is Requantization.TFLITE:
            operators.append(op)
        else:
            operators += _split(graph, op, tensors)
    return replace(fixed, tensors=tensors, operators=tuple(operators))


def _is_inexact(graph: Graph, op: MatMul) -> bool:
    """Whether no integers scale a product as float64 does; False for what is no integer product."""
    if graph.tensors[op.inputs[0]].quantization is None:
        return False
    try:
        return exact_scale(graph, op) is None
    except NotInHardwareError:
        return False


def _as_convolution(graph: Graph, op: MatMul, tensors: dict[str, Tensor]) -> list[Operator]:
    """Rows as pixels, which are convolved with a single tap."""
    x, weights = (graph.tensors[name] for name in op.inputs[:2])
    output = graph.tensors[op.outputs[0]]
    assert weights.data is not None
    depth, filters = weights.shape
    rows = int(np.prod(x.shape[:-1]))
    quantization = weights.quantized
    if quantization.axis is not None:
        quantization = replace(quantization, axis=0)
    kernel = replace(
        weights,
        name=f"{op.name}/kernel",
        shape=(filters, depth, 1, 1),
        quantization=quantization,
        data=np.ascontiguousarray(weights.data.T).reshape(filters, depth, 1, 1),
    )
    tensors[kernel.name] = kernel

    def made(like: Tensor, key: str, shape: Shape) -> str:
        tensor = replace(like, name=f"{op.name}/{key}", shape=shape)
        tensors[tensor.name] = tensor
        return tensor.name

    def moved(
        kind: Callable[..., Operator], key: str, source: str, target: str, **how: Shape
    ) -> Operator:
        return kind(name=f"{op.name}/{key}", inputs=(source,), outputs=(target,), **how)

    pixels = made(x, "pixels", (1, rows, 1, depth))
    image = made(x, "image", (1, depth, rows, 1))
    result = made(output, "result", (1, filters, rows, 1))
    last = made(output, "last", (1, rows, 1, filters))
    return [
        moved(Reshape, "to_pixels", x.name, pixels, shape=(1, rows, 1, depth)),
        moved(Transpose, "to_image", pixels, image, permutation=(0, 3, 1, 2)),
        Conv(
            name=op.name,
            inputs=(image, kernel.name, *op.inputs[2:]),
            outputs=(result,),
            strides=(1, 1),
            dilations=(1, 1),
            pads=(0, 0, 0, 0),
            clamp=op.clamp,
        ),
        moved(Transpose, "to_last", result, last, permutation=(0, 2, 3, 1)),
        moved(Reshape, "to_rows", last, output.name, shape=output.shape),
    ]


def _split(graph: Graph, op: Operator, tensors: dict[str, Tensor]) -> list[Operator]:
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if x.quantization is None or output.quantization is None:
        return [op]
    alike = x.element == output.element and x.quantization.equals(output.quantization)
    if isinstance(op, AveragePool) and (not alike or x.element == UINT8) and _is_global(op, x):
        return [
            ReduceMean(
                name=op.name,
                inputs=op.inputs,
                outputs=op.outputs,
                axes=tuple(range(2, len(x.shape))),
                clamp=op.clamp,
            )
        ]
    if isinstance(op, AveragePool) and not alike:
        between = replace(x, name=f"{output.name}/pooled", shape=output.shape)
        tensors[between.name] = between
        return [
            replace(op, outputs=(between.name,), clamp=Clamp()),
            Clip(
                name=f"{op.name}/scaled",
                inputs=(between.name,),
                outputs=op.outputs,
                clamp=op.clamp,
            ),
        ]
    if isinstance(op, MaxPool) and not alike:
        between = replace(x, name=f"{output.name}/pooled", shape=output.shape)
        tensors[between.name] = between
        return [
            replace(op, outputs=(between.name,)),
            Quantize(name=f"{op.name}/scaled", inputs=(between.name,), outputs=op.outputs),
        ]
    unary = isinstance(op, Unary) and op.function not in _FIXED_POINT_FUNCTIONS
    if unary or isinstance(op, HardSigmoid):
        real, result = (
            Tensor(name=f"{output.name}/{key}", shape=output.shape, element=FloatType.FLOAT32)
            for key in ("real", "result")
        )
        tensors |= {real.name: real, result.name: result}
        return [
            Dequantize(name=f"{op.name}/real", inputs=op.inputs, outputs=(real.name,)),
            replace(op, inputs=(real.name,), outputs=(result.name,)),
            Quantize(name=f"{op.name}/codes", inputs=(result.name,), outputs=op.outputs),
        ]
    return [op]


def _is_global(op: AveragePool, x: Tensor) -> bool:
    """Whether a single window covers all of an image and nothing else."""
    return op.window.kernel == x.shape[2:] and not any(op.window.pads)
