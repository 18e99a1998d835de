"""Convolution against onnxruntime and its definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8, IntFormat
from golden.graph import Clamp, Graph
from golden.operators import Conv, MatrixProduct, ProductShape, exact_product
from golden.tensors import FloatType, Quantization
from tests.support.onnx_oracle import (
    assert_agrees,
    make_model,
    random_values,
    run_model,
    single,
)
from tests.support.tensors import (
    INT32,
    ZERO_POINTS,
    activations,
    constant,
    float_input,
    floats,
    quantization,
)

CONVS = st.fixed_dictionaries(
    {
        "batch": st.integers(1, 2),
        "channels": st.integers(1, 3),
        "filters": st.integers(1, 3),
        "groups": st.integers(1, 3),
        "size": st.tuples(st.integers(1, 9), st.integers(1, 9)),
        "kernel": st.tuples(st.integers(1, 4), st.integers(1, 3)),
        "strides": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "dilations": st.tuples(st.integers(1, 2), st.integers(1, 3)),
        "pads": st.tuples(*[st.integers(0, 3)] * 4),
        "formats": st.tuples(st.sampled_from([INT8, UINT8]), st.sampled_from([INT8, UINT8])),
        "zero_points": st.tuples(*[st.sampled_from(ZERO_POINTS)] * 3),
        "per_channel": st.booleans(),
        "has_bias": st.booleans(),
        "clamp": st.sampled_from([Clamp(), Clamp(low=0.0), Clamp(low=-0.3, high=0.7)]),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def _fits(case):
    spans = [d * (k - 1) + 1 for d, k in zip(case["dilations"], case["kernel"], strict=True)]
    room = [
        s + b + e for s, b, e in zip(case["size"], case["pads"][:2], case["pads"][2:], strict=True)
    ]
    return all(span <= r for span, r in zip(spans, room, strict=True))


def _quantized_conv(case, weight_range=None):
    rng = np.random.default_rng(case["seed"])
    a_format, w_format = case["formats"]
    groups, filters = case["groups"], case["filters"] * case["groups"]
    a = activations(
        rng,
        (case["batch"], case["channels"] * groups, *case["size"]),
        a_format,
        where=case["zero_points"][0],
    )
    w_shape = (filters, case["channels"], *case["kernel"])
    channels = (0, filters) if case["per_channel"] else None
    w_quantization = quantization(rng, w_format, where=case["zero_points"][1], channels=channels)
    low, high = weight_range or (w_format.min, w_format.max)
    w = constant("w", rng.integers(low, high, w_shape, endpoint=True), w_format, w_quantization)
    inputs = [a, w]
    if case["has_bias"]:
        scale = a.quantized.scale * w_quantization.scale
        axis = 0 if case["per_channel"] else None
        values = rng.integers(-20000, 20000, filters)
        inputs.append(constant("b", values, INT32, Quantization.of(scale, 0, axis)))
    operator = Conv(
        name="conv",
        inputs=tuple(x.name for x in inputs),
        outputs=("y",),
        strides=case["strides"],
        dilations=case["dilations"],
        pads=case["pads"],
        groups=groups,
        clamp=case["clamp"],
    )
    reach = float(np.sqrt(case["channels"] * np.prod(case["kernel"])))
    out = quantization(rng, a_format, where=case["zero_points"][2], scale=0.01 * reach)
    graph = single(operator, inputs, a_format, out)
    return graph, {"a": random_values(rng, a)}


@given(case=CONVS.filter(_fits))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_agrees_with_onnxruntime(case):
    assert_agrees(*_quantized_conv(case))


@given(case=CONVS.filter(_fits))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_equals_qlinearconv(case):
    """Same float32 requantization, so not one bit differs.

    Weights of seven bits keep pairs of products within the 16 bits that some processors sum in.
    onnxruntime has no kernel for signed activations with unsigned weights.
    """
    a_format, w_format = case["formats"]
    w_format = INT8 if a_format.signed else w_format
    case = {**case, "clamp": Clamp(), "formats": (a_format, w_format)}
    graph, inputs = _quantized_conv(case, weight_range=(-64, 63) if w_format.signed else (0, 127))
    assert np.array_equal(evaluate(graph, inputs)["y"], _qlinear_conv(graph, inputs))


def _qlinear_conv(graph: Graph, inputs):
    (conv,) = graph.operators
    a, w, y = (graph.tensors[name] for name in ("a", "w", "y"))
    constants = {"w": w.data}
    for tensor in (a, w, y):
        constants[f"{tensor.name}_scale"] = tensor.quantized.scale
        zero_point = tensor.quantized.zero_point
        constants[f"{tensor.name}_zero"] = zero_point.astype(inputs["a"].dtype)
    constants["w_zero"] = w.quantized.zero_point.astype(w.data.dtype)
    names = ["a", "a_scale", "a_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero"]
    if len(conv.inputs) > 2:
        names.append("b")
        constants["b"] = graph.tensors["b"].data
    node = helper.make_node(
        "QLinearConv",
        names,
        ["y"],
        strides=conv.strides,
        dilations=conv.dilations,
        pads=conv.pads,
        group=conv.groups,
    )
    model = make_model([node], inputs, {"y": inputs["a"].dtype}, constants)
    return run_model(model, inputs)[0]


@given(case=CONVS.filter(_fits))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_float_agrees_with_onnxruntime(case):
    rng = np.random.default_rng(case["seed"])
    filters = case["filters"] * case["groups"]
    a = float_input("a", (case["batch"], case["channels"] * case["groups"], *case["size"]))
    w = floats("w", rng.normal(size=(filters, case["channels"], *case["kernel"])))
    b = floats("b", rng.normal(size=filters))
    operator = Conv(
        name="conv",
        inputs=("a", "w", "b"),
        outputs=("y",),
        strides=case["strides"],
        dilations=case["dilations"],
        pads=case["pads"],
        groups=case["groups"],
    )
    graph = single(operator, [a, w, b], FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(rng, a)})


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks(rank):
    rng = np.random.default_rng(rank)
    a = activations(rng, (2, 3, *[5] * rank))
    w = constant("w", rng.integers(-128, 127, (4, 3, *[2] * rank)), INT8, quantization(rng, INT8))
    operator = Conv(
        name="conv",
        inputs=("a", "w"),
        outputs=("y",),
        strides=(2,) * rank,
        dilations=(1,) * rank,
        pads=(1,) * 2 * rank,
    )
    graph = single(operator, [a, w], INT8, quantization(rng, INT8, scale=0.1))
    assert_agrees(graph, {"a": random_values(rng, a)})


def test_equals_the_definition_in_exact_arithmetic():
    """Loops over the specification's sum, on a case small enough."""
    rng = np.random.default_rng(3)
    a = activations(rng, (1, 4, 5, 6), UINT8)
    w_format = IntFormat(4)
    w_quantization = quantization(rng, w_format, channels=(0, 6))
    w = constant("w", rng.integers(-8, 8, (6, 2, 3, 2)), w_format, w_quantization)
    operator = Conv(
        name="conv",
        inputs=("a", "w"),
        outputs=("y",),
        strides=(2, 1),
        dilations=(1, 2),
        pads=(1, 0, 0, 1),
        groups=2,
    )
    out = quantization(rng, INT8, scale=0.2)
    graph = single(operator, [a, w], INT8, out)
    x = random_values(rng, a)
    y = evaluate(graph, {"a": x})["y"]
    za, zw = int(a.quantized.zero_point), w_quantization.zero_point
    for f, i, j in itertools.product(range(6), range(y.shape[2]), range(y.shape[3])):
        total = 0
        for c, ki, kj in itertools.product(range(2), range(3), range(2)):
            row, col = 2 * i + ki - 1, j + 2 * kj
            if 0 <= row < 5 and 0 <= col < 6:
                channel = 2 * (f // 3) + c
                total += (int(x[0, channel, row, col]) - za) * (int(w.data[f, c, ki, kj]) - zw[f])
        scale = a.quantized.scale * w_quantization.scale[f] / out.scale
        steps = np.rint(np.float32(total) * scale) + int(out.zero_point)
        assert y[0, f, i, j] == min(max(steps, -128), 127)


def test_products_from_shapes_are_those_computed():
    rng = np.random.default_rng(0)
    case = {
        "batch": 2,
        "channels": 3,
        "filters": 2,
        "groups": 2,
        "size": (5, 7),
        "kernel": (3, 2),
        "strides": (2, 1),
        "dilations": (1, 1),
        "pads": (1, 0, 1, 0),
        "formats": (UINT8, INT8),
        "zero_points": ("random", "random", "random"),
        "per_channel": True,
        "has_bias": True,
        "clamp": Clamp(),
        "seed": int(rng.integers(2**32)),
    }
    graph, inputs = _quantized_conv(case)
    seen: list[MatrixProduct] = []

    def product(given_product):
        seen.append(given_product)
        return exact_product(given_product)

    result = evaluate(graph, inputs, product=product)
    assert graph.products() == (ProductShape(name="conv", m=2 * 3 * 6, k=3 * 3 * 2, n=2, count=2),)
    assert [p.group for p in seen] == [0, 1]
    for p in seen:
        assert (p.operator, p.a.shape, p.w.shape) == ("conv", (36, 18), (18, 2))
        assert (p.a_format, p.w_format) == (UINT8, INT8)
        assert p.a.dtype == p.w.dtype == np.int64
        assert UINT8.contains(p.a.min(), p.a.max())
        assert INT8.contains(p.w.min(), p.w.max())
    assert np.array_equal(result["y"], evaluate(graph, inputs)["y"])


def _conv(**changes):
    return Conv(
        **{
            "name": "conv",
            "inputs": ("a", "w"),
            "outputs": ("y",),
            "strides": (1, 1),
            "dilations": (1, 1),
            "pads": (0, 0, 0, 0),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("changes", "shapes", "message"),
    [
        ({}, [(1, 3, 5), (4, 3, 3, 3)], "need the same 3 or more axes"),
        ({}, [(1, 3, 5, 5), (4, 2, 3, 3)], "3 channels in 1 groups do not fit weights"),
        ({"groups": 3}, [(1, 3, 5, 5), (4, 1, 3, 3)], "3 channels in 3 groups do not fit"),
        ({}, [(1, 3, 5, 5), (4, 3, 6, 3)], "extent 6 does not fit 5 elements padded by 0 and 0"),
        ({}, [(1, 3, 5, 5), (4, 3, 3, 3), (3,)], r"for 4 filters has shape \(4,\), not \(3,\)"),
        ({"strides": (0, 1)}, [(1, 3, 5, 5), (4, 3, 3, 3)], "strides and dilations are at least 1"),
        ({"strides": (1,)}, [(1, 3, 5, 5), (4, 3, 3, 3)], "strides must have 2 numbers"),
        ({"pads": (-1, 0, 0, 0)}, [(1, 3, 5, 5), (4, 3, 3, 3)], "pads are at least 0"),
    ],
)
def test_refuses(changes, shapes, message):
    with pytest.raises(ValueError, match=message):
        _conv(**changes).infer([float_input("x", shape) for shape in shapes])
