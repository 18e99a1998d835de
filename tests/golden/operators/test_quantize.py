"""Quantize, Dequantize and Cast against onnxruntime."""

import numpy as np
import pytest

from golden.formats import INT8, UINT8, IntFormat
from golden.operators import Cast, Dequantize, Quantize
from golden.tensors import FloatType, Tensor
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import float_input, quantization

NAMES = {"name": "op", "inputs": ("a",), "outputs": ("y",)}
SHAPE = (3, 6, 50)


@pytest.mark.parametrize("element", [INT8, UINT8, IntFormat(16)])
@pytest.mark.parametrize("channels", [None, (1, 6)])
def test_quantize_and_dequantize_agree_with_onnxruntime(element, channels):
    rng = np.random.default_rng(11)
    given = quantization(rng, element, channels=channels)
    real = float_input("a", SHAPE)
    graph = single(Quantize(**NAMES), [real], element, given)
    assert_agrees(graph, {"a": random_values(rng, real)})
    codes = Tensor(name="a", shape=SHAPE, element=element, quantization=given)
    graph = single(Dequantize(**NAMES), [codes], FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(rng, codes)})


@pytest.mark.parametrize("element", [FloatType.FLOAT64, FloatType.FLOAT16, IntFormat(32)])
def test_cast_agrees_with_onnxruntime(element):
    a = float_input("a", SHAPE)
    graph = single(Cast(**NAMES, element=element), [a], element)
    assert_agrees(graph, {"a": 9 * random_values(np.random.default_rng(0), a)})
