"""Convolutions and pools of TFLite."""

import tflite

from golden.operators import AveragePool, Conv, MaxPool, Window
from golden.operators.window import same_pads
from golden.tensors import Shape, Tensor
from mapper.importers.tflite.draft import Layout
from mapper.importers.tflite.node import Node
from mapper.importers.tflite.weights import add_bias, add_weights

__all__ = ["average_pool", "conv", "depthwise_conv", "max_pool"]

_FIRST = Layout.CHANNELS_FIRST


def conv(node: Node) -> None:
    """CONV_2D; filters that take fewer channels than there are make groups."""
    x = _operand(node)
    weights = add_weights(node, 0, (0, 3, 1, 2))
    taken = weights.shape[1]
    if not taken or x.shape[1] % taken:
        raise ValueError(f"filters of {taken} channels do not divide {x.shape[1]} channels")
    _add_conv(node, x, weights, x.shape[1] // taken)


def depthwise_conv(node: Node) -> None:
    """DEPTHWISE_CONV_2D: each channel makes a group."""
    x = _operand(node)
    weights = add_weights(node, 3, (3, 0, 1, 2))
    _add_conv(node, x, weights, x.shape[1])


def average_pool(node: Node) -> None:
    """AVERAGE_POOL_2D; padding does not count."""
    x = node.image()
    node.require_operands(0)
    node.require_same_quantization(0)
    operands = node.operands([x], _FIRST)
    node.add_clamped(AveragePool(**operands, window=_pool_window(node, x)), _FIRST)


def max_pool(node: Node) -> None:
    """MAX_POOL_2D."""
    x = node.image()
    node.require_operands(0)
    node.require_same_quantization(0)
    operands = node.operands([x], _FIRST)
    node.add_clamped(MaxPool(**operands, window=_pool_window(node, x)), _FIRST)


def _operand(node: Node) -> Tensor:
    """Activations of a convolution, in the type of its weights."""
    node.require_product()
    return node.image()


def _add_conv(node: Node, x: Tensor, weights: Tensor, groups: int) -> None:
    dilations = (node.option("DilationHFactor"), node.option("DilationWFactor"))
    window = _window(node, x, weights.shape[2:], dilations)
    inputs = (x, weights, *add_bias(node, x, weights))
    node.add_clamped(
        Conv(
            **node.operands(inputs, _FIRST),
            strides=window.strides,
            dilations=window.dilations,
            pads=window.pads,
            groups=groups,
        ),
        _FIRST,
    )


def _pool_window(node: Node, x: Tensor) -> Window:
    return _window(node, x, (node.option("FilterHeight"), node.option("FilterWidth")), (1, 1))


def _window(node: Node, x: Tensor, kernel: Shape, dilations: tuple[int, int]) -> Window:
    """Window of an operator, its padding worked out."""
    strides = (node.option("StrideH"), node.option("StrideW"))
    plain = Window(kernel=kernel, strides=strides, dilations=dilations)
    match node.option("Padding"):
        case tflite.Padding.VALID:
            return plain
        case tflite.Padding.SAME:
            pads = same_pads(x.shape[2:], kernel, strides, dilations)
            return Window(kernel=kernel, strides=strides, dilations=dilations, pads=pads)
        case other:
            raise ValueError(f"padding {other} is neither SAME nor VALID")
