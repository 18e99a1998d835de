"""Movements against onnxruntime."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8, IntFormat
from golden.operators import Concat, Gather, Pad, Reshape, Slice, Transpose
from golden.tensors import FloatType, Tensor
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import activations, constant, float_input, quantization

NAMES = {"name": "move", "inputs": ("a",), "outputs": ("y",)}
MOVES = [
    Reshape(**NAMES, shape=(6, 20)),
    Transpose(**NAMES, permutation=(2, 0, 1, 3)),
    Slice(**NAMES, starts=(0, 1, 3, 4), steps=(1, 1, -2, -1), sizes=(2, 2, 2, 5)),
    Slice(**NAMES, starts=(0, 0, 0, 0), steps=(1, 1, 3, 2), sizes=(2, 3, 2, 3)),
    Pad(**NAMES, pads=(0, 0, 1, 2, 0, 0, 0, 3), value=5),
]


@pytest.mark.parametrize("operator", MOVES, ids=lambda op: op.kind)
@pytest.mark.parametrize("alike", [True, False])
def test_quantized_agrees_with_onnxruntime(operator, alike):
    rng = np.random.default_rng(4)
    a = activations(rng, (2, 3, 4, 5))
    out = a.quantization if alike else quantization(rng, UINT8)
    graph = single(operator, [a], INT8 if alike else UINT8, out)
    assert_agrees(graph, {"a": random_values(rng, a)})


@pytest.mark.parametrize("operator", MOVES, ids=lambda op: op.kind)
def test_float_equals_onnxruntime(operator):
    a = float_input("a", (2, 3, 4, 5))
    graph = single(operator, [a], FloatType.FLOAT32)
    assert_agrees(graph, {"a": random_values(np.random.default_rng(4), a)})


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    axis=st.integers(0, 2),
    element=st.sampled_from([INT8, UINT8]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_concat_agrees_with_onnxruntime(sizes, axis, element, seed):
    """Each input has its own scale."""
    rng = np.random.default_rng(seed)
    inputs = []
    for number, size in enumerate(sizes):
        shape = [3, 4, 5]
        shape[axis] = size
        inputs.append(activations(rng, tuple(shape), element, name=f"a{number}"))
    operator = Concat(
        name="concat", inputs=tuple(x.name for x in inputs), outputs=("y",), axis=axis
    )
    graph = single(operator, inputs, element, quantization(rng, element))
    assert_agrees(graph, {x.name: random_values(rng, x) for x in inputs})


@pytest.mark.parametrize("axis", [0, 1])
def test_gather_equals_onnxruntime(axis):
    rng = np.random.default_rng(axis)
    a = activations(rng, (6, 7, 3))
    indices = constant("i", np.array([[0, 5], [-1, 2]]), IntFormat(64), None)
    operator = Gather(name="gather", inputs=("a", "i"), outputs=("y",), axis=axis)
    graph = single(operator, [a, indices], INT8, a.quantization)
    assert_agrees(graph, {"a": random_values(rng, a)})


def test_integers_without_quantization_move_as_they_are():
    a = Tensor(name="a", shape=(2, 3), element=IntFormat(64))
    graph = single(Transpose(**NAMES, permutation=(1, 0)), [a], a.element)
    values = np.arange(6).reshape(2, 3)
    assert np.array_equal(evaluate(graph, {"a": values})["y"], values.T)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Reshape(**NAMES, shape=(7,)), "can not become .* other number of elements"),
        (Transpose(**NAMES, permutation=(0, 0)), r"\(0, 0\) is not an order of the axes"),
        (Slice(**NAMES, starts=(0, 1), steps=(1, 1), sizes=(2, 3)), "leaves shape"),
        (Slice(**NAMES, starts=(0, 1), steps=(1, -1), sizes=(2, 3)), "leaves shape"),
        (Pad(**NAMES, pads=(0, 0, -1, 0)), "4 pads that are at least 0 fit shape"),
        (Concat(**NAMES, axis=2), "axis 2 is not an axis of shape"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_refuses(operator, message):
    with pytest.raises(ValueError, match=message):
        operator.infer([float_input("a", (2, 3))])


def test_concat_refuses_other_sizes():
    with pytest.raises(ValueError, match=r"shapes \(2, 3\), \(2, 4\) differ beside axis 0"):
        Concat(**NAMES, axis=0).infer([float_input("a", (2, 3)), float_input("b", (2, 4))])


def test_gather_refuses_an_axis_that_is_none():
    indices = constant("i", np.array([0]), IntFormat(64), None)
    with pytest.raises(ValueError, match="axis 2 is not an axis of shape"):
        Gather(**NAMES, axis=2).infer([float_input("a", (2, 3)), indices])
