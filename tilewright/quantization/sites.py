"""Where a QDQ model has weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = [
    "WeightSite",
    "array_of",
    "initializers",
    "part_dequantized",
    "prune",
    "unique_name",
    "weight_sites",
]

_OUTPUT_AXES = {"Conv": 0, "MatMul": 1}


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
        """Of the operator, as the importer names it."""
        return str(self.node.name or f"{self.node.op_type}:{self.node.output[0]}")

    @property
    def takes_groups(self) -> bool:
        """Whether weights may have scales for groups along K: those of matrix products."""
        return self.node.op_type != "Conv"

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

    def turned(self, of_groups: NDArray[Any]) -> NDArray[Any]:
        """Numbers of groups (groups, N) with the axes that a matrix of weights has in the model."""
        return np.moveaxis(of_groups, -1, self.axis)

    def _constant(self, index: int) -> NDArray[Any]:
        return array_of(initializers(self.model)[self.dequantize.input[index]])


def weight_sites(model: onnx.ModelProto) -> tuple[WeightSite, ...]:
    """Operators whose constant weights are dequantized with one scale, or one an output channel."""
    constants = initializers(model)
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
        if not _has_channels(node, source, constants, axis):
            continue
        sites.append(WeightSite(model=model, node=node, dequantize=source, axis=axis))
    return tuple(sites)


def _has_channels(
    node: onnx.NodeProto,
    dequantize: onnx.NodeProto,
    constants: Mapping[str, onnx.TensorProto],
    axis: int,
) -> bool:
    """Whether weights are those of one matrix or of a convolution, with scales of its channels."""
    rank, scale = len(constants[dequantize.input[0]].dims), constants[dequantize.input[1]]
    if rank < 2 or (rank > 2 and node.op_type != "Conv") or _attribute(dequantize, "block_size", 0):
        return False
    along = _attribute(dequantize, "axis", 1)
    return array_of(scale).size == 1 or along in (axis, axis - rank)


def _output_axis(node: onnx.NodeProto) -> int | None:
    """Axis of the weights along which output channels run; None if the operator has no weights."""
    if node.op_type == "Gemm":
        return 0 if _attribute(node, "transB", 0) else 1
    return _OUTPUT_AXES.get(node.op_type)


def _attribute(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def part_dequantized(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which no two operators read the same dequantized weights or bias."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes, used = list(copy.graph.node), set[str]()
    producers = {name: node for node in nodes for name in node.output}
    del copy.graph.node[:]
    for node in nodes:
        for index, name in enumerate(node.input):
            source = producers.get(name)
            shared = name in used and source is not None and source.op_type == "DequantizeLinear"
            if _output_axis(node) is not None and index > 0 and shared:
                own = copy.graph.node.add()
                own.CopyFrom(producers[name])
                own.name = own.output[0] = node.input[index] = f"{name}/{node.output[0]}"
            used.add(name)
        copy.graph.node.append(node)
    return copy


def initializers(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """Constants of a model by name."""
    return {initializer.name: initializer for initializer in model.graph.initializer}


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Values of a constant."""
    return np.asarray(numpy_helper.to_array(tensor))


def unique_name(model: onnx.ModelProto, wanted: str) -> str:
    """``wanted``, or with a number after it if a tensor has that name."""
    taken = {*initializers(model), *(value.name for value in model.graph.input)}
    taken.update(name for node in model.graph.node for name in (*node.input, *node.output))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def prune(model: onnx.ModelProto) -> None:
    """Drop the constants that nothing reads any more."""
    used = {name for node in model.graph.node for name in node.input}
    used.update(value.name for value in model.graph.output)
    kept = [initializer for initializer in model.graph.initializer if initializer.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
