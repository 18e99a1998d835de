"""Weights of an ONNX model in QDQ form: where they are, and others in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from golden.formats import IntFormat, WholeFormat
from mapper.importers.onnx.labels import FORMAT_KEY

__all__ = ["ChannelWeights", "WeightSite", "replace_weights", "weight_sites"]

_OUTPUT_AXES = {"Conv": 0, "MatMul": 1}
_LABELS_SINCE_IR = 10

# Data type, first operator set and IR version that have it.
_DATA_TYPES = (
    (IntFormat(2), onnx.TensorProto.INT2, 25, 13),
    (IntFormat(2, signed=False), onnx.TensorProto.UINT2, 25, 13),
    (IntFormat(4), onnx.TensorProto.INT4, 21, 10),
    (IntFormat(4, signed=False), onnx.TensorProto.UINT4, 21, 10),
    (IntFormat(8), onnx.TensorProto.INT8, 10, 3),
    (IntFormat(8, signed=False), onnx.TensorProto.UINT8, 10, 3),
    (IntFormat(16), onnx.TensorProto.INT16, 21, 10),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChannelWeights:
    """Weights as integers, with a scale for each output channel.

    Parameters
    ----------
    values : ndarray of int64, shape (K, N)
    scales : ndarray of float32, shape (N,)
    format : WholeFormat
        Of the values.
    zero_points : ndarray of int64, shape (N,), optional
        Values of the format; all 0 if left out.
    """

    values: NDArray[np.int64]
    scales: NDArray[np.float32]
    format: WholeFormat
    zero_points: NDArray[np.int64] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightSite:
    """An operator of a model with constant weights that are dequantized.

    Parameters
    ----------
    model : ModelProto
    node : NodeProto
        The operator.
    dequantize : NodeProto
        What dequantizes its weights.
    axis : int
        Of the weights, along which output channels run.
    """

    model: onnx.ModelProto
    node: onnx.NodeProto
    dequantize: onnx.NodeProto
    axis: int

    @property
    def name(self) -> str:
        """Of the operator."""
        return str(self.node.name or self.node.output[0])

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Of the weights."""
        return self._constant(0).shape

    @cached_property
    def scales(self) -> NDArray[np.float64]:
        """Of each output channel."""
        scales = np.asarray(self._constant(1), np.float64)
        return np.broadcast_to(scales.ravel(), self.shape[self.axis])

    def real(self) -> NDArray[np.float64]:
        """The real weights as a matrix (K, N); K of a convolution is that of one group."""
        values = self.matrix(self._constant(0).astype(np.float64))
        if len(self.dequantize.input) > 2 and self.dequantize.input[2]:
            values = values - self._constant(2).astype(np.float64).ravel()
        return values * self.scales

    def matrix(self, weights: NDArray[Any]) -> NDArray[Any]:
        """Weights of the model's shape as a matrix (K, N)."""
        moved = np.moveaxis(weights, self.axis, -1)
        return moved.reshape(-1, self.shape[self.axis])

    def weights(self, matrix: NDArray[Any]) -> NDArray[Any]:
        """A matrix (K, N) as weights of the model's shape."""
        rest = [size for axis, size in enumerate(self.shape) if axis != self.axis]
        return np.moveaxis(matrix.reshape(*rest, -1), -1, self.axis)

    def _constant(self, index: int) -> NDArray[Any]:
        return _array(_initializers(self.model)[self.dequantize.input[index]])


def weight_sites(model: onnx.ModelProto) -> tuple[WeightSite, ...]:
    """Operators whose constant weights are dequantized with one scale, or one an output channel."""
    constants = _initializers(model)
    producers = {name: node for node in model.graph.node for name in node.output}
    sites = []
    for node in model.graph.node:
        axis = _output_axis(node)
        if axis is None:
            continue
        source = producers.get(node.input[1])
        if source is None or source.op_type != "DequantizeLinear":
            continue
        if not all(name in constants for name in source.input if name):
            continue
        if len(constants[source.input[0]].dims) < 2 or _attribute(source, "block_size", 0):
            continue
        sites.append(WeightSite(model=model, node=node, dequantize=source, axis=axis))
    return tuple(sites)


def replace_weights(
    model: onnx.ModelProto, replacements: Mapping[str, ChannelWeights]
) -> onnx.ModelProto:
    """A copy of a model with other weights for the operators that are named.

    Biases are integers of the scale of sums, and change with it. Values get the narrowest data type
    that the model's operator set has for their format, and a label where the type does not tell
    the format.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for site in weight_sites(copy):
        if site.name in replacements:
            _replace(site, replacements[site.name])
    used = {name for node in copy.graph.node for name in node.input}
    used.update(value.name for value in copy.graph.output)
    kept = [initializer for initializer in copy.graph.initializer if initializer.name in used]
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(kept)
    return copy


def _replace(site: WeightSite, new: ChannelWeights) -> None:
    graph = site.model.graph
    before = site.scales.copy()
    scales = _rescale_bias(site, before, new.scales)
    names = [f"{site.name}_{new.format.name}_{part}" for part in ("weight", "scale", "zero_point")]
    tensors = [_integers(site.model, names[0], site.weights(new.values), new.format)]
    tensors.append(numpy_helper.from_array(scales, names[1]))
    if new.zero_points is not None:
        tensors.append(_integers(site.model, names[2], new.zero_points, new.format))
    graph.initializer.extend(tensors)
    dequantize = helper.make_node(
        "DequantizeLinear",
        names[: len(tensors)],
        site.dequantize.output,
        name=site.dequantize.name,
        axis=site.axis,
    )
    site.dequantize.CopyFrom(dequantize)


def _rescale_bias(
    site: WeightSite, before: NDArray[np.float64], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give an integer bias the scale of the new sums; returns the scales of the new weights.

    These are those given, or a little larger where the bias would not be held otherwise.
    """
    graph = site.model.graph
    producers = {name: node for node in graph.node for name in node.output}
    source = producers.get(site.node.input[2]) if len(site.node.input) > 2 else None
    constants = _initializers(site.model)
    if source is None or source.op_type != "DequantizeLinear":
        return scales
    if source.input[0] not in constants:
        return scales
    bias_scales = _array(constants[source.input[1]]).astype(np.float64).ravel()
    real = _array(constants[source.input[0]]).astype(np.float64) * bias_scales
    activation = bias_scales / before
    least = np.abs(real) / (activation * np.iinfo(np.int32).max)
    held = np.maximum(scales, np.nextafter(least.astype(np.float32), np.float32(np.inf)))
    sums = (activation * held).astype(np.float32)
    codes = np.rint(real / sums).astype(np.int32)
    names = [f"{site.name}_bias_{part}" for part in ("integers", "scale")]
    graph.initializer.extend(
        [numpy_helper.from_array(codes, names[0]), numpy_helper.from_array(sums, names[1])]
    )
    dequantize = helper.make_node(
        "DequantizeLinear", names, source.output, name=source.name, axis=0
    )
    source.CopyFrom(dequantize)
    return np.asarray(held, np.float32)


def _integers(
    model: onnx.ModelProto, name: str, values: NDArray[np.int64], format: WholeFormat
) -> onnx.TensorProto:
    """An initializer in the narrowest data type, labelled if that does not tell the format."""
    opset = next(entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"})
    own, data_type, ir = next(
        (own, data_type, ir)
        for own, data_type, since, ir in _DATA_TYPES
        if opset >= since and own.contains(format.min, format.max)
    )
    tensor = helper.make_tensor(name, data_type, values.shape, values.ravel().tolist())
    if own != format:
        entry = tensor.metadata_props.add()
        entry.key, entry.value = FORMAT_KEY, format.name
        ir = max(ir, _LABELS_SINCE_IR)
    model.ir_version = max(model.ir_version, ir)
    return tensor


def _output_axis(node: onnx.NodeProto) -> int | None:
    """Axis of the weights along which output channels run; None if the operator has no weights."""
    if node.op_type == "Gemm":
        return 0 if _attribute(node, "transB", 0) else 1
    return _OUTPUT_AXES.get(node.op_type)


def _attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def _initializers(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    return {initializer.name: initializer for initializer in model.graph.initializer}


def _array(tensor: onnx.TensorProto) -> NDArray[Any]:
    return np.asarray(numpy_helper.to_array(tensor))
