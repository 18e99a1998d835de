"""Quantization of ONNX: Q/DQ nodes, and QLinear operators taken apart into them.

A QLinear operator means: dequantize its inputs, compute, quantize the result. It is imported as
just that; folding then makes it one quantized operator, as it does with models in QDQ form.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx

from golden.formats import UINT8, IntFormat
from golden.operators import Dequantize, Quantize
from golden.tensors import Array, FloatType, Quantization, Tensor
from mapper.importers.onnx.draft import element_of
from mapper.importers.onnx.elementwise import add_softmax
from mapper.importers.onnx.matrices import multiply
from mapper.importers.onnx.node import Node, dtype_of

__all__ = [
    "dequantize_linear",
    "qgemm",
    "qlinear_concat",
    "qlinear_conv",
    "qlinear_matmul",
    "qlinear_softmax",
    "quantize_linear",
    "wrapped",
    "wrapped_pair",
]


def dequantize_linear(node: Node) -> None:
    """DequantizeLinear; with blocks only of constants."""
    node.draft.quantize(node.inputs[0], _linear_quantization(node))
    operands = {**node.operands, "inputs": node.inputs[:1]}
    node.draft.add(Dequantize(**operands), element=_scale_element(node, 1))


def quantize_linear(node: Node) -> None:
    """QuantizeLinear; of a constant it is done at once."""
    if node.whole("block_size", 0):
        raise ValueError("block_size is not supported: quantize per tensor or per channel")
    draft = node.draft
    quantization = _linear_quantization(node)
    element = _zero_point_format(node, 2)
    values = draft.constant(node.inputs[0])
    if values is not None:
        data = quantization.quantize(values, element)
        draft.add_tensor(
            Tensor(
                name=node.output,
                shape=data.shape,
                element=element,
                quantization=quantization,
                data=data,
            )
        )
        return
    operands = {**node.operands, "inputs": node.inputs[:1]}
    draft.add(Quantize(**operands), element=element, quantization=quantization)


def qlinear_conv(node: Node, conv: Callable[[Node], None]) -> None:
    """QLinearConv; ``conv`` imports the Conv inside."""
    reals = [_dequantized(node, 0, 1, 1), _dequantized(node, 3, 4, 0)]
    if node.has(8):
        reals.append(_dequantized_bias(node, 8, (1, 4)))
    _around(node, reals, (6, 7), conv)


def qlinear_matmul(node: Node, matmul: Callable[[Node], None]) -> None:
    """QLinearMatMul; ``matmul`` imports the MatMul inside."""
    last = len(node.shape(3)) - 1
    reals = [_dequantized(node, 0, 1, 1), _dequantized(node, 3, 4, last)]
    _around(node, reals, (6, 7), matmul)


def qgemm(node: Node) -> None:
    """QGemm of onnxruntime; without an output scale its result is float."""
    alpha = node.real("alpha", 1.0)
    axis = 0 if node.whole("transB", 0) else 1
    reals = [_dequantized(node, 0, 1, 1), _dequantized(node, 3, 4, axis)]
    bias = _dequantized_bias(node, 6, (1, 4), alpha) if node.has(6) else None
    output = _real_output(node, 7)
    multiply(node, (reals[0], reals[1]), bias, output)
    _quantize_output(node, output, 7, 8)


def qlinear_softmax(node: Node) -> None:
    """QLinearSoftmax of onnxruntime."""
    output = _real_output(node, 3)
    add_softmax(node, _dequantized(node, 0, 1, 1), output)
    _quantize_output(node, output, 3, 4)


def qlinear_concat(node: Node, concat: Callable[[Node], None]) -> None:
    """QLinearConcat of onnxruntime; ``concat`` imports the Concat inside."""
    reals = [_dequantized(node, i, i + 1, 1) for i in range(2, len(node.inputs), 3)]
    _around(node, reals, (0, 1), concat)


def wrapped(inner: Callable[[Node], None]) -> Callable[[Node], None]:
    """Importer of QLinear operators with one input: x, its scale and zero point, the output's."""

    def convert(node: Node) -> None:
        if node.whole("channels_last", 0):
            raise ValueError("channels_last is not supported: export with channels first")
        _around(node, [_dequantized(node, 0, 1, 1)], (3, 4), inner)

    return convert


def wrapped_pair(inner: Callable[[Node], None]) -> Callable[[Node], None]:
    """Importer of QLinear operators with two inputs, each with scale and zero point."""

    def convert(node: Node) -> None:
        reals = [_dequantized(node, 0, 1, 1), _dequantized(node, 3, 4, 1)]
        _around(node, reals, (6, 7), inner)

    return convert


def _around(
    node: Node, reals: list[str], quantization: tuple[int, int], inner: Callable[[Node], None]
) -> None:
    """Import the operator inside a QLinear operator, then quantize its result."""
    output = _real_output(node, quantization[0])
    proto = onnx.NodeProto()
    proto.CopyFrom(node.proto)
    proto.op_type = node.kind.removeprefix("QLinear")
    inner(replace(node, proto=proto, inputs=tuple(reals), outputs=(output,)))
    _quantize_output(node, output, *quantization)


def _real_output(node: Node, scale: int) -> str:
    """Name of the result before it is quantized."""
    return node.draft.unique_tensor_name(f"{node.output}/real") if node.has(scale) else node.output


def _quantize_output(node: Node, real: str, scale: int, zero_point: int) -> None:
    """Quantize the result, if the node gives a scale for it."""
    if not node.has(scale):
        return
    quantization = _quantization(node, scale, 1)
    node.draft.add(
        Quantize(
            name=node.draft.unique_operator_name(f"{node.name}/quantize"),
            inputs=(real,),
            outputs=(node.output,),
        ),
        element=_zero_point_format(node, zero_point),
        quantization=quantization,
    )


def _dequantized(node: Node, index: int, scale: int, axis: int) -> str:
    """The real numbers of an input whose scale and zero point are inputs too."""
    node.draft.quantize(node.inputs[index], _quantization(node, scale, axis))
    return _add_dequantize(node, node.inputs[index])


def _dequantized_bias(node: Node, index: int, scales: tuple[int, int], factor: float = 1.0) -> str:
    """The real numbers of an integer bias, whose scale is the product of two others."""
    scale = node.constant(scales[0]).ravel()[:1] * node.constant(scales[1]).ravel()
    scale = np.asarray(scale * np.float32(factor), np.float32)
    bias = node.draft.tensor(node.inputs[index])
    quantization = (
        Quantization.of(scale, 0, len(bias.shape) - 1)
        if scale.size > 1
        else Quantization.of(scale.item())
    )
    if bias.quantization is None:
        node.draft.quantize(bias.name, quantization)
        return _add_dequantize(node, bias.name)
    copy = node.draft.unique_tensor_name(f"{bias.name}/copy")
    node.draft.add_tensor(replace(bias, name=copy, quantization=quantization))
    return _add_dequantize(node, copy)


def _add_dequantize(node: Node, source: str) -> str:
    draft = node.draft
    real = draft.unique_tensor_name(f"{source}/real")
    name = draft.unique_operator_name(f"{real}/dequantize")
    draft.add(Dequantize(name=name, inputs=(source,), outputs=(real,)), element=FloatType.FLOAT32)
    return real


def _linear_quantization(node: Node) -> Quantization:
    """Quantization of a Q or DQ node; its axis counts only where there are several scales."""
    block_size = node.whole("block_size", 0)
    if block_size:
        return _blocks(node, block_size)
    several = _known(node, 1, "scale").size > 1
    return _quantization(node, 1, node.axis("axis", 1) if several else 0)


def _blocks(node: Node, block_size: int) -> Quantization:
    """Quantization with scales for blocks of a constant along an axis."""
    if node.draft.constant(node.inputs[0]) is None:
        raise ValueError("block_size is supported for constants alone: quantize per tensor")
    scale = _known(node, 1, "scale")
    zero_point = _known(node, 2, "zero point") if node.has(2) else np.zeros(scale.shape, np.int64)
    return Quantization(
        scale=scale.astype(np.float32),
        zero_point=zero_point.astype(np.int64),
        axis=node.axis("axis", 1),
        group_size=block_size,
    )


def _quantization(node: Node, scale: int, axis: int) -> Quantization:
    """Quantization from a scale and the zero point in the next input."""
    scales = _known(node, scale, "scale")
    zero_points = (
        _known(node, scale + 1, "zero point") if node.has(scale + 1) else np.zeros((), np.int64)
    )
    if scales.size == 1:
        return Quantization.of(scales.reshape(()), zero_points.reshape(()))
    return Quantization.of(scales, zero_points, axis)


def _known(node: Node, index: int, what: str) -> Array:
    values = node.draft.constant(node.inputs[index])
    if values is None:
        raise ValueError(
            f"the {what} {node.inputs[index]!r} is computed at run time: quantize the model"
            f" statically, with calibration data"
        )
    return values


def _zero_point_format(node: Node, index: int) -> IntFormat:
    """Format of a quantized output: that of its zero point, uint8 without one."""
    if node.has(index):
        _known(node, index, "zero point")
        element = node.draft.tensor(node.inputs[index]).element
    elif data_type := node.whole("output_dtype", 0):
        element = element_of(dtype_of(data_type))
    else:
        element = UINT8
    if not isinstance(element, IntFormat):
        raise ValueError(f"quantization to {element} is not supported, only to integers")
    return element


def _scale_element(node: Node, index: int) -> FloatType:
    """Element type of dequantized numbers: that of their scale."""
    return FloatType(_known(node, index, "scale").dtype.name)
