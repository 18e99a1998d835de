"""Functions of one number against onnxruntime."""

import numpy as np
import pytest

from golden.operators import Function, HardSigmoid, LeakyRelu, Unary
from golden.tensors import FloatType
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import float_input

NAMES = {"name": "op", "inputs": ("a",), "outputs": ("y",)}


@pytest.mark.parametrize(
    "operator",
    [
        *[Unary(**NAMES, function=function) for function in Function],
        LeakyRelu(**NAMES, alpha=0.1),
        HardSigmoid(**NAMES, alpha=0.3, beta=0.4),
    ],
    ids=lambda op: op.kind,
)
def test_agrees_with_onnxruntime(operator):
    a = float_input("a", (2, 6, 4, 5))
    values = 3 * random_values(np.random.default_rng(8), a)
    if operator.kind in {"Log", "Sqrt"}:
        values = np.abs(values)
    assert_agrees(single(operator, [a], FloatType.FLOAT32), {"a": values})
