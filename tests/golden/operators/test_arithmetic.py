"""Elementwise arithmetic against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8, IntFormat
from golden.graph import Clamp
from golden.operators import Add, Div, Mul, Pow, Sub
from golden.tensors import FloatType, Tensor
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import ZERO_POINTS, activations, float_input, quantization

BINARY = {"name": "op", "inputs": ("a", "b"), "outputs": ("y",)}


@given(
    kind=st.sampled_from([Add, Sub, Mul]),
    shapes=st.sampled_from(
        [((2, 3, 9, 9), (2, 3, 9, 9)), ((1, 5, 30), (7, 1, 1)), ((40,), (5, 1)), ((200,), ())]
    ),
    element=st.sampled_from([INT8, UINT8]),
    zero_points=st.tuples(*[st.sampled_from(ZERO_POINTS)] * 3),
    clamp=st.sampled_from([Clamp(), Clamp(low=0.0), Clamp(low=0.0, high=0.5)]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_quantized_agrees_with_onnxruntime(kind, shapes, element, zero_points, clamp, seed):
    rng = np.random.default_rng(seed)
    inputs = [
        activations(rng, shape, element, name=name, where=where)
        for name, shape, where in zip("ab", shapes, zero_points, strict=False)
    ]
    out = quantization(rng, element, where=zero_points[2], scale=0.02)
    graph = single(kind(**BINARY, clamp=clamp), inputs, element, out)
    assert_agrees(graph, {x.name: random_values(rng, x) for x in inputs})


@pytest.mark.parametrize("kind", [Add, Sub, Mul, Div, Pow])
def test_float_agrees_with_onnxruntime(kind):
    rng = np.random.default_rng(5)
    inputs = [float_input("a", (3, 1, 7)), float_input("b", (4, 1))]
    values = {x.name: np.abs(random_values(rng, x)) for x in inputs}
    assert_agrees(single(kind(**BINARY), inputs, FloatType.FLOAT32), values)


@pytest.mark.parametrize("kind", [Add, Sub, Mul, Div])
def test_integers_agree_with_onnxruntime(kind):
    rng = np.random.default_rng(6)
    element = IntFormat(64)
    inputs = [Tensor(name=name, shape=(50,), element=element) for name in "ab"]
    values = {
        "a": rng.integers(-100, 100, 50),
        "b": rng.choice([-7, -3, -1, 1, 2, 9], 50),
    }
    assert_agrees(single(kind(**BINARY), inputs, element), values)


def test_division_by_zero_is_infinite():
    inputs = [float_input("a", (3,)), float_input("b", (3,))]
    graph = single(Div(**BINARY), inputs, FloatType.FLOAT32)
    values = {"a": np.float32([1, -1, 0]), "b": np.float32([0, 0, 0])}
    expected = np.float32([np.inf, -np.inf, np.nan])
    assert np.array_equal(evaluate(graph, values)["y"], expected, equal_nan=True)


def test_refuses_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"shapes \(2, 3\) and \(4,\) do not broadcast"):
        Add(**BINARY).infer([float_input("a", (2, 3)), float_input("b", (4,))])
