"""Functions on integers, by the rule of ONNX: on what the integers stand for."""

import numpy as np
import pytest

from golden.formats import INT8
from golden.graph import Requantization
from golden.operators import Arithmetic, Function, LeakyRelu, Operand, Quantize, Softmax, Unary
from golden.tensors import Quantization, Tensor

NAMES = {"name": "f", "inputs": ("x",), "outputs": ("y",)}
X = Tensor(name="x", shape=(256,), element=INT8, quantization=Quantization.of(0.05, 20))
Y = Tensor(name="y", shape=(256,), element=INT8, quantization=Quantization.of(0.03, -5))
CODES = np.arange(-128, 128).astype(np.int8)
REAL = (CODES - 20.0) * 0.05


@pytest.mark.parametrize(
    ("operator", "real"),
    [
        (Unary(**NAMES, function=Function.TANH), np.tanh(REAL)),
        (LeakyRelu(**NAMES, alpha=0.3), np.where(REAL > 0, REAL, 0.3 * REAL)),
        (Softmax(**NAMES, axis=0), np.exp(REAL) / np.exp(REAL).sum()),
        (Softmax(**NAMES, axis=0, beta=2.0), np.exp(2 * REAL) / np.exp(2 * REAL).sum()),
        (Quantize(**NAMES), REAL),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_nearest_integers(operator, real):
    (result,) = operator.compute([Operand(X, CODES)], [Y], Arithmetic())
    exact = np.clip(real / 0.03 - 5, -128, 127)
    assert result.dtype == np.int8
    assert np.abs(result - exact).max() < 0.501


def test_rule_of_tflite_defines_some():
    arithmetic = Arithmetic(requantization=Requantization.TFLITE)
    with pytest.raises(ValueError, match="Exp on integers is not defined by the rule tflite"):
        Unary(**NAMES, function=Function.EXP).compute([Operand(X, CODES)], [Y], arithmetic)
