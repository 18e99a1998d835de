"""Operators of TFLite that move values."""

import numpy as np

from golden.operators import Concat, Pad, Reshape, Transpose
from golden.tensors import Shape
from mapper.importers.tflite.draft import Layout
from mapper.importers.tflite.node import Node

__all__ = ["concatenation", "expand_dims", "pad", "reshape", "squeeze", "transpose"]


def concatenation(node: Node) -> None:
    """CONCATENATION; its fused activation function is a Clip after it."""
    positions = range(len(node.record.inputs))
    node.require_same_quantization(*positions)
    layout = node.common_layout(positions)
    axis = node.axis(node.option("Axis"), len(node.shape()))
    inputs = [node.tensor(position, layout) for position in positions]
    operands = node.operands(inputs, layout)
    node.add_clamped(Concat(**operands, axis=layout.axis(axis)), layout)


def pad(node: Node) -> None:
    """PAD and PADV2; the value of PAD is the real number 0."""
    node.require_same_quantization(0)
    layout = node.common_layout([0])
    x = node.tensor(0, layout)
    rank = len(x.shape)
    pads = node.constant(1)
    if pads.shape != (rank, 2):
        raise ValueError(f"pads of shape {pads.shape} do not fit {rank} axes")
    order = [int(axis) for axis in layout.value] if rank == len(layout.value) else range(rank)
    begins, ends = ([int(pads[axis, side]) for axis in order] for side in (0, 1))
    value: float = 0 if x.quantization is None else int(x.quantization.zero_point)
    if node.has(2):
        value = node.constant(2).item()
    node.add(Pad(**node.operands([x], layout), pads=(*begins, *ends), value=value), layout)


def reshape(node: Node) -> None:
    """RESHAPE; the shape comes from an input or from the options."""
    given = node.constant(1).ravel().tolist() if node.has(1) else node.option("NewShape")
    shape = [int(size) for size in given]
    count = int(np.prod(node.shape(), dtype=np.int64))
    signature = node.draft.record(node.output).signature
    if shape and signature[:1] == (-1,) and -1 not in shape:
        # Converters write the batch of 1 into the shape of a model whose batch is open.
        shape[0] = -1
    if shape.count(-1) > 1:
        raise ValueError(f"shape {tuple(given)} has more than one -1")
    if -1 in shape:
        rest = int(np.prod([size for size in shape if size != -1], dtype=np.int64))
        shape[shape.index(-1)] = count // rest if rest else 0
    _reshape_to(node, tuple(shape))


def squeeze(node: Node) -> None:
    """SQUEEZE; without axes, all of size 1 go."""
    shape = node.shape()
    given = node.option("SqueezeDims", ())
    axes = {node.axis(axis, len(shape)) for axis in given}
    axes = axes or {axis for axis, size in enumerate(shape) if size == 1}
    if any(shape[axis] != 1 for axis in axes):
        raise ValueError(f"axes {tuple(given)} of shape {shape} are not all of size 1")
    _reshape_to(node, tuple(size for axis, size in enumerate(shape) if axis not in axes))


def expand_dims(node: Node) -> None:
    """EXPAND_DIMS."""
    shape = node.shape()
    axis = node.axis(int(node.constant(1).item()), len(shape) + 1)
    _reshape_to(node, (*shape[:axis], 1, *shape[axis:]))


def transpose(node: Node) -> None:
    """TRANSPOSE, in the file's layout."""
    node.require_same_quantization(0)
    x = node.tensor(0, Layout.FILE)
    order = tuple(int(axis) for axis in node.constant(1).ravel())
    node.add(Transpose(**node.operands([x], Layout.FILE), permutation=order), Layout.FILE)


def _reshape_to(node: Node, shape: Shape) -> None:
    node.require_same_quantization(0)
    operands = node.operands([node.flat()], Layout.FILE)
    node.add(Reshape(**operands, shape=shape), Layout.FILE)
