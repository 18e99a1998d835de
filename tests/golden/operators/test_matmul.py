"""Matrix multiplication against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8, IntFormat
from golden.graph import Clamp
from golden.operators import MatMul, ProductShape, exact_product
from golden.tensors import FloatType, Quantization, Tensor
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

CASES = st.fixed_dictionaries(
    {
        "leading": st.lists(st.integers(1, 3), max_size=2),
        "m": st.integers(1, 7),
        "k": st.integers(1, 40),
        "n": st.integers(1, 7),
        "formats": st.tuples(st.sampled_from([INT8, UINT8]), st.sampled_from([INT8, UINT8])),
        "zero_points": st.tuples(*[st.sampled_from(ZERO_POINTS)] * 3),
        "per_channel": st.booleans(),
        "has_bias": st.booleans(),
        "clamp": st.sampled_from([Clamp(), Clamp(low=0.0), Clamp(low=-0.3, high=0.7)]),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def _matmul(inputs, **changes):
    return MatMul(name="matmul", inputs=tuple(x.name for x in inputs), outputs=("y",), **changes)


def _case(case, weight_range=None):
    rng = np.random.default_rng(case["seed"])
    a_format, w_format = case["formats"]
    k, n = case["k"], case["n"]
    a = activations(rng, (*case["leading"], case["m"], k), a_format, where=case["zero_points"][0])
    w_quantization = quantization(
        rng,
        w_format,
        where=case["zero_points"][1],
        channels=(1, n) if case["per_channel"] else None,
    )
    low, high = weight_range or (w_format.min, w_format.max)
    w = constant("w", rng.integers(low, high, (k, n), endpoint=True), w_format, w_quantization)
    inputs = [a, w]
    if case["has_bias"]:
        scale = a.quantized.scale * w_quantization.scale
        axis = 0 if case["per_channel"] else None
        values = rng.integers(-20000, 20000, n)
        inputs.append(constant("b", values, INT32, Quantization.of(scale, 0, axis)))
    out = quantization(rng, a_format, where=case["zero_points"][2], scale=0.01 * np.sqrt(k))
    graph = single(_matmul(inputs, clamp=case["clamp"]), inputs, a_format, out)
    return graph, {"a": random_values(rng, a)}


@given(case=CASES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_agrees_with_onnxruntime(case):
    assert_agrees(*_case(case))


@given(case=CASES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_quantized_equals_qlinearmatmul(case):
    """Same float32 requantization, so not one bit differs (see the test of QLinearConv)."""
    a_format, w_format = case["formats"]
    w_format = INT8 if a_format.signed else w_format
    changes = {"has_bias": False, "clamp": Clamp(), "formats": (a_format, w_format)}
    graph, inputs = _case(
        {**case, **changes}, weight_range=(-64, 63) if w_format.signed else (0, 127)
    )
    tensors = [graph.tensors[name] for name in ("a", "w", "y")]
    constants = {"w": tensors[1].data}
    for tensor in tensors:
        constants[f"{tensor.name}_scale"] = tensor.quantized.scale
        dtype = w_format if tensor.name == "w" else case["formats"][0]
        constants[f"{tensor.name}_zero"] = tensor.quantized.zero_point.astype(dtype.name)
    names = ["a", "a_scale", "a_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero"]
    node = helper.make_node("QLinearMatMul", names, ["y"])
    model = make_model([node], inputs, {"y": inputs["a"].dtype}, constants)
    assert np.array_equal(evaluate(graph, inputs)["y"], run_model(model, inputs)[0])


def test_both_sides_computed():
    """Attention: each head is a product of its own, with its own operands."""
    rng = np.random.default_rng(2)
    a = activations(rng, (2, 3, 5, 8), UINT8)
    w = activations(rng, (3, 8, 4), INT8, name="w")
    graph = single(_matmul([a, w]), [a, w], UINT8, quantization(rng, UINT8, scale=0.05))
    inputs = {"a": random_values(rng, a), "w": random_values(rng, w)}
    seen = []

    def product(given_product):
        seen.append((given_product.group, given_product.a.shape, given_product.w.shape))
        return exact_product(given_product)

    evaluate(graph, inputs, product=product)
    assert seen == [(group, (5, 8), (8, 4)) for group in range(6)]
    assert graph.products() == (ProductShape(name="matmul", m=5, k=8, n=4, count=6),)
    assert graph.products()[0].macs == 5 * 8 * 4 * 6
    assert_agrees(graph, inputs)


def test_groups_along_k_are_terms_with_their_scales():
    rng = np.random.default_rng(3)
    a = activations(rng, (4, 20), INT8, where="random")
    grouped = Quantization(
        scale=rng.uniform(0.01, 0.1, (3, 5)).astype(np.float32),
        zero_point=rng.integers(-3, 4, (3, 5)),
        axis=0,
        group_size=8,
    )
    w = Tensor(
        name="w",
        shape=(20, 5),
        element=IntFormat(4),
        quantization=grouped,
        data=rng.integers(-8, 8, (20, 5)).astype(np.int8),
    )
    inputs = [a, w]
    graph = single(_matmul(inputs), inputs, INT8, Quantization.of(0.05, 3))
    assert graph.products() == (
        ProductShape(name="matmul", m=4, k=8, n=5, count=2),
        ProductShape(name="matmul", m=4, k=4, n=5),
    )
    values = {"a": random_values(rng, a)}
    real = a.quantized.dequantize(values["a"]).astype(np.float64) @ grouped.dequantize(w.data)
    expected = np.clip(np.rint(real / np.float32(0.05)) + 3, -128, 127)
    assert np.abs(evaluate(graph, values)["y"] - expected).max() <= 1
    assert np.mean(evaluate(graph, values)["y"] != expected) <= 0.05


def test_groups_along_another_axis_are_refused():
    grouped = Quantization(scale=np.ones((4, 1), np.float32), axis=1, group_size=8)
    weights = {"element": INT8, "quantization": grouped, "data": np.zeros((4, 5), np.int8)}
    inputs = [float_input("a", (2, 4)), Tensor(name="w", shape=(4, 5), **weights)]
    with pytest.raises(ValueError, match="groups of weights run along K of a matrix, not along"):
        _matmul(inputs).products(inputs)


def test_one_matrix_of_weights_is_one_product():
    x = [float_input("a", (2, 3, 5, 8)), float_input("w", (8, 4))]
    assert _matmul(x).products(x) == (ProductShape(name="matmul", m=30, k=8, n=4),)


@pytest.mark.parametrize("has_bias", [False, True])
def test_float_agrees_with_onnxruntime(has_bias):
    rng = np.random.default_rng(1)
    inputs = [float_input("a", (2, 5, 33)), floats("w", rng.normal(size=(33, 7)))]
    if has_bias:
        inputs.append(floats("b", rng.normal(size=7)))
    graph = single(_matmul(inputs), inputs, FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(rng, inputs[0])})


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(2, 3), (4, 5)], r"shapes \(2, 3\) and \(4, 5\) can not be multiplied"),
        ([(3,), (3, 5)], r"shapes \(3,\) and \(3, 5\) can not be multiplied"),
        ([(2, 2, 3), (4, 3, 5)], "leading axes of matrices .* do not broadcast"),
        ([(2, 3), (3, 5), (1, 5)], r"for 5 columns has shape \(5,\), not \(1, 5\)"),
    ],
)
def test_refuses(shapes, message):
    inputs = [float_input(str(i), shape) for i, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=message):
        _matmul(inputs).infer(inputs)
