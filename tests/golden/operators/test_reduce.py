"""Means over axes against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.formats import INT8, UINT8
from golden.graph import Clamp
from golden.operators import ReduceMean
from golden.tensors import FloatType
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import ZERO_POINTS, activations, float_input, quantization

NAMES = {"name": "mean", "inputs": ("a",), "outputs": ("y",)}
SHAPE = (2, 3, 4, 5)
OPERATORS = [
    ReduceMean(**NAMES, axes=(1, 3)),
    ReduceMean(**NAMES, axes=(2,), keep_axes=False),
    ReduceMean(**NAMES, axes=(0, 1, 2, 3), keep_axes=False),
]


@pytest.mark.parametrize("operator", OPERATORS)
def test_float_agrees_with_onnxruntime(operator):
    a = float_input("a", SHAPE)
    graph = single(operator, [a], FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(np.random.default_rng(0), a)})


@given(
    operator=st.sampled_from([*OPERATORS, ReduceMean(**NAMES, axes=(2,), clamp=Clamp(low=0.0))]),
    formats=st.tuples(*[st.sampled_from([INT8, UINT8])] * 2),
    zero_points=st.tuples(*[st.sampled_from(ZERO_POINTS)] * 2),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_agrees_with_onnxruntime(operator, formats, zero_points, seed):
    rng = np.random.default_rng(seed)
    a = activations(rng, SHAPE, formats[0], where=zero_points[0])
    out = quantization(rng, formats[1], where=zero_points[1])
    assert_agrees(single(operator, [a], formats[1], out), {"a": random_values(rng, a)})


def test_refuses_axes_that_are_none():
    with pytest.raises(ValueError, match=r"\(0, 2\) are not axes of shape \(2, 3\)"):
        ReduceMean(**NAMES, axes=(0, 2)).infer([float_input("a", (2, 3))])
