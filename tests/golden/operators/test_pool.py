"""Pooling against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8
from golden.operators import AveragePool, MaxPool, Window
from golden.tensors import FloatType
from tests.support.onnx_oracle import (
    assert_agrees,
    make_model,
    random_values,
    run_model,
    single,
)
from tests.support.tensors import ZERO_POINTS, activations, float_input, quantization

NAMES = {"name": "pool", "inputs": ("a",), "outputs": ("y",)}


@st.composite
def windows(draw, dilated):
    """A window and a spatial shape that it fits, with less padding than the kernel is long."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    strides = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilations = draw(st.tuples(st.integers(1, 2), st.integers(1, 2))) if dilated else (1, 1)
    pads = draw(st.tuples(*[st.integers(0, size - 1) for size in (*kernel, *kernel)]))
    window = Window(
        kernel=kernel,
        strides=strides,
        dilations=dilations,
        pads=pads,
        ceil_mode=draw(st.booleans()),
    )
    size = draw(st.tuples(*[st.integers(e, e + 8) for e in window.extent]))
    return window, size


@given(
    case=windows(dilated=True),
    element=st.sampled_from([INT8, UINT8, FloatType.FLOAT32]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_max_pool_agrees_with_onnxruntime(case, element, seed):
    window, size = case
    rng = np.random.default_rng(seed)
    shape = (2, 3, *size)
    if isinstance(element, FloatType):
        a, out = float_input("a", shape), None
    else:
        a, out = activations(rng, shape, element), quantization(rng, element)
    graph = single(MaxPool(**NAMES, window=window), [a], element, out)
    assert_agrees(graph, {"a": random_values(rng, a)})


@given(
    case=windows(dilated=False),
    element=st.sampled_from([INT8, UINT8, FloatType.FLOAT32]),
    include=st.booleans(),
    zero_points=st.tuples(*[st.sampled_from(ZERO_POINTS)] * 2),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_average_pool_agrees_with_onnxruntime(case, element, include, zero_points, seed):
    window, size = case
    rng = np.random.default_rng(seed)
    shape = (2, 3, *size)
    if isinstance(element, FloatType):
        a, out = float_input("a", shape), None
    else:
        a = activations(rng, shape, element, where=zero_points[0])
        out = quantization(rng, element, where=zero_points[1])
    operator = AveragePool(**NAMES, window=window, count_include_pad=include)
    assert_agrees(single(operator, [a], element, out), {"a": random_values(rng, a)})


@pytest.mark.parametrize("element", [INT8, UINT8])
@pytest.mark.parametrize("size", [(7, 7), (5, 3), (1, 1)])
def test_equals_qlinearglobalaveragepool(element, size):
    """Same float32 requantization, so not one bit differs."""
    rng = np.random.default_rng(sum(size))
    a = activations(rng, (2, 16, *size), element)
    out = quantization(rng, element)
    graph = single(AveragePool(**NAMES, window=Window(kernel=size)), [a], element, out)
    inputs = {"a": random_values(rng, a)}
    constants = {
        "a_scale": a.quantized.scale,
        "a_zero": a.quantized.zero_point.astype(element.name),
        "y_scale": out.scale,
        "y_zero": out.zero_point.astype(element.name),
    }
    node = helper.make_node(
        "QLinearGlobalAveragePool", ["a", *constants], ["y"], domain="com.microsoft"
    )
    model = make_model([node], inputs, {"y": element.name}, constants)
    assert np.array_equal(evaluate(graph, inputs)["y"], run_model(model, inputs)[0])


def test_padding_never_wins_a_maximum():
    a = activations(np.random.default_rng(0), (1, 1, 2, 2))
    window = Window(kernel=(2, 2), pads=(1, 1, 1, 1))
    graph = single(MaxPool(**NAMES, window=window), [a], INT8, a.quantization)
    values = np.full((1, 1, 2, 2), -128, np.int8)
    assert np.all(evaluate(graph, {"a": values})["y"] == -128)


@pytest.mark.parametrize("kind", [MaxPool, AveragePool])
def test_refuses_other_ranks(kind):
    with pytest.raises(ValueError, match=r"pooling takes .* not shape \(2, 3\)"):
        kind(**NAMES, window=Window(kernel=(2,))).infer([float_input("a", (2, 3))])
