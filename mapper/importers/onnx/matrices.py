"""Matrix multiplications of ONNX: MatMul and Gemm."""

from dataclasses import replace

import numpy as np

from golden.operators import Add, Dequantize, MatMul, Mul, Transpose
from golden.tensors import Quantization, Tensor
from mapper.importers.onnx.draft import Draft
from mapper.importers.onnx.node import Node

__all__ = ["gemm", "matmul", "multiply"]


def matmul(node: Node) -> None:
    """MatMul, of matrices and stacks of them."""
    a, w = node.shape(0), node.shape(1)
    if len(a) == 1 or len(w) == 1:
        raise ValueError(
            f"products of vectors, here of shapes {a} and {w}, are not supported: give the vector"
            " a second axis, of size 1"
        )
    node.draft.add(MatMul(**node.operands))


def gemm(node: Node) -> None:
    """Gemm."""
    multiply(
        node,
        (node.inputs[0], node.inputs[1]),
        node.inputs[2] if node.has(2) else None,
        node.output,
    )


def multiply(node: Node, matrices: tuple[str, str], bias: str | None, output: str) -> None:
    """``alpha * a' @ w' + beta * bias``, with the attributes of a Gemm node.

    Parameters
    ----------
    node : Node
        Gives ``transA``, ``transB``, ``alpha``, ``beta``.
    matrices : tuple of two str
        Left and right matrix, before transposition.
    bias : str, optional
        Broadcasts to (M, N).
    output : str
        Name of the result.
    """
    draft = node.draft
    a, w = matrices
    if node.whole("transA", 0):
        a = _transposed(draft, a)
    if node.whole("transB", 0):
        w = _transposed(draft, w)
    w = _scaled(draft, w, node.real("alpha", 1.0))
    inputs: tuple[str, ...] = (a, w)
    added = None
    if bias is not None:
        bias = _scaled(draft, bias, node.real("beta", 1.0))
        row = _as_row(draft, bias, draft.tensor(w).shape[1])
        inputs, added = ((a, w), bias) if row is None else ((a, w, row), None)
    product = output if added is None else draft.unique_tensor_name(f"{output}/product")
    draft.add(MatMul(name=node.name, inputs=inputs, outputs=(product,)))
    if added is not None:
        name = draft.unique_operator_name(f"{node.name}/add")
        draft.add(Add(name=name, inputs=(product, added), outputs=(output,)))


def _transposed(draft: Draft, matrix: str) -> str:
    """The transpose of a matrix: at once for constants, else by an operator."""
    name = draft.unique_tensor_name(f"{matrix}/transposed")
    source = draft.quantized_constant(matrix)
    values = draft.constant(matrix)
    if source is not None and source.data is not None:
        given = source.quantized
        quantization = replace(
            given,
            scale=given.scale.T,
            zero_point=given.zero_point.T,
            axis=None if given.axis is None else 1 - given.axis,
        )
        return _dequantized(draft, matrix, source, source.data.T, quantization, name)
    if values is not None:
        return draft.add_constant(name, values.T)
    operator = draft.unique_operator_name(name)
    draft.add(Transpose(name=operator, inputs=(matrix,), outputs=(name,), permutation=(1, 0)))
    return name


def _scaled(draft: Draft, matrix: str, factor: float) -> str:
    """``factor`` times a tensor: at once for constants, else by an operator."""
    if factor == 1:
        return matrix
    name = draft.unique_tensor_name(f"{matrix}/scaled")
    values = draft.constant(matrix)
    if values is not None:
        return draft.add_constant(name, values * values.dtype.type(factor))
    scalar = draft.add_constant(
        draft.unique_tensor_name(f"{matrix}/factor"), np.asarray(factor, np.float32)
    )
    operator = draft.unique_operator_name(name)
    draft.add(Mul(name=operator, inputs=(matrix, scalar), outputs=(name,)))
    return name


def _as_row(draft: Draft, bias: str, columns: int) -> str | None:
    """The bias with shape (columns,); None if it is another for each row, or computed."""
    shape = draft.tensor(bias).shape
    if shape == (columns,):
        return bias
    size = int(np.prod(shape))
    if size not in {1, columns} or (size > 1 and shape[-1] != columns):
        return None
    name = draft.unique_tensor_name(f"{bias}/row")
    values = draft.constant(bias)
    if values is not None:
        return draft.add_constant(name, np.broadcast_to(values.ravel(), (columns,)))
    source = draft.quantized_constant(bias)
    if source is None or source.data is None or source.quantized.scale.size not in {1, columns}:
        return None
    row = np.broadcast_to(source.data.ravel(), (columns,))
    given = source.quantized
    quantization = Quantization.of(given.scale, given.zero_point, None if given.axis is None else 0)
    return _dequantized(draft, bias, source, row, quantization, name)


def _dequantized(
    draft: Draft,
    real: str,
    source: Tensor,
    values: np.ndarray,
    quantization: Quantization,
    name: str,
) -> str:
    """Dequantize rearranged integers of the constant ``source``, which ``real`` comes from."""
    codes = draft.unique_tensor_name(f"{name}/codes")
    draft.add_tensor(
        Tensor(
            name=codes,
            shape=values.shape,
            element=source.element,
            quantization=quantization,
            data=values,
        )
    )
    operator = draft.unique_operator_name(f"{name}/dequantize")
    draft.add(
        Dequantize(name=operator, inputs=(codes,), outputs=(name,)),
        element=draft.tensor(real).element,
    )
    return name
