"""From a graph to layers: geometry, counts, and the same multiplications."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.graph import Graph
from golden.operators import Conv, MatMul, Operator, Unary
from golden.operators.unary import Function
from golden.tensors import Shape, Tensor
from mapper.importers.onnx import import_onnx
from mapper.workloads import graph_workload
from sim.workload import ConvLayer, GemmLayer
from tests.support.networks import residual_network, transformer_block
from tests.support.tensors import float_input


def graph(operator: Operator, *shapes: Shape, name: str = "net") -> Graph:
    """A float graph of one operator, all of whose operands are inputs."""
    inputs = [
        float_input(tensor, shape) for tensor, shape in zip(operator.inputs, shapes, strict=True)
    ]
    (shape,) = operator.infer(inputs)
    tensors: list[Tensor] = [*inputs, float_input("y", shape)]
    return Graph(
        name=name,
        inputs=operator.inputs,
        outputs=("y",),
        tensors={tensor.name: tensor for tensor in tensors},
        operators=(operator,),
    )


def conv(rank: int, *, groups: int = 1) -> Conv:
    """A convolution with another number in each place."""
    return Conv(
        name="conv",
        inputs=("x", "w"),
        outputs=("y",),
        strides=(2, 1, 1)[:rank],
        dilations=(1, 2, 1)[:rank],
        pads=((1, 2, 0)[:rank] + (3, 4, 0)[:rank]),
        groups=groups,
    )


def test_a_convolution_of_one_image_keeps_its_geometry() -> None:
    work = graph_workload(graph(conv(2, groups=2), (1, 4, 9, 7), (6, 2, 3, 2)))
    assert work.name == "net"
    assert work.layers == (
        ConvLayer(
            name="conv",
            height=9,
            width=7,
            channels=4,
            filter_height=3,
            filter_width=2,
            filters=6,
            stride=(2, 1),
            pads=(1, 2, 3, 4),
            dilation=(1, 2),
            groups=2,
        ),
    )


@pytest.mark.parametrize(
    ("operator", "shapes", "layer"),
    [
        # 6 x 11 positions in each of 5 images.
        (conv(2), ((5, 4, 9, 7), (6, 4, 3, 2)), GemmLayer(name="conv", m=330, k=24, n=6)),
        (conv(1), ((1, 4, 9), (6, 4, 3)), GemmLayer(name="conv", m=6, k=12, n=6)),
        (
            conv(3, groups=4),
            ((1, 4, 9, 7, 2), (8, 1, 3, 2, 2)),
            GemmLayer(name="conv", m=66, k=12, n=2, count=4),
        ),
    ],
    ids=["batch", "one axis", "three axes"],
)
def test_other_convolutions_are_products(
    operator: Conv, shapes: tuple[Shape, Shape], layer: GemmLayer
) -> None:
    assert graph_workload(graph(operator, *shapes)).layers == (layer,)


@pytest.mark.parametrize(
    ("a", "w", "layer"),
    [
        ((5, 4), (4, 3), GemmLayer(name="matmul", m=5, k=4, n=3)),
        ((2, 6, 5, 4), (4, 3), GemmLayer(name="matmul", m=60, k=4, n=3)),
        ((1, 8, 5, 4), (1, 8, 4, 3), GemmLayer(name="matmul", m=5, k=4, n=3, count=8)),
        ((2, 1, 5, 4), (8, 4, 3), GemmLayer(name="matmul", m=5, k=4, n=3, count=16)),
    ],
    ids=["plain", "rows of all", "heads", "broadcast"],
)
def test_matrix_products(a: Shape, w: Shape, layer: GemmLayer) -> None:
    matmul = MatMul(name="matmul", inputs=("x", "w"), outputs=("y",))
    assert graph_workload(graph(matmul, a, w)).layers == (layer,)


@pytest.mark.parametrize("make", [residual_network, transformer_block])
@pytest.mark.parametrize("batch", [1, 3])
def test_whole_networks_have_the_products_of_their_operators(make: object, batch: int) -> None:
    assert callable(make)
    net = import_onnx(make(np.random.default_rng(1)), batch=batch)
    layers = graph_workload(net).layers
    products = net.products()
    assert [layer.name for layer in layers] == [product.name for product in products]
    for layer, product in zip(layers, products, strict=True):
        (own,) = layer.products
        assert (own.m, own.k, own.n, own.count) == (product.m, product.k, product.n, product.count)


@pytest.mark.parametrize("name", ["net", ""])
def test_a_network_without_products_is_refused(name: str) -> None:
    relu = Unary(name="relu", inputs=("x",), outputs=("y",), function=Function.ABS)
    with pytest.raises(UserError, match=r"has no convolution and no matrix product") as refusal:
        graph_workload(graph(relu, (1, 4), name=name))
    assert f"network {name or 'graph'} " in str(refusal.value)
