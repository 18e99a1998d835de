"""Which ONNX operator is imported how."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from mapper.importers.onnx import elementwise, layout, matrices, nbits, quantized, windows
from mapper.importers.onnx.constants import fold
from mapper.importers.onnx.node import Node

__all__ = ["SUPPORTED", "convert"]

_DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})

_CONVERTERS: Mapping[str, Callable[[Node], None]] = MappingProxyType(
    {
        "Abs": elementwise.unary,
        "Add": elementwise.add,
        "AveragePool": windows.average_pool,
        "BatchNormalization": elementwise.batch_normalization,
        "Cast": elementwise.cast,
        "Clip": elementwise.clip,
        "Concat": layout.concat,
        "Conv": windows.conv,
        "DequantizeLinear": quantized.dequantize_linear,
        "Div": elementwise.div,
        "Dropout": layout.forward,
        "Erf": elementwise.unary,
        "Exp": elementwise.unary,
        "Flatten": layout.flatten,
        "Gather": layout.gather,
        "Gelu": elementwise.gelu,
        "Gemm": matrices.gemm,
        "GlobalAveragePool": windows.global_average_pool,
        "GlobalMaxPool": windows.global_max_pool,
        "HardSigmoid": elementwise.hard_sigmoid,
        "HardSwish": elementwise.unary,
        "Identity": layout.forward,
        "LRN": elementwise.lrn,
        "LayerNormalization": elementwise.layer_normalization,
        "LeakyRelu": elementwise.leaky_relu,
        "Log": elementwise.unary,
        "MatMul": matrices.matmul,
        "MatMulNBits": nbits.matmul_nbits,
        "MaxPool": windows.max_pool,
        "Mul": elementwise.mul,
        "Neg": elementwise.unary,
        "Pad": layout.pad,
        "Pow": elementwise.power,
        "QGemm": quantized.qgemm,
        "QLinearAdd": quantized.wrapped_pair(elementwise.add),
        "QLinearAveragePool": quantized.wrapped(windows.average_pool),
        "QLinearConcat": partial(quantized.qlinear_concat, concat=layout.concat),
        "QLinearConv": partial(quantized.qlinear_conv, conv=windows.conv),
        "QLinearGlobalAveragePool": quantized.wrapped(windows.global_average_pool),
        "QLinearLeakyRelu": quantized.wrapped(elementwise.leaky_relu),
        "QLinearMatMul": partial(quantized.qlinear_matmul, matmul=matrices.matmul),
        "QLinearMul": quantized.wrapped_pair(elementwise.mul),
        "QLinearSigmoid": quantized.wrapped(elementwise.unary),
        "QLinearSoftmax": quantized.qlinear_softmax,
        "QuantizeLinear": quantized.quantize_linear,
        "Reciprocal": elementwise.unary,
        "ReduceMean": elementwise.reduce_mean,
        "Relu": elementwise.relu,
        "Reshape": layout.reshape,
        "Sigmoid": elementwise.unary,
        "Slice": layout.slice_,
        "Softmax": elementwise.softmax,
        "Split": layout.split,
        "Sqrt": elementwise.unary,
        "Squeeze": layout.squeeze,
        "Sub": elementwise.sub,
        "Sum": elementwise.sum_all,
        "Tanh": elementwise.unary,
        "Transpose": layout.transpose,
        "Unsqueeze": layout.unsqueeze,
    }
)

_DYNAMIC = "quantize the model statically, with calibration data"
_LOOP = "export the model with control flow unrolled"
_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "ConvInteger": _DYNAMIC,
        "DynamicQuantizeLinear": _DYNAMIC,
        "MatMulInteger": _DYNAMIC,
        "If": _LOOP,
        "Loop": _LOOP,
        "Scan": _LOOP,
    }
)

SUPPORTED = tuple(sorted(_CONVERTERS))
"""Operator types that are imported; more are taken where they depend on no input."""


def convert(node: Node) -> None:
    """Put a node into its draft.

    Raises
    ------
    ValueError
        If the operator is not supported, or not in this form.
    """
    known = node.proto.domain in _DOMAINS
    if known and fold(node):
        return
    converter = _CONVERTERS.get(node.kind) if known else None
    if converter is None:
        domain = "" if known else f" of domain {node.proto.domain!r}"
        advice = _ADVICE.get(node.kind, f"rewrite the model with these: {', '.join(SUPPORTED)}")
        raise ValueError(f"operator type {node.kind}{domain} is not supported; {advice}")
    converter(node)
