"""Shapes, work and sizes of single layers."""

import pytest

from golden.errors import UserError
from mapper.zoo.layers import Layers


def only_operator(graph, kind):
    (operator,) = (operator for operator in graph.operators if operator.kind == kind)
    return operator


@pytest.mark.parametrize(
    ("size", "options", "expected"),
    [
        ((8, 8), {"kernel": 3}, (8, 8)),
        ((9, 8), {"kernel": 3, "stride": 2}, (5, 4)),
        ((9, 8), {"kernel": (1, 5), "padding": 0}, (9, 4)),
        ((8, 8), {"kernel": 3, "dilation": 2}, (8, 8)),
        ((8, 8), {"kernel": 3, "dilation": 2, "padding": 0}, (4, 4)),
        ((4, 6, 6), {"kernel": (3, 1, 1), "stride": (2, 1, 1)}, (2, 6, 6)),
    ],
)
def test_windows(size, options, expected):
    layers = Layers("one")
    assert layers.convolution(layers.input((3, *size)), 5, **options).shape == (5, *expected)


def test_convolution_in_groups():
    layers = Layers("one")
    x = layers.convolution(layers.input((8, 6, 6)), 12, 3, groups=4, bias=True)
    graph = layers.graph(x)
    operator = only_operator(graph, "Conv")
    assert operator.macs == 12 * 6 * 6 * (8 // 4) * 9
    assert operator.parameters == 12 * (8 // 4) * 9 + 12
    weight = graph.tensors["Conv1.weight"]
    assert (weight.size_bytes, weight.is_weight) == (12 * 2 * 9, True)


def test_margins_are_those_of_the_largest_reader():
    layers = Layers("one", element_bytes=2, padded=True)
    x = layers.input((4, 10, 10))
    graph = layers.graph(
        layers.convolution(x, 2, 3), layers.max_pool(x, 5), layers.convolution(x, 2, 1)
    )
    assert graph.tensors["Input1"].size_bytes == 2 * 4 * 14 * 14
    assert graph.tensors["Conv1"].size_bytes == 2 * 2 * 10 * 10


def test_a_product_of_features_splits_them_into_heads():
    layers = Layers("one")
    a, b = layers.input((5, 12)), layers.input((7, 12))
    product = layers.product(a, b, (3, 5, 7))
    assert only_operator(layers.graph(product), "MatMul").macs == 3 * 5 * 7 * (12 // 3)


def test_in_place():
    layers = Layers("one")
    x, factors = layers.input((4, 3, 3)), layers.input((4, 1, 1))
    graph = layers.graph(layers.scale(x, factors), layers.add(x, x), layers.softmax(x))
    assert only_operator(graph, "Mul").in_place == ("Input1",)
    assert only_operator(graph, "Add").in_place == ("Input1",)
    assert only_operator(graph, "Softmax").in_place == ()


def test_errors():
    with pytest.raises(UserError, match=r"^element_bytes must be at least 1, not 0$"):
        Layers("none", element_bytes=0)
    layers = Layers("small")
    with pytest.raises(UserError, match=r"must fit the \(2, 2\) of 'Input1': use a larger input"):
        layers.max_pool(layers.input((1, 2, 2)), 3, padding=0)
