"""Convolutions, products and means as `ProductLayer`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arith.fixed_point_arrays import quantize_multiplier, wrap_int32
from golden.arith.requantize import Clamp, Requantization
from golden.graph import Graph
from golden.operators.base import Operator
from golden.operators.conv import Conv
from golden.operators.matmul import MatMul
from golden.operators.reduce import ReduceMean
from golden.tensors import Tensor
from mapper.accelerator.codes import code_offset, codes_of
from mapper.accelerator.layers import Geometry, Image, ProductLayer, Scaling
from mapper.accelerator.scaling import fixed_point_mean, like_float64, reachable
from mapper.accelerator.views import NotInHardwareError, Views

__all__ = ["convolution", "exact_scale", "mean", "product"]

_MAX_STEP = 16
_MOST_PIXELS = 4096

_LIMIT = (1 << 31) - (1 << 9)
"""Sums and scaled sums stay below, so that adding a zero point never wraps."""


def convolution(
    graph: Graph, op: Conv, views: Views, source: str, pads: tuple[int, ...]
) -> ProductLayer:
    """A convolution.

    Parameters
    ----------
    graph : Graph
    op : Conv
    views : Views
    source : str
        Tensor that is convolved.
    pads : tuple of int
        Around it, as those of ``op``.

    Raises
    ------
    NotInHardwareError
        If weights are no constants of 8 bits, or shapes do not fit.
    """
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    weights = _weights(graph.tensors[op.inputs[1]])
    spatial = len(x.shape) - 2
    if spatial == 1:
        weights = weights[:, :, None, :]
    try:
        value, image = views.image_of(source)
    except NotInHardwareError:
        # The numbers of a single pixel may be those of a whole image, in any order.
        if weights[0, 0].size > 1 or np.prod(x.shape[2:]) > 1 or op.groups > 1 or any(pads):
            raise
        value, image, weights = _whole(source, weights[:, :, 0, 0].T, views)
    top, left = (0, *pads[:spatial])[-2:]
    stride_y, stride_x = (1, *op.strides)[-2:]
    dilation_y, dilation_x = (1, *op.dilations)[-2:]
    diagonal = op.groups == x.shape[1] == len(weights) and op.groups > 1
    if op.groups > 1 and not diagonal:
        weights = _ungrouped(weights, op.groups)
    target = _image(output)
    geometry = Geometry(
        source=image,
        target=target,
        taps_y=weights.shape[2],
        taps_x=weights.shape[3],
        stride_y=stride_y if target.height > 1 else 1,
        stride_x=stride_x if target.width > 1 else 1,
        dilation_y=dilation_y if weights.shape[2] > 1 else 1,
        dilation_x=dilation_x if weights.shape[3] > 1 else 1,
        pad_top=top,
        pad_left=left,
    )
    steps = (geometry.stride_y, geometry.stride_x, geometry.dilation_y, geometry.dilation_x)
    if max(steps) > _MAX_STEP:
        raise NotInHardwareError(f"has a stride or a dilation of more than {_MAX_STEP}")
    factor = _factor(graph, op, len(weights))
    integer, shift = quantize_multiplier(factor)
    bias = _bias(graph, op, len(weights))
    _check_range(reachable(weights, bias, *_activations(x)), factor)
    return _layer(
        graph,
        op,
        views.add_image(
            output.name, target, output.shape, code_offset(output), channels_first=True
        ),
        source=value,
        geometry=geometry,
        weights=weights,
        diagonal=diagonal,
        scaling=Scaling(
            bias=_raw_bias(x, weights, bias),
            multiplier=np.asarray(integer),
            shift=np.asarray(shift),
        ),
        clamp=op.clamp,
    )


def product(graph: Graph, op: MatMul, views: Views) -> ProductLayer:
    """A product with a constant matrix.

    Raises
    ------
    NotInHardwareError
        If weights are no constant matrix of 8 bits, or there are no integers that scale its sums
        exactly as the reference does.
    """
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    matrix = _matrix(graph, op)
    depth, filters = matrix.shape
    rows = views.rows_of(op.inputs[0])
    if rows is not None:
        source, image = rows
        weights = matrix.T.reshape(filters, depth, 1, 1)
    else:
        source, image, weights = _whole(op.inputs[0], matrix, views)
    target = Image(image.height if rows is not None else 1, 1, filters)
    bias = _bias(graph, op, filters)
    scale = exact_scale(graph, op)
    if scale is None:
        raise NotInHardwareError("has scales that no integer and shift stand for exactly")
    return _layer(
        graph,
        op,
        views.add_image(
            output.name, target, output.shape, code_offset(output), channels_first=False
        ),
        source=source,
        geometry=Geometry(
            source=image, target=target, taps_y=weights.shape[2], taps_x=weights.shape[3]
        ),
        weights=weights,
        diagonal=False,
        scaling=Scaling(bias=_raw_bias(x, weights, bias), multiplier=scale[0], shift=scale[1]),
        clamp=op.clamp,
    )


def exact_scale(graph: Graph, op: MatMul) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Integers and shifts that scale sums exactly as the reference does; None if there are none.

    Raises
    ------
    NotInHardwareError
        If weights are no constant matrix of 8 bits.
    """
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    weights = _matrix(graph, op).T
    factor = _factor(graph, op, len(weights))
    sums = reachable(weights, _bias(graph, op, len(weights)), *_activations(x))
    _check_range(sums, factor)
    low, high = op.clamp.codes(output, Requantization.TFLITE)
    zero_point = int(output.quantized.zero_point)
    return like_float64(factor, sums, (low - zero_point, high - zero_point))


def _matrix(graph: Graph, op: MatMul) -> NDArray[np.int8]:
    matrix = _weights(graph.tensors[op.inputs[1]])
    if matrix.ndim != 2:
        raise NotInHardwareError(f"has weights with {matrix.ndim} axes, not 2")
    return matrix


def mean(graph: Graph, op: ReduceMean, views: Views) -> ProductLayer:
    """A mean over all pixels: a depthwise convolution with ones.

    Raises
    ------
    NotInHardwareError
        If it is over other axes.
    """
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    if sorted(op.axes) != list(range(2, len(x.shape))):
        raise NotInHardwareError("is over other axes than the spatial ones")
    source, image = views.image_of(op.inputs[0])
    pixels = image.height * image.width
    factor = float(np.float64(x.quantized.scale) / np.float64(output.quantized.scale))
    integer, shift = fixed_point_mean(factor, pixels)
    if shift < -31:
        raise NotInHardwareError(f"is over too many pixels: {pixels}")
    target = Image(1, 1, image.channels)
    value = views.add_image(
        output.name, target, output.shape, code_offset(output), channels_first=False
    )
    if image.channels % views.lanes == 0 and pixels <= _MOST_PIXELS:
        # All blocks have the same weights and scale: blocks as columns, pixels as rows.
        columns = image.channels // views.lanes
        image, target = Image(pixels, columns, views.lanes), Image(1, columns, views.lanes)
        taps = (pixels, 1)
    else:
        taps = (image.height, image.width)
    weights = np.ones((image.channels, 1, *taps), dtype=np.int8)
    ones = np.ones(image.channels, dtype=np.int64)
    bias = 0 * ones
    _check_range(reachable(weights, bias, *_activations(x)), ones * factor)
    return _layer(
        graph,
        op,
        value,
        source=source,
        geometry=Geometry(source=image, target=target, taps_y=taps[0], taps_x=taps[1]),
        weights=weights,
        diagonal=True,
        scaling=Scaling(
            bias=_raw_bias(x, weights, bias), multiplier=ones * integer, shift=ones * shift
        ),
        clamp=op.clamp,
    )


def _layer(
    graph: Graph,
    op: Operator,
    target: int,
    *,
    source: int,
    geometry: Geometry,
    weights: NDArray[np.int8],
    diagonal: bool,
    scaling: Scaling,
    clamp: Clamp,
) -> ProductLayer:
    x, output = graph.tensors[op.inputs[0]], graph.tensors[op.outputs[0]]
    low, high = codes_of(clamp, output)
    return ProductLayer(
        name=op.name,
        kind=op.kind,
        target=target,
        macs=sum(entry.macs for entry in op.products(graph.inputs_of(op))),
        source=source,
        geometry=geometry,
        weights=weights,
        diagonal=diagonal,
        pad_value=int(x.quantized.zero_point) - code_offset(x),
        scaling=scaling,
        zero_point=int(output.quantized.zero_point) - code_offset(output),
        low=low,
        high=high,
    )


def _whole(
    name: str, matrix: NDArray[np.int8], views: Views
) -> tuple[int, Image, NDArray[np.int8]]:
    """A single row whose numbers are all those of an image, in any order: taps over all of it."""
    index = views.views[name].index
    source, image = views.settle(name)
    order = index.reshape(-1)
    if order.size != matrix.shape[0] or not np.array_equal(np.sort(order), np.arange(image.size)):
        raise NotInHardwareError("needs its input in another order than it has in memory")
    weights = np.empty_like(matrix)
    weights[order] = matrix
    shaped = weights.reshape(image.height, image.width, image.channels, -1)
    return source, image, np.ascontiguousarray(shaped.transpose(3, 2, 0, 1))


def _weights(tensor: Tensor) -> NDArray[np.int8]:
    """Weights less their zero points.

    Raises
    ------
    NotInHardwareError
        If they are not constant, or do not fit 8 bits.
    """
    if tensor.data is None:
        raise NotInHardwareError("has weights that are not constant")
    if tensor.quantization is None:
        raise NotInHardwareError("is not quantized")
    if tensor.quantization.group_size is not None:
        raise NotInHardwareError("has weights in groups with scales of their own")
    centred = tensor.quantization.centred(tensor.data)
    if centred.size and not -128 <= int(centred.min()) <= int(centred.max()) <= 127:
        raise NotInHardwareError(
            "has weights that do not fit int8 once their zero point, which must be 0, is subtracted"
        )
    return centred.astype(np.int8)


def _ungrouped(weights: NDArray[np.int8], groups: int) -> NDArray[np.int8]:
    """Filters over all channels: zero where they have none."""
    filters, channels = weights.shape[:2]
    dense = np.zeros((filters, channels * groups, *weights.shape[2:]), dtype=np.int8)
    each = filters // groups
    for group in range(groups):
        rows, columns = (
            slice(group * each, (group + 1) * each),
            slice(group * channels, (group + 1) * channels),
        )
        dense[rows, columns] = weights[rows]
    return dense


def _image(tensor: Tensor) -> Image:
    """Shape of (1, channels, *spatial)."""
    return Image(
        tensor.shape[2] if len(tensor.shape) == 4 else 1, tensor.shape[-1], tensor.shape[1]
    )


def _factor(graph: Graph, op: Operator, filters: int) -> NDArray[np.float64]:
    """What a unit of each sum is worth in units of the output, in float64."""
    x, weights, output = (
        graph.tensors[name].quantized.scale.astype(np.float64)
        for name in (*op.inputs[:2], op.outputs[0])
    )
    return np.broadcast_to(x * weights / output, (filters,))


def _bias(graph: Graph, op: Operator, filters: int) -> NDArray[np.int64]:
    """Integers that are added to centred sums."""
    if len(op.inputs) < 3:
        return np.zeros(filters, dtype=np.int64)
    tensor = graph.tensors[op.inputs[2]]
    if tensor.data is None or tensor.quantization is None:
        raise NotInHardwareError("has a bias that is not constant or not quantized")
    return tensor.quantization.centred(tensor.data)


def _raw_bias(x: Tensor, weights: NDArray[np.int8], bias: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is added to sums of what memory holds: padding reads as the zero point."""
    zero_point = int(x.quantized.zero_point) - code_offset(x)
    columns = weights.reshape(len(weights), -1).astype(np.int64).sum(axis=1)
    return wrap_int32(bias - zero_point * columns)


def _activations(x: Tensor) -> tuple[int, int]:
    """Range of centred activations."""
    zero_point = int(x.quantized.zero_point)
    return x.int_format.min - zero_point, x.int_format.max - zero_point


def _check_range(
    sums: tuple[NDArray[np.int64], NDArray[np.int64]], factor: NDArray[np.floating[Any]]
) -> None:
    largest = np.maximum(np.abs(sums[0]), np.abs(sums[1])) * np.maximum(factor, 1)
    if largest.max(initial=0) > _LIMIT:
        raise NotInHardwareError("has sums that may leave 32 bits")
