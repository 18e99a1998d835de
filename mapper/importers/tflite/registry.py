"""Which TFLite operator is imported how."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mapper.importers.tflite import elementwise, layout, matrices, windows
from mapper.importers.tflite.node import Node

__all__ = ["SUPPORTED", "convert"]

_CONVERTERS: Mapping[str, Callable[[Node], None]] = MappingProxyType(
    {
        "ADD": elementwise.add,
        "AVERAGE_POOL_2D": windows.average_pool,
        "CONCATENATION": layout.concatenation,
        "CONV_2D": windows.conv,
        "DEPTHWISE_CONV_2D": windows.depthwise_conv,
        "DEQUANTIZE": elementwise.dequantize,
        "EXPAND_DIMS": layout.expand_dims,
        "FULLY_CONNECTED": matrices.fully_connected,
        "LEAKY_RELU": elementwise.leaky_relu,
        "LOGISTIC": elementwise.logistic,
        "MAX_POOL_2D": windows.max_pool,
        "MEAN": elementwise.mean,
        "MUL": elementwise.mul,
        "PAD": layout.pad,
        "PADV2": layout.pad,
        "QUANTIZE": elementwise.quantize,
        "RELU": elementwise.relu,
        "RELU6": elementwise.relu6,
        "RELU_N1_TO_1": elementwise.relu_n1_to_1,
        "RESHAPE": layout.reshape,
        "SOFTMAX": elementwise.softmax,
        "SQUEEZE": layout.squeeze,
        "SUB": elementwise.sub,
        "TANH": elementwise.tanh,
        "TRANSPOSE": layout.transpose,
    }
)

_LOOP = "export the model with control flow unrolled"
_ADVICE: Mapping[str, str] = MappingProxyType({"IF": _LOOP, "WHILE": _LOOP, "CALL": _LOOP})

SUPPORTED = tuple(sorted(_CONVERTERS))
"""Operator types that are imported."""


def convert(node: Node) -> None:
    """Put an operator into its draft.

    Raises
    ------
    ValueError
        If the operator is not supported, or not in this form.
    """
    converter = _CONVERTERS.get(node.kind)
    if converter is None:
        advice = _ADVICE.get(node.kind, f"rewrite the model with these: {', '.join(SUPPORTED)}")
        raise ValueError(f"operator type {node.kind} is not supported; {advice}")
    converter(node)
