"""Normalizations and softmax against onnxruntime."""

import numpy as np
import pytest

from golden.evaluate import evaluate
from golden.operators import LRN, BatchNormalization, LayerNormalization, Softmax
from golden.tensors import FloatType
from tests.support.onnx_oracle import assert_agrees, random_values, single
from tests.support.tensors import float_input, floats

NAMES = {"name": "op", "inputs": ("a",), "outputs": ("y",)}
FLOAT = FloatType.FLOAT32


@pytest.mark.parametrize(
    "operator",
    [
        Softmax(**NAMES, axis=1),
        Softmax(**NAMES, axis=3),
        LRN(**NAMES, size=1, alpha=0.01, beta=0.6, bias=1.5),
        LRN(**NAMES, size=3, alpha=0.01, beta=0.6, bias=1.5),
        LRN(**NAMES, size=9, alpha=0.01, beta=0.6, bias=1.5),
    ],
    ids=lambda op: op.kind,
)
def test_agrees_with_onnxruntime(operator):
    a = float_input("a", (2, 6, 4, 5))
    values = 3 * random_values(np.random.default_rng(8), a)
    assert_agrees(single(operator, [a], FLOAT), {"a": values})


def test_softmax_of_large_numbers_does_not_overflow():
    graph = single(Softmax(**NAMES, axis=0), [float_input("a", (2,))], FLOAT)
    assert evaluate(graph, {"a": np.float32([3e38, 3e38])})["y"].tolist() == [0.5, 0.5]


def test_lrn_of_even_size_looks_further_ahead():
    """Onnxruntime takes odd sizes only; this is the specification's sum."""
    operator = LRN(**NAMES, size=2, alpha=2.0, beta=1.0, bias=1.0)
    graph = single(operator, [float_input("a", (1, 3, 1))], FLOAT)
    result = evaluate(graph, {"a": np.float32([1, 2, 3]).reshape(1, 3, 1)})["y"]
    expected = [1 / (1 + 1 + 4), 2 / (1 + 4 + 9), 3 / (1 + 9)]
    assert result.ravel().tolist() == np.float32(expected).tolist()


def test_batch_normalization_agrees_with_onnxruntime():
    rng = np.random.default_rng(9)
    inputs = [float_input("a", (2, 5, 3, 4))]
    inputs += [floats(name, rng.uniform(0.5, 2, 5)) for name in ("s", "b", "m", "v")]
    operator = BatchNormalization(
        name="op", inputs=tuple(x.name for x in inputs), outputs=("y",), epsilon=1e-3
    )
    graph = single(operator, inputs, FLOAT)
    assert_agrees(graph, {"a": random_values(rng, inputs[0])})


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("has_bias", [False, True])
def test_layer_normalization_agrees_with_onnxruntime(axis, has_bias):
    rng = np.random.default_rng(10)
    shape = (3, 5, 8)
    inputs = [float_input("a", shape), floats("s", rng.normal(size=shape[axis:]))]
    inputs += [floats("b", rng.normal(size=shape[axis:]))] * has_bias
    operator = LayerNormalization(
        name="op", inputs=tuple(x.name for x in inputs), outputs=("y",), axis=axis, epsilon=1e-5
    )
    graph = single(operator, inputs, FLOAT)
    assert_agrees(graph, {"a": random_values(rng, inputs[0])})


@pytest.mark.parametrize(
    ("operator", "shapes", "message"),
    [
        (Softmax(**NAMES, axis=2), [(2, 3)], "axis 2 is not an axis of shape"),
        (BatchNormalization(**NAMES, epsilon=0), [(2, 3), (2,)], "do not fit the channels of"),
        (LayerNormalization(**NAMES, axis=1, epsilon=0), [(2, 3), (2, 2, 3)], "do not broadcast"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_refuses(operator, shapes, message):
    with pytest.raises(ValueError, match=message):
        operator.infer([float_input("x", shape) for shape in shapes])
