"""Operators of ONNX that move values."""

import numpy as np

from golden.operators import Concat, Gather, Pad, Reshape, Slice, Transpose
from golden.tensors import Shape
from mapper.importers.onnx.node import Node

__all__ = [
    "concat",
    "flatten",
    "forward",
    "gather",
    "pad",
    "reshape",
    "slice_",
    "split",
    "squeeze",
    "transpose",
    "unsqueeze",
]


def forward(node: Node) -> None:
    """Identity and, for inference, Dropout: another name for the input."""
    node.draft.add_alias(node.output, node.inputs[0])


def _reshape_to(node: Node, shape: Shape) -> None:
    operands = {**node.operands, "inputs": node.inputs[:1]}
    node.draft.add(Reshape(**operands, shape=tuple(int(size) for size in shape)))


def reshape(node: Node) -> None:
    """Reshape, placeholders 0 (as the input) and -1 (what is left) worked out."""
    given = node.integers("shape", 1) or ()
    old = node.shape()
    keep = not node.whole("allowzero", 0)
    if keep and 0 in given[len(old) :]:
        raise ValueError(f"a 0 in shape {given} copies an axis that {old} does not have")
    shape = [old[i] if size == 0 and keep else size for i, size in enumerate(given)]
    if shape.count(-1) > 1:
        raise ValueError(f"shape {given} has more than one -1")
    if -1 in shape:
        rest = int(np.prod([size for size in shape if size != -1]))
        shape[shape.index(-1)] = int(np.prod(old)) // rest if rest else 0
    _reshape_to(node, tuple(shape))


def flatten(node: Node) -> None:
    """Flatten to two axes."""
    shape = node.shape()
    axis = node.axis("axis", 1)
    _reshape_to(node, (int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))))


def squeeze(node: Node) -> None:
    """Squeeze."""
    shape = node.shape()
    axes = node.integers("axes", 1)
    if axes is None:
        axes = tuple(i for i, size in enumerate(shape) if size == 1)
    dropped = {axis % len(shape) for axis in axes}
    if any(shape[axis] != 1 for axis in dropped):
        raise ValueError(f"axes {axes} of shape {shape} are not all of size 1")
    _reshape_to(node, tuple(size for i, size in enumerate(shape) if i not in dropped))


def unsqueeze(node: Node) -> None:
    """Unsqueeze."""
    shape = node.shape()
    axes = node.integers("axes", 1) or ()
    rank = len(shape) + len(axes)
    inserted = {axis % rank for axis in axes}
    sizes = iter(shape)
    _reshape_to(node, tuple(1 if i in inserted else next(sizes) for i in range(rank)))


def transpose(node: Node) -> None:
    """Transpose; without an order the axes are reversed."""
    order = node.ints("perm", range(len(node.shape()) - 1, -1, -1))
    node.draft.add(Transpose(**node.operands, permutation=order))


def concat(node: Node) -> None:
    """Concat."""
    node.draft.add(Concat(**node.operands, axis=node.axis("axis", 1)))


def gather(node: Node) -> None:
    """Gather."""
    node.draft.add(Gather(**node.operands, axis=node.axis("axis", 0)))


def slice_(node: Node) -> None:
    """Slice; ends beyond the tensor are cut, negative positions count from the end."""
    shape = node.shape()
    starts = node.integers("starts", 1) or ()
    ends = node.integers("ends", 2) or ()
    axes = node.integers("axes", 3) or tuple(range(len(starts)))
    strides = (node.integers("steps", 4) if node.opset >= 10 else None) or (1,) * len(starts)
    first, steps, sizes = [0] * len(shape), [1] * len(shape), list(shape)
    for axis, start, end, step in zip(axes, starts, ends, strides, strict=True):
        taken = range(*slice(start, end, step).indices(shape[axis]))
        if step < 0 and end < -shape[axis]:
            taken = range(taken.start, -1, step)
        first[axis], steps[axis], sizes[axis] = taken.start if taken else 0, step, len(taken)
    _add_slice(node, node.name, node.output, (tuple(first), tuple(steps), tuple(sizes)))


def split(node: Node) -> None:
    """Split, as one slice for each part."""
    shape = node.shape()
    axis = node.axis("axis", 0)
    count = len(node.outputs)
    parts = node.integers("split", 1)
    if parts is None:
        size = -(-shape[axis] // count)
        parts = (size,) * (count - 1) + (shape[axis] - size * (count - 1),)
    start = 0
    for number, (size, output) in enumerate(zip(parts, node.outputs, strict=True)):
        first = tuple(start if i == axis else 0 for i in range(len(shape)))
        sizes = tuple(size if i == axis else full for i, full in enumerate(shape))
        name = node.draft.unique_operator_name(f"{node.name}/{number}")
        _add_slice(node, name, output, (first, (1,) * len(shape), sizes))
        start += size
    if start != shape[axis]:
        raise ValueError(f"parts {parts} do not fill axis {axis} of shape {shape}")


def _add_slice(node: Node, name: str, output: str, where: tuple[Shape, Shape, Shape]) -> None:
    starts, steps, sizes = where
    node.draft.add(
        Slice(
            name=name,
            inputs=node.inputs[:1],
            outputs=(output,),
            starts=starts,
            steps=steps,
            sizes=sizes,
        )
    )


def pad(node: Node) -> None:
    """Pad by a constant."""
    mode = node.text("mode", "constant")
    if mode != "constant":
        raise ValueError(f"mode {mode!r} is not supported: pad by a constant")
    rank = len(node.shape())
    given = node.integers("pads", 1) or ()
    axes = tuple(axis % rank for axis in (node.integers("axes", 3) or range(rank)))
    begins, ends = [0] * rank, [0] * rank
    for axis, begin, end in zip(axes, given[: len(axes)], given[len(axes) :], strict=True):
        begins[axis], ends[axis] = begin, end
    value = node.constant(2).item() if node.has(2) else node.real("value", 0.0)
    operands = {**node.operands, "inputs": node.inputs[:1]}
    node.draft.add(Pad(**operands, pads=(*begins, *ends), value=value))
