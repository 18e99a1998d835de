"""Parts of an ONNX graph that depend on no input: shape arithmetic and generated weights."""

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from golden.tensors import Array
from mapper.importers.onnx.node import Node

__all__ = ["fold"]

_FOLDABLE = frozenset(
    {
        "Abs",
        "Add",
        "And",
        "Cast",
        "Ceil",
        "Concat",
        "Constant",
        "Div",
        "Equal",
        "Expand",
        "Flatten",
        "Floor",
        "Gather",
        "Greater",
        "Identity",
        "Less",
        "Max",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Pow",
        "Range",
        "Reciprocal",
        "ReduceProd",
        "ReduceSum",
        "Reshape",
        "Slice",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tile",
        "Transpose",
        "Unsqueeze",
        "Where",
    }
)


def fold(node: Node) -> bool:
    """Replace a node by constants if its results are known now.

    Returns
    -------
    bool
        Whether it was replaced.
    """
    draft = node.draft
    if node.kind in {"Shape", "Size"}:
        draft.add_constant(node.output, _shape(node))
        return True
    given = [name for name in node.inputs if name]
    values = {name: draft.constant(name) for name in given}
    if any(array is None for array in values.values()):
        return False
    if node.kind == "ConstantOfShape":
        draft.add_constant(node.output, _filled(node))
        return True
    if node.kind not in _FOLDABLE:
        return False
    arrays = {name: array for name, array in values.items() if array is not None}
    for name, result in zip(node.outputs, _run(node, arrays), strict=True):
        if name:
            draft.add_constant(name, np.asarray(result))
    return True


def _shape(node: Node) -> Array:
    """Result of a Shape or Size node."""
    shape = np.array(node.shape(), np.int64)
    if node.kind == "Size":
        return np.asarray(shape.prod())
    return shape[node.whole("start", 0) : node.whole("end", len(shape))]


def _filled(node: Node) -> Array:
    """Result of a ConstantOfShape node: a view that takes no memory, however large."""
    value = node.attribute("value")
    scalar = np.zeros((), np.float32) if value is None else onnx.numpy_helper.to_array(value)
    return np.broadcast_to(scalar.reshape(()), tuple(node.constant(0).tolist()))


def _run(node: Node, values: dict[str, Array]) -> list[Array]:
    """Results of any other node, by ONNX's own reference implementation."""
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    del proto.input[:]
    proto.input.extend(node.inputs)
    graph = onnx.helper.make_graph(
        [proto],
        "constant",
        [
            onnx.helper.make_tensor_value_info(
                name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in values.items()
        ],
        [onnx.helper.make_empty_tensor_value_info(name) for name in proto.output],
    )
    opset = onnx.helper.make_opsetid("", node.opset)
    model = onnx.helper.make_model(graph, opset_imports=[opset])
    try:
        return list(ReferenceEvaluator(model).run(None, values))
    except Exception as error:  # the implementation checks little and fails in many ways
        raise ValueError(f"its constant inputs do not fit: {error}") from error
