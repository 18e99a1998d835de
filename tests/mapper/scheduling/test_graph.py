"""Graphs of sizes: what is refused, and how networks become such graphs."""

from dataclasses import replace

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import parse_format
from golden.graph import Graph, Quantization, Tensor
from golden.operators import Add, Conv, Function, MatMul, Reshape, Unary
from mapper.scheduling.graph import SizedTensor, sized_graph
from tests.mapper.scheduling.graphs import graph, operator

SIZES = {"x": 4, "w": 2, "a": 3, "b": 1}


def chain():
    return [operator("in", "", "x"), operator("f", "x w", "a"), operator("g", "a", "b")]


def test_neighbours():
    net = graph(chain(), SIZES, weights="w", outputs="b")
    assert net.producer("a").name == "f"
    assert net.producer("w") is None
    assert [reader.name for reader in net.consumers("a")] == ["g"]
    assert net.consumers("b") == ()
    assert net.bytes_of(net.operators[1].tensors) == 4 + 2 + 3


def test_a_tensor_read_twice_by_an_operator_is_one():
    net = graph([operator("in", "", "x"), operator("f", "x x", "a")], {"x": 4, "a": 3}, outputs="a")
    assert net.operators[1].tensors == ("x", "a")
    assert len(net.consumers("x")) == 1


@pytest.mark.parametrize(
    ("operators", "message"),
    [
        ([*chain(), operator("f", "b", "c")], "two operators are named 'f', but names must be"),
        ([*chain(), operator("h", "y", "c")], "operator 'h' names 'y', which is no tensor of it"),
        ([*chain(), operator("h", "a", "b")], "operators 'g' and 'h' both produce tensor 'b'"),
        ([*chain(), operator("h", "a", "")], "operator 'h' must produce a tensor"),
        ([*chain(), operator("h", "a", "w")], "operator 'h' produces 'w', but weights are given"),
        (chain()[:2], "nothing produces tensor 'b', which is no weight"),
        (
            [chain()[0], chain()[2], chain()[1]],
            "operator 'g' must be listed after 'f', which produces its input 'a'",
        ),
        (
            [
                chain()[0],
                operator("f", "x b", "a"),
                operator("g", "a", "b"),
                operator("h", "b", "c"),
            ],
            "operators 'f', 'g' form a cycle, so none can be first",
        ),
        ([operator("f", "a", "x a"), operator("g", "a", "b")], "operators 'f' form a cycle"),
    ],
)
def test_graphs_that_can_not_be(operators, message):
    sizes = SIZES | ({"c": 1} if any("c" in op.outputs for op in operators) else {})
    with pytest.raises(UserError) as caught:
        graph(operators, sizes, weights="w", outputs="b")
    assert str(caught.value).startswith(f"network 'net': {message}")


def test_tensors_that_can_not_be():
    with pytest.raises(UserError, match="'x' must have a size of at least 1 byte, not 0"):
        SizedTensor(name="x", size_bytes=0)
    net = graph(chain(), SIZES, weights="w")
    with pytest.raises(UserError, match="tensor 'x' is listed as 'y'"):
        replace(net, tensors={**net.tensors, "y": net.tensors["x"]})
    with pytest.raises(UserError, match="output 'w' must be a tensor that an operator produces"):
        graph(chain(), SIZES, weights="w", outputs="w")


def network():
    int4, int8, int32 = (parse_format(name) for name in ("int4", "int8", "int32"))
    scale = Quantization.of(1.0)

    def tensor(name, shape, element=int8, data=None):
        quantization = None if element is int32 else scale
        return Tensor(name=name, shape=shape, element=element, quantization=quantization, data=data)

    tensors = [
        tensor("image", (1, 3, 5, 5)),
        tensor("kernel", (4, 3, 3, 3), int4, np.ones((4, 3, 3, 3), np.int8)),
        tensor("bias", (4,), int32, np.zeros(4, np.int32)),
        tensor("maps", (1, 4, 3, 3)),
        tensor("bent", (1, 4, 3, 3)),
        tensor("sum", (1, 4, 3, 3)),
        tensor("row", (1, 36)),
        tensor("matrix", (36, 7), data=np.ones((36, 7), np.int8)),
        tensor("result", (1, 7)),
    ]
    return Graph(
        name="small",
        inputs=("image",),
        outputs=("result",),
        tensors={entry.name: entry for entry in tensors},
        operators=(
            Conv(
                name="conv",
                inputs=("image", "kernel", "bias"),
                outputs=("maps",),
                strides=(1, 1),
                dilations=(1, 1),
                pads=(0, 0, 0, 0),
            ),
            Unary(name="bend", inputs=("maps",), outputs=("bent",), function=Function.TANH),
            Add(name="add", inputs=("maps", "bent"), outputs=("sum",)),
            Reshape(name="flat", inputs=("sum",), outputs=("row",), shape=(1, 36)),
            MatMul(name="dense", inputs=("row", "matrix"), outputs=("result",)),
        ),
    )


def test_conversion():
    net = sized_graph(network())
    assert [(op.name, op.kind, op.macs, op.parameters) for op in net.operators] == [
        ("Input:image", "Input", 0, 0),
        ("conv", "Conv", 4 * 9 * 27, 4 * 27 + 4),
        ("bend", "Tanh", 0, 0),
        ("add", "Add", 0, 0),
        ("flat", "Reshape", 0, 0),
        ("dense", "MatMul", 36 * 7, 36 * 7),
    ]
    assert {name: entry.size_bytes for name, entry in net.tensors.items()} == {
        "image": 75,
        "kernel": 54,
        "maps": 36,
        "bent": 36,
        "sum": 36,
        "row": 36,
        "matrix": 252,
        "result": 7,
    }
    assert {name for name, entry in net.tensors.items() if entry.is_weight} == {"kernel", "matrix"}
    assert [op.name for op in net.operators if op.is_view] == ["flat"]
    assert {op.name: op.in_place for op in net.operators if op.in_place} == {
        "bend": ("maps",),
        "add": ("maps", "bent"),
    }


def test_conversion_with_elements_of_one_size():
    net = sized_graph(network(), element_bytes=2)
    assert net.tensors["kernel"].size_bytes == 2 * 108
    assert net.tensors["result"].size_bytes == 14
    with pytest.raises(UserError, match="element_bytes must be at least 1, not 0"):
        sized_graph(network(), element_bytes=0)
