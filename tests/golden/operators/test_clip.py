"""Clamping against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8
from golden.graph import Clamp
from golden.operators import Clip
from golden.tensors import FloatType
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import ZERO_POINTS, activations, float_input, quantization

NAMES = {"name": "clip", "inputs": ("a",), "outputs": ("y",)}
CLAMPS = [Clamp(), Clamp(low=0.0), Clamp(low=-0.2, high=0.4), Clamp(high=-0.1)]


@pytest.mark.parametrize("clamp", CLAMPS)
def test_float_equals_onnxruntime(clamp):
    a = float_input("a", (2, 60))
    graph = single(Clip(**NAMES, clamp=clamp), [a], FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(np.random.default_rng(0), a)})


@given(
    clamp=st.sampled_from(CLAMPS),
    formats=st.tuples(*[st.sampled_from([INT8, UINT8])] * 2),
    zero_points=st.tuples(*[st.sampled_from(ZERO_POINTS)] * 2),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_agrees_with_onnxruntime(clamp, formats, zero_points, seed):
    rng = np.random.default_rng(seed)
    a = activations(rng, (2, 60), formats[0], where=zero_points[0])
    out = quantization(rng, formats[1], where=zero_points[1])
    graph = single(Clip(**NAMES, clamp=clamp), [a], formats[1], out)
    assert_agrees(graph, {"a": random_values(rng, a)})


def test_nan_stays():
    graph = single(Clip(**NAMES, clamp=Clamp(low=0.0)), [float_input("a", (3,))], FloatType.FLOAT32)
    result = evaluate(graph, {"a": np.float32([-1, np.nan, 2])})["y"]
    assert np.array_equal(result, np.float32([0, np.nan, 2]), equal_nan=True)
