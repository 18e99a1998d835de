"""Evaluation of whole graphs."""

import numpy as np
import pytest

from golden.evaluate import evaluate, steps
from golden.graph import Clamp, Graph
from golden.operators import Add, Clip, Transpose
from tests.support.tensors import float_input, floats

VALUES = {"a": np.float32([[-1, 2, 3]])}


def _graph():
    tensors = [float_input("a", (1, 3)), float_input("b", (1, 3)), float_input("c", (1, 3))]
    tensors += [float_input("y", (3, 1)), floats("w", np.array([10, 20, 30]))]
    return Graph(
        name="net",
        inputs=("a",),
        outputs=("y", "b"),
        tensors={tensor.name: tensor for tensor in tensors},
        operators=(
            Clip(name="relu", inputs=("a",), outputs=("b",), clamp=Clamp(low=0.0)),
            Add(name="add", inputs=("b", "w"), outputs=("c",)),
            Transpose(name="transpose", inputs=("c",), outputs=("y",), permutation=(1, 0)),
        ),
    )


def test_gives_every_tensor_but_constants():
    values = evaluate(_graph(), VALUES)
    assert {name: value.tolist() for name, value in values.items()} == {
        "a": [[-1, 2, 3]],
        "b": [[0, 2, 3]],
        "c": [[10, 22, 33]],
        "y": [[10], [22], [33]],
    }
    assert list(values) == ["a", "b", "c", "y"]


def test_steps_give_each_operator_with_its_outputs():
    seen = [(op.name, list(outputs)) for op, outputs in steps(_graph(), VALUES)]
    assert seen == [("relu", ["b"]), ("add", ["c"]), ("transpose", ["y"])]


def test_inputs_are_not_changed():
    values = {"a": VALUES["a"].copy()}
    evaluate(_graph(), values)
    assert np.array_equal(values["a"], VALUES["a"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "the inputs of 'net' are a, not none"),
        ({**VALUES, "z": VALUES["a"]}, "the inputs of 'net' are a, not a, z"),
        ({"a": np.zeros((3, 1))}, r"tensor 'a' has shape \(1, 3\), not \(3, 1\)"),
    ],
)
def test_refuses_other_inputs(values, message):
    with pytest.raises(ValueError, match=message):
        evaluate(_graph(), values)
