"""Activations of a QDQ model with fewer bits."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from golden.formats import IntFormat
from tilewright.quantization.biases import move_bias
from tilewright.quantization.sites import prune, weight_sites
from tilewright.quantization.weights import integers_tensor

__all__ = ["narrow_activations"]

_WIDE_BITS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class _Narrowed:
    """Constants of a quantization with fewer bits.

    Parameters
    ----------
    scale, zero_point : TensorProto
    bounds : tuple of TensorProto
        Real numbers of the smallest and the largest integer, where the data type holds more.
    factor : float
        By which the scale has grown.
    """

    scale: onnx.TensorProto
    zero_point: onnx.TensorProto
    bounds: tuple[onnx.TensorProto, ...]
    factor: float


def narrow_activations(model: onnx.ModelProto, bits: int) -> onnx.ModelProto:
    """A copy of a model whose 8-bit activations have fewer bits and the same range.

    Every tensor that is computed and quantized to 8 bits with one scale keeps its range, as nearly
    as whole zero points allow. Where ONNX has no data type of so many bits, values are clipped
    before they are quantized, and the zero point is labelled.

    Parameters
    ----------
    model : ModelProto
        Of operator set 13 or newer.
    bits : int
        2 to 8; with 8 the copy is equal.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if bits == _WIDE_BITS:
        return copy
    constants = {x.name: numpy_helper.to_array(x) for x in copy.graph.initializer}
    quantized = {
        node.output[0]
        for node in copy.graph.node
        if node.op_type == "QuantizeLinear" and node.input[0] not in constants
    }
    nodes: list[onnx.NodeProto] = []
    made: dict[tuple[str, str], _Narrowed] = {}
    for node in copy.graph.node:
        if _is_activation(node, quantized):
            pair = (node.input[1], node.input[2] if len(node.input) > 2 else "")
            scale = constants[pair[0]]
            zero_point = constants.get(pair[1], np.zeros((), np.uint8))
            if scale.size == 1 and zero_point.dtype in (np.int8, np.uint8):
                if pair not in made:
                    made[pair] = _narrowed(copy, pair[0], scale, zero_point, bits)
                nodes.extend(_rewired(node, made[pair]))
                continue
        nodes.append(node)
    for narrowed in made.values():
        copy.graph.initializer.extend([narrowed.scale, narrowed.zero_point, *narrowed.bounds])
    rewritten = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del copy.graph.node[:]
    copy.graph.node.extend(rewritten)
    _rescale_biases(copy, {narrowed.scale.name: narrowed.factor for narrowed in made.values()})
    prune(copy)
    return copy


def _rescale_biases(model: onnx.ModelProto, factors: Mapping[str, float]) -> None:
    """Give biases the scale of sums again, where that of activations has grown by a factor."""
    scale_of = {
        node.output[0]: node.input[1]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
    }
    for site in weight_sites(model):
        factor = factors.get(scale_of.get(site.node.input[0], ""))
        if factor is not None:
            scales = (site.scales * factor).astype(np.float32)
            move_bias(site, scales, np.zeros(len(scales)))


def _is_activation(node: onnx.NodeProto, quantized: set[str]) -> bool:
    """Whether a node quantizes or dequantizes one of the tensors ``quantized``."""
    ends = {"QuantizeLinear": node.output, "DequantizeLinear": node.input}.get(node.op_type)
    return ends is not None and ends[0] in quantized


def _rewired(node: onnx.NodeProto, narrowed: _Narrowed) -> list[onnx.NodeProto]:
    """The node with other constants, after a Clip where it quantizes to too wide a type."""
    source, before = node.input[0], []
    if node.op_type == "QuantizeLinear" and narrowed.bounds:
        name = f"{node.output[0]}/clipped"
        bounds = [bound.name for bound in narrowed.bounds]
        before = [helper.make_node("Clip", [source, *bounds], [name], name=name)]
        source = name
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend([source, narrowed.scale.name, narrowed.zero_point.name])
    return [*before, copy]


def _narrowed(
    model: onnx.ModelProto,
    name: str,
    scale: NDArray[np.float32],
    zero_point: NDArray[np.integer],
    bits: int,
) -> _Narrowed:
    signed = zero_point.dtype == np.int8
    wide, format = IntFormat(_WIDE_BITS, signed=signed), IntFormat(bits, signed=signed)
    factor = (wide.max - wide.min) / (format.max - format.min)
    step = np.float32(scale.reshape(()) * factor)
    moved = format.min + round((int(zero_point.reshape(())) - wide.min) / factor)
    base = f"{name}/a{bits}"
    code = integers_tensor(model, f"{base}/zero_point", np.array(moved), format)
    bounds: tuple[onnx.TensorProto, ...] = ()
    if code.metadata_props:
        bounds = tuple(
            numpy_helper.from_array(np.asarray(step * np.float32(end - moved)), f"{base}/{which}")
            for which, end in (("low", format.min), ("high", format.max))
        )
    return _Narrowed(
        scale=numpy_helper.from_array(np.asarray(step), f"{base}/scale"),
        zero_point=code,
        bounds=bounds,
        factor=factor,
    )
