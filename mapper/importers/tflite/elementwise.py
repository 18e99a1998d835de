"""Operators of TFLite that compute element by element, or along one axis."""

from golden.arith.requantize import Clamp
from golden.operators import (
    Add,
    Clip,
    Dequantize,
    Function,
    LeakyRelu,
    Mul,
    Quantize,
    ReduceMean,
    Softmax,
    Sub,
    Unary,
)
from golden.tensors import Quantization
from mapper.importers.tflite.draft import Layout
from mapper.importers.tflite.node import Node

__all__ = [
    "add",
    "dequantize",
    "leaky_relu",
    "logistic",
    "mean",
    "mul",
    "quantize",
    "relu",
    "relu6",
    "relu_n1_to_1",
    "softmax",
    "sub",
    "tanh",
]

_FROM_0_TO_1 = Quantization.of(1 / 256, -128)
_FROM_MINUS_1_TO_1 = Quantization.of(1 / 128, 0)
"""How kernels write results of known range."""


def add(node: Node) -> None:
    """ADD."""
    _binary(node, Add)


def sub(node: Node) -> None:
    """SUB."""
    _binary(node, Sub)


def mul(node: Node) -> None:
    """MUL."""
    _binary(node, Mul)


def relu(node: Node) -> None:
    """RELU."""
    _clip(node, Clamp(low=0))


def relu6(node: Node) -> None:
    """RELU6."""
    _clip(node, Clamp(low=0, high=6))


def relu_n1_to_1(node: Node) -> None:
    """RELU_N1_TO_1."""
    _clip(node, Clamp(low=-1, high=1))


def leaky_relu(node: Node) -> None:
    """LEAKY_RELU."""
    node.require_operands(0)
    layout = node.common_layout([0])
    operands = node.operands([node.tensor(0, layout)], layout)
    node.add(LeakyRelu(**operands, alpha=node.option("Alpha")), layout)


def logistic(node: Node) -> None:
    """LOGISTIC."""
    _unary(node, Function.SIGMOID, _FROM_0_TO_1)


def softmax(node: Node) -> None:
    """SOFTMAX, along the last axis of the file."""
    _require_output(node, _FROM_0_TO_1)
    layout = node.common_layout([0])
    axis = layout.axis(node.axis(-1, len(node.shape())))
    operands = node.operands([node.tensor(0, layout)], layout)
    node.add(Softmax(**operands, axis=axis, beta=node.option("Beta")), layout)


def tanh(node: Node) -> None:
    """TANH."""
    _unary(node, Function.TANH, _FROM_MINUS_1_TO_1)


def mean(node: Node) -> None:
    """MEAN; channels stay first where the other axes keep their order."""
    node.require_operands(0)
    rank = len(node.shape())
    axes = {node.axis(int(axis), rank) for axis in node.constant(1).ravel()}
    keep = bool(node.option("KeepDims", 0))
    layout = node.common_layout([0])
    rest = [axis for axis in layout.value if axis not in axes]
    if layout is Layout.CHANNELS_FIRST and not keep and rest != sorted(rest):
        layout = Layout.FILE
    operands = node.operands([node.tensor(0, layout)], layout if keep else Layout.FILE)
    reduced = tuple(sorted(layout.axis(axis) for axis in axes))
    operator = ReduceMean(**operands, axes=reduced, keep_axes=keep)
    node.add(operator, layout if keep else Layout.FILE)


def quantize(node: Node) -> None:
    """QUANTIZE, of floats or of integers quantized otherwise."""
    _require_quantized(node, node.output)
    if node.draft.quantization(node.input(0)) is None:
        node.require_float(node.input(0))
    layout = node.common_layout([0])
    node.add(Quantize(**node.operands([node.tensor(0, layout)], layout)), layout)


def dequantize(node: Node) -> None:
    """DEQUANTIZE."""
    _require_quantized(node, node.input(0))
    node.require_float(node.output)
    layout = node.common_layout([0])
    node.add(Dequantize(**node.operands([node.tensor(0, layout)], layout)), layout)


def _binary(node: Node, operator: type[Add] | type[Sub] | type[Mul]) -> None:
    node.require_operands(0, 1)
    layout = node.common_layout([0, 1])
    inputs = [node.tensor(position, layout) for position in (0, 1)]
    node.add_clamped(operator(**node.operands(inputs, layout)), layout)


def _clip(node: Node, clamp: Clamp) -> None:
    node.require_operands(0)
    layout = node.common_layout([0])
    node.add(Clip(**node.operands([node.tensor(0, layout)], layout), clamp=clamp), layout)


def _unary(node: Node, function: Function, output: Quantization) -> None:
    _require_output(node, output)
    layout = node.common_layout([0])
    operands = node.operands([node.tensor(0, layout)], layout)
    node.add(Unary(**operands, function=function), layout)


def _require_output(node: Node, output: Quantization) -> None:
    """Check that the output holds floats, or is quantized as the kernels write it."""
    if node.require_operands(0):
        return
    quantization = node.draft.quantization(node.output)
    if quantization is None or not quantization.equals(output):
        raise ValueError(
            f"its output must have scale {output.scale} and zero point {output.zero_point}"
        )


def _require_quantized(node: Node, index: int) -> None:
    if node.draft.quantization(index) is None:
        raise ValueError(f"tensor {node.draft.name(index)!r} has no scale")
