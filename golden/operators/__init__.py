"""Operators of a graph: one class each, with shapes, matrix products and arithmetic."""

from golden.operators.arithmetic import Add, Div, Mul, Pow, Sub
from golden.operators.base import (
    Arithmetic,
    MatrixProduct,
    Operand,
    Operator,
    Product,
    ProductShape,
    exact_product,
)
from golden.operators.clip import Clip
from golden.operators.conv import Conv
from golden.operators.layout import Concat, Gather, Pad, Reshape, Slice, Transpose
from golden.operators.matmul import MatMul
from golden.operators.normalize import LRN, BatchNormalization, LayerNormalization, Softmax
from golden.operators.pool import AveragePool, MaxPool
from golden.operators.quantize import Cast, Dequantize, Quantize
from golden.operators.reduce import ReduceMean
from golden.operators.unary import Function, HardSigmoid, LeakyRelu, Unary
from golden.operators.window import Window

__all__ = [
    "LRN",
    "Add",
    "Arithmetic",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Clip",
    "Concat",
    "Conv",
    "Dequantize",
    "Div",
    "Function",
    "Gather",
    "HardSigmoid",
    "LayerNormalization",
    "LeakyRelu",
    "MatMul",
    "MatrixProduct",
    "MaxPool",
    "Mul",
    "Operand",
    "Operator",
    "Pad",
    "Pow",
    "Product",
    "ProductShape",
    "Quantize",
    "ReduceMean",
    "Reshape",
    "Slice",
    "Softmax",
    "Sub",
    "Transpose",
    "Unary",
    "Window",
    "exact_product",
]
