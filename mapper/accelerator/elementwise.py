"""Additions, pools, and functions of one number by a table of all 256 of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.instructions import PoolKind
from golden.arith.fixed_point_arrays import quantize_multiplier
from golden.arith.requantize import Clamp, Requantization
from golden.graph import Graph
from golden.operators import (
    Add,
    AveragePool,
    Clip,
    Dequantize,
    Div,
    HardSigmoid,
    LeakyRelu,
    MaxPool,
    Mul,
    Pow,
    Quantize,
    Sub,
    Unary,
)
from golden.operators.base import Arithmetic, Operand, Operator
from golden.tensors import Tensor
from mapper.accelerator.codes import code_offset, codes_of
from mapper.accelerator.layers import AddLayer, Geometry, Image, PoolLayer, Scaling, TableLayer
from mapper.accelerator.views import NotInHardwareError, Views

__all__ = ["ELEMENTWISE", "addition", "pool", "table", "table_layer", "varying"]

ELEMENTWISE = (
    Add,
    Clip,
    Dequantize,
    Div,
    HardSigmoid,
    LeakyRelu,
    Mul,
    Pow,
    Quantize,
    Sub,
    Unary,
)
"""Operators that are functions of one number if all inputs but one are single constants."""

_FIXED_POINT = Arithmetic(requantization=Requantization.TFLITE)
_ADD_BITS = 20
_MAX_TAPS = 32


def table(graph: Graph, ops: Sequence[Operator]) -> NDArray[np.int8]:
    """Results of operators one after the other, of -128 to 127 as held.

    Parameters
    ----------
    graph : Graph
    ops : sequence of Operator
        Each of `ELEMENTWISE`, with one input that is not constant.
    """
    name = varying(graph, ops[0])
    tensor = graph.tensors[name]
    offset = code_offset(tensor)
    codes = np.arange(-128, 128) + offset
    values = codes.astype(np.uint8 if offset else np.int8)
    for op in ops:
        output = graph.tensors[op.outputs[0]]
        operands = [
            Operand(_line(graph.tensors[key]), values)
            if key == name
            else _single(graph.tensors[key])
            for key in op.inputs
        ]
        (values,) = op.compute(operands, (_line(output),), _FIXED_POINT)
        name = output.name
    return (values.astype(np.int64) - code_offset(output)).astype(np.int8)


def varying(graph: Graph, op: Operator) -> str:
    """The one input that is not constant.

    Raises
    ------
    NotInHardwareError
        If the operator is no function of one number.
    """
    names = {name for name in op.inputs if not graph.tensors[name].is_constant}
    constants = [graph.tensors[name] for name in op.inputs if name not in names]
    if len(names) != 1 or any(np.prod(tensor.shape) != 1 for tensor in constants):
        raise NotInHardwareError("combines tensors")
    return names.pop()


def _line(tensor: Tensor) -> Tensor:
    return replace(tensor, shape=(256,), data=None)


def _single(tensor: Tensor) -> Operand:
    """A constant of one number."""
    data = np.reshape(np.asarray(tensor.data), ())
    return Operand(replace(tensor, shape=(), data=data), data)


def table_layer(graph: Graph, ops: Sequence[Operator], views: Views) -> TableLayer:
    """A function of one number.

    Raises
    ------
    NotInHardwareError
        If the function has no result for some number.
    """
    source = varying(graph, ops[0])
    output = graph.tensors[ops[-1].outputs[0]]
    try:
        numbers = table(graph, ops)
    except ValueError as error:
        raise NotInHardwareError(f"has no table: {error}") from None
    value, image = views.settle(source)
    view = replace(views.views[source], offset=code_offset(output))
    return TableLayer(
        name=ops[-1].name,
        kind="+".join(op.kind for op in ops),
        target=views.add_like(output.name, image, view),
        source=value,
        geometry=Geometry(source=image, target=image),
        table=numbers,
    )


def addition(graph: Graph, op: Add | Sub, views: Views) -> AddLayer:
    """A sum, or a difference, of two tensors of one shape.

    Raises
    ------
    NotInHardwareError
        If they have other shapes, or lie in memory otherwise.
    """
    a, b = (graph.tensors[name] for name in op.inputs)
    output = graph.tensors[op.outputs[0]]
    if a.is_constant or b.is_constant or a.shape != b.shape:
        raise NotInHardwareError("adds a constant or tensors of different shapes")
    offsets = [code_offset(tensor) for tensor in (a, b, output)]
    views.settle(a.name, like=b.name)
    first, image = views.settle(a.name)
    second, other = views.settle(b.name, like=a.name)
    indices = [views.views[tensor.name].index for tensor in (a, b)]
    if image != other or not np.array_equal(indices[0], indices[1]):
        raise NotInHardwareError("adds tensors that lie in memory in different orders")
    scales = [float(tensor.quantized.scale) for tensor in (a, b)]
    unit = 2 * max(scales)
    factors = [scale / unit for scale in scales]
    factors.append(unit / ((1 << _ADD_BITS) * float(output.quantized.scale)))
    integer, shift = quantize_multiplier(factors)
    if isinstance(op, Sub):
        integer = integer * np.array([1, -1, 1])
    low, high = codes_of(op.clamp, output)
    zero_points = [
        int(tensor.quantized.zero_point) - offset
        for tensor, offset in zip((a, b, output), offsets, strict=True)
    ]
    view = replace(views.views[a.name], offset=offsets[2])
    return AddLayer(
        name=op.name,
        kind=op.kind,
        target=views.add_like(output.name, image, view),
        first=first,
        second=second,
        geometry=Geometry(source=image, target=image),
        scaling=Scaling(
            bias=np.array([-zero_points[0], -zero_points[1], 0]), multiplier=integer, shift=shift
        ),
        zero_point=zero_points[2],
        low=low,
        high=high,
    )


def pool(graph: Graph, op: MaxPool | AveragePool, views: Views) -> PoolLayer:
    """A pool between tensors that are quantized alike.

    Raises
    ------
    NotInHardwareError
        If they are not, windows are too large, or padding counts.
    """
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    code_offset(x)
    if x.element != output.element or not x.quantized.equals(output.quantized):
        raise NotInHardwareError("pools to another scale")
    window = op.window
    spatial = x.shape[2:]
    average = isinstance(op, AveragePool)
    if average and code_offset(x):
        raise NotInHardwareError("averages integers without a sign, whose halves round otherwise")
    if isinstance(op, AveragePool) and op.count_include_pad:
        counts = [window.counts(spatial, include) for include in (False, True)]
        if not np.array_equal(counts[0], counts[1]):
            raise NotInHardwareError("counts padding in averages")
    if max(window.kernel) > _MAX_TAPS or max(window.dilations) > 1:
        raise NotInHardwareError(
            f"has windows of more than {_MAX_TAPS} rows or columns, or dilated ones"
        )
    source, image = views.image_of(op.inputs[0])
    target = Image(output.shape[2] if len(spatial) == 2 else 1, output.shape[-1], output.shape[1])
    top, left = window.begins if len(spatial) == 2 else (0, *window.begins)
    taps_y, taps_x = (1, *window.kernel)[-2:]
    stride_y, stride_x = (1, *window.strides)[-2:]
    if max(stride_y, stride_x) > _MAX_TAPS and target.height * target.width > 1:
        raise NotInHardwareError(f"has windows more than {_MAX_TAPS} rows or columns apart")
    clamp = op.clamp if isinstance(op, AveragePool) else Clamp()
    low, high = codes_of(clamp, output)
    number = views.add_image(
        output.name, target, output.shape, code_offset(output), channels_first=True
    )
    return PoolLayer(
        name=op.name,
        kind=op.kind,
        target=number,
        source=source,
        geometry=Geometry(
            source=image,
            target=target,
            taps_y=taps_y,
            taps_x=taps_x,
            stride_y=stride_y if target.height > 1 else 1,
            stride_x=stride_x if target.width > 1 else 1,
            pad_top=top,
            pad_left=left,
        ),
        pool=PoolKind.AVERAGE if average else PoolKind.MAX,
        low=low,
        high=high,
    )
