"""Validation and lookup of graphs."""

import numpy as np
import pytest

from golden.formats import INT8
from golden.graph import Clamp, Graph
from golden.operators import Add, Clip, MatMul, ProductShape
from golden.tensors import FloatType, Tensor
from tests.support.tensors import float_input, floats


def _graph(**changes):
    tensors = [float_input(name, (2, 3)) for name in ("a", "b", "c")]
    tensors += [float_input("y", (2, 4)), floats("w", np.ones((3, 4)))]
    return Graph(
        **{
            "name": "net",
            "inputs": ("a",),
            "outputs": ("y",),
            "tensors": {tensor.name: tensor for tensor in tensors},
            "operators": (
                Clip(name="relu", inputs=("a",), outputs=("b",), clamp=Clamp(low=0.0)),
                Add(name="add", inputs=("a", "b"), outputs=("c",)),
                MatMul(name="matmul", inputs=("c", "w"), outputs=("y",)),
            ),
            **changes,
        }
    )


def test_lookups():
    graph = _graph()
    relu, add, matmul = graph.operators
    assert graph.producer("c") is add
    assert graph.producer("a") is None
    assert graph.producer("w") is None
    assert graph.consumers("a") == (relu, add)
    assert graph.consumers("y") == ()
    assert [tensor.name for tensor in graph.inputs_of(matmul)] == ["c", "w"]
    assert [tensor.name for tensor in graph.outputs_of(matmul)] == ["y"]
    assert graph.products() == (ProductShape(name="matmul", m=2, k=3, n=4),)
    assert [op.kind for op in graph.operators] == ["Clip", "Add", "MatMul"]


def test_tensors_can_not_be_changed():
    with pytest.raises(TypeError):
        _graph().tensors["a"] = float_input("a", (1,))


def _operators(*changed):
    by_name = {op.name: op for op in _graph().operators}
    by_name.update({op.name: op for op in changed})
    return tuple(by_name.values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tensors": {"x": float_input("a", (2, 3))}},
            "tensor 'a' is listed as 'x'",
        ),
        (
            {"operators": (*_operators(), _operators()[0])},
            "two operators are named 'relu'",
        ),
        ({"inputs": ("w",)}, "input 'w' must be a tensor without data, listed once"),
        ({"inputs": ("a", "a")}, "input 'a' must be a tensor without data, listed once"),
        ({"inputs": ("z",)}, "input 'z' must be a tensor without data, listed once"),
        (
            {"operators": _operators()[::-1]},
            "operator 'matmul' uses tensor 'c', which is no constant, no input and not produced",
        ),
        (
            {"operators": _operators(Add(name="add", inputs=("a", "y"), outputs=("c",)))},
            "operator 'add' uses tensor 'y'",
        ),
        (
            {"operators": _operators(Add(name="add", inputs=("a", "b"), outputs=("b",)))},
            "operator 'add' produces tensor 'b', which must be a tensor of the graph that nothing",
        ),
        (
            {"operators": _operators(Add(name="add", inputs=("a", "b"), outputs=("z",)))},
            "operator 'add' produces tensor 'z'",
        ),
        ({"outputs": ("z",)}, "nothing produces tensor 'z'"),
        (
            {"operators": _operators()[:1], "outputs": ("b",)},
            "nothing produces tensor 'c'",
        ),
        (
            {"operators": _operators(MatMul(name="matmul", inputs=("w", "c"), outputs=("y",)))},
            "operator 'matmul': matrices of shapes",
        ),
        (
            {"tensors": {**_graph().tensors, "y": float_input("y", (2, 5))}},
            r"operator 'matmul' makes shapes \(\(2, 4\),\), declared \(\(2, 5\),\)",
        ),
    ],
)
def test_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        _graph(**changes)


def test_elements_are_part_of_a_tensor():
    assert Tensor(name="t", shape=(), element=INT8).int_format == INT8
    assert Tensor(name="t", shape=(), element=FloatType.FLOAT16).is_float
