"""Networks of floats, written so that onnxruntime quantizes them to what they compute.

It takes a Gemm's factor of the bias for 1, and a Relu or Clip for what the range of the integers
does anyway. Its own optimizations add computed matrices in a Gemm, which no engine does.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from golden.errors import UserError
from tilewright.quantization.sites import array_of, initializers, unique_name

__all__ = ["kept_in_floats", "not_negative", "prepare", "require_finite", "with_names"]

_PRODUCTS = ("Conv", "Gemm", "MatMul")


def require_finite(model: onnx.ModelProto, source: str) -> None:
    """Refuse constants that are no numbers.

    Raises
    ------
    UserError
        If there are some.
    """
    for tensor in model.graph.initializer:
        values = array_of(tensor)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise UserError(f"{source}: constant {tensor.name} holds an infinity or a NaN")


def with_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy with a name of its own for each operator; those without get the importer's."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    taken: set[str] = set()
    for node in copy.graph.node:
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}:{node.output[0]}"
        taken.add(node.name)
    return copy


def prepare(model: onnx.ModelProto) -> None:
    """Rewrite products: constants of their own, no factors, biases that are constant rows.

    Parameters
    ----------
    model : ModelProto
        It is changed.
    """
    _part_constants(model)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        model.graph.node.extend(_plain_gemm(model, node) if node.op_type == "Gemm" else [node])


def kept_in_floats(model: onnx.ModelProto) -> list[str]:
    """Names of operators that are to stay, with floats around them.

    A Softmax is one, a Pad by another number than 0, and a Relu or Clip that the range of the
    integers does not replace: that range always holds 0, and must not cut off what others see.
    """
    seen = {value.name for value in model.graph.output}
    return [node.name for node in model.graph.node if _stays(model, node, seen)]


def not_negative(model: onnx.ModelProto) -> set[str]:
    """Tensors whose least value is 0, by a Relu or a Clip."""
    return {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "Relu" or (node.op_type == "Clip" and _limit(model, node, 1) == 0)
    }


def _stays(model: onnx.ModelProto, node: onnx.NodeProto, seen: set[str]) -> bool:
    if node.op_type == "Softmax":
        return True
    if node.op_type == "Pad":
        return len(node.input) > 2 and _limit(model, node, 2) not in (0, np.inf)
    if node.op_type not in ("Relu", "Clip"):
        return False
    if node.input[0] in seen:
        return True
    low, high = _limit(model, node, 1), _limit(model, node, 2)
    return node.op_type == "Clip" and not low <= 0 <= high


def _limit(model: onnx.ModelProto, node: onnx.NodeProto, index: int) -> float:
    """A limit of a Clip; NaN if it is computed."""
    if len(node.input) <= index or not node.input[index]:
        return -np.inf if index == 1 else np.inf
    constant = initializers(model).get(node.input[index])
    return np.nan if constant is None else float(array_of(constant).item())


def _part_constants(model: onnx.ModelProto) -> None:
    """Give each product constants that no other operator reads."""
    constants, used = initializers(model), set[str]()
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if node.op_type in _PRODUCTS and index > 0 and name in constants and name in used:
                node.input[index] = _constant(model, name, array_of(constants[name]))
            used.add(name)


def _plain_gemm(model: onnx.ModelProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A Gemm whose factors are 1 and whose bias is a constant row, as far as that can be."""
    constants = initializers(model)
    factors = {entry.name: entry.f for entry in node.attribute if entry.name in ("alpha", "beta")}
    alpha, beta = factors.get("alpha", 1.0), factors.get("beta", 1.0)
    weights, bias = constants.get(node.input[1]), node.input[2] if len(node.input) > 2 else ""
    if (alpha != 1 and weights is None) or (beta != 1 and bias and bias not in constants):
        return [node]
    kept = [entry for entry in node.attribute if entry.name not in factors]
    inputs, result = list(node.input[:2]), node.output[0]
    if weights is not None and alpha != 1:
        inputs[1] = _constant(model, inputs[1], alpha * array_of(weights))
    row = _row(array_of(constants[bias]), node, weights) if bias in constants else None
    if row is not None:
        inputs.append(_constant(model, bias, beta * row))
    elif beta != 1 and bias:
        bias = _constant(model, bias, beta * array_of(constants[bias]))
    added = []
    if bias and row is None:
        result = f"{node.output[0]}/product"
        added = [helper.make_node("Add", [result, bias], node.output, name=f"{node.name}/bias")]
    product = helper.make_node("Gemm", inputs, [result], name=node.name)
    product.attribute.extend(kept)
    return [product, *added]


def _row(
    bias: NDArray[np.float32], node: onnx.NodeProto, weights: onnx.TensorProto | None
) -> NDArray[np.float32] | None:
    """A bias with an element for each column, if it is the same for all rows."""
    if weights is None or (bias.ndim == 2 and bias.shape[0] != 1):
        return None
    turned = any(entry.name == "transB" and entry.i for entry in node.attribute)
    return np.broadcast_to(bias.reshape(-1), (weights.dims[0 if turned else 1],))


def _constant(model: onnx.ModelProto, wanted: str, values: NDArray[np.float32]) -> str:
    """Name of a new constant."""
    name = unique_name(model, wanted)
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name
