"""From graphs to layers: what is fused, what is left to the host, and what is refused."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import INT8, UINT8
from golden.graph import Clamp, FloatType, Quantization, Requantization, Tensor
from golden.operators import (
    Add,
    AveragePool,
    Clip,
    Concat,
    Conv,
    Dequantize,
    Function,
    MatMul,
    Mul,
    Pad,
    Quantize,
    Softmax,
    Transpose,
    Unary,
    Window,
)
from mapper.accelerator.layers import AddLayer, Image, PoolLayer, ProductLayer, TableLayer
from mapper.accelerator.legalise import legalise
from tests.mapper.accelerator.networks import Builder

LANES = 8


@pytest.fixture
def build():
    return Builder(np.random.default_rng(0))


def refusal(graph, **options):
    with pytest.raises(UserError) as caught:
        legalise(graph, LANES, **options)
    return str(caught.value)


def floating(build, name, shape):
    build.tensors[name] = Tensor(name=name, shape=shape, element=FloatType.FLOAT32)
    return name


def test_layers(build):
    x = build.tensor("x", (1, 3, 6, 6))
    a = build.conv(x, 8, (3, 3), pads=(1, 1, 1, 1))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1), groups=8)
    c = build.add(Add, (a, b), build.shape(a))
    d = build.add(Unary, c, build.shape(c), function=Function.SIGMOID)
    build.pool(AveragePool, d, Window(kernel=(2, 2)), build.tensors[d].quantization)
    network = legalise(build.graph(), LANES)
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [ProductLayer, ProductLayer, AddLayer, TableLayer, PoolLayer]
    assert [layer.diagonal for layer in network.layers[:2]] == [False, True]
    assert [value.image for value in network.values[:2]] == [Image(6, 6, 3), Image(6, 6, 8)]
    assert [layer.macs for layer in network.layers] == [36 * 27 * 8, 36 * 9 * 8, 0, 0, 0]
    assert network.values[-1].is_output
    assert network.before == network.after == ()


def test_a_clamp_is_left_to_the_layer_before(build):
    x = build.tensor("x", (1, 3, 6, 6))
    a = build.conv(x, 8, (3, 3), clamp=Clamp(low=-2))
    quantization = build.tensors[a].quantization
    b = build.add(Clip, a, build.shape(a), quantization, clamp=Clamp(low=-1, high=1))
    (layer,) = legalise(build.graph(), LANES).layers
    assert (layer.low, layer.high) == tuple(
        quantization.quantize([-1.0, 1.0], INT8, halves_away=True).tolist()
    )
    # Not where something else reads what is not clamped yet, or the scale changes.
    assert len(legalise(build.graph(b, a), LANES).layers) == 2
    build.add(Clip, b, build.shape(b), clamp=Clamp(low=0))
    assert [type(entry) for entry in legalise(build.graph(), LANES).layers] == [
        ProductLayer,
        TableLayer,
    ]


def test_padding_is_left_to_the_convolution(build):
    x = build.tensor("x", (1, 3, 6, 6))
    quantization = build.tensors[x].quantization
    zero = int(quantization.zero_point)
    pads = (0, 0, 1, 2, 0, 0, 0, 1)
    y = build.add(Pad, x, (1, 3, 7, 9), quantization, pads=pads, value=zero)
    build.conv(y, 4, (3, 3), pads=(1, 0, 0, 0))
    (layer,) = legalise(build.graph(), LANES).layers
    geometry = layer.geometry
    assert (geometry.source, geometry.target) == (Image(6, 6, 3), Image(6, 7, 4))
    assert (geometry.pad_top, geometry.pad_left, layer.pad_value) == (2, 2, zero)


def test_other_padding(build):
    x = build.tensor("x", (1, 3, 6, 6))
    quantization = build.tensors[x].quantization
    value = int(quantization.zero_point) ^ 1
    y = build.add(Pad, x, (1, 3, 7, 6), quantization, pads=(0, 0, 1, 0, 0, 0, 0, 0), value=value)
    build.conv(y, 4, (3, 3))
    assert refusal(build.graph()) == (
        "operator 't0' (Pad) is not in hardware: it pads channels, or with another value than the"
        " zero point; the host computes no products, and there are some from there on"
    )


def test_functions_between_dequantize_and_quantize(build):
    x = build.tensor("x", (1, 4, 3, 3))
    a, b, c = (floating(build, name, (1, 4, 3, 3)) for name in "abc")
    build.tensors["two"] = Tensor(
        name="two", shape=(1,), element=FloatType.FLOAT32, data=np.float32([2])
    )
    build.operators += [
        Dequantize(name="dequantize", inputs=(x,), outputs=(a,)),
        Unary(name="gelu", inputs=(a,), outputs=(b,), function=Function.GELU),
        Mul(name="double", inputs=("two", b), outputs=(c,)),
    ]
    build.add(Quantize, c, (1, 4, 3, 3))
    (layer,) = legalise(build.graph(), LANES).layers
    assert layer.kind == "Dequantize+Gelu+Mul+Quantize"


def test_zero_points_of_weights(build):
    x = build.tensor("x", (1, 3, 4, 4))
    build.conv(x, 2, (1, 1))
    weights = build.tensors["t0/w"]

    def changed(element, zero_point, data):
        build.tensors["t0/w"] = Tensor(
            name="t0/w",
            shape=weights.shape,
            element=element,
            quantization=Quantization.of(0.1, zero_point),
            data=data,
        )
        return build.graph()

    shifted = (weights.data.astype(np.int64) + 128).astype(np.uint8)
    (layer,) = legalise(changed(UINT8, 128, shifted), LANES).layers
    assert np.array_equal(layer.weights, weights.data)
    message = refusal(changed(UINT8, 0, shifted | 128))
    assert "'t0' (Conv) is not in hardware: it has weights that do not fit int8 once" in message
    assert "zero point, which must be 0" in message


def test_host_fallback(build):
    x = build.tensor("x", (1, 8, 1, 1))
    y = build.conv(x, 4, (1, 1))
    z = build.reshape(y, (1, 4))
    build.add(Softmax, z, (1, 4), axis=1, beta=1.0)
    assert refusal(build.graph()) == (
        "operator 't2' (Softmax) is not in hardware: it is of a kind that the accelerator does not"
        " compute; it is at the end of the network, where host fallback helps"
    )
    network = legalise(build.graph(), LANES, host_fallback=True)
    assert [op.name for op in network.after] == ["t2"]
    assert [layer.name for layer in network.layers] == ["t0"]


def test_no_host_fallback_in_the_middle(build):
    x = build.tensor("x", (1, 8, 2, 2))
    y = build.conv(x, 4, (1, 1))
    z = build.add(Concat, (y, y), (1, 8, 2, 2), axis=1)
    build.conv(z, 4, (1, 1))
    message = refusal(build.graph(), host_fallback=True)
    assert message.startswith("operator 't1' (Concat) is not in hardware")
    assert message.endswith("the host computes no products, and there are some from there on")


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((2, 3, 4, 4), Conv, "has a batch of 2, not 1"),
        ((1, 3, 4, 4, 4), Conv, "has 3 spatial axes, not 1 or 2"),
    ],
)
def test_shapes(build, shape, kind, message):
    x = build.tensor("x", shape)
    kernel = (1,) * (len(shape) - 2)
    name = build.conv(build.tensor("one", (1, *shape[1:])), 2, kernel)
    op = build.operators.pop()
    del build.tensors["one"]
    build.tensors[name] = Tensor(
        name=name,
        shape=(shape[0], *build.shape(name)[1:]),
        element=INT8,
        quantization=build.quantization(),
    )
    inputs = (x, *op.inputs[1:])
    attributes = {"strides": op.strides, "dilations": op.dilations, "pads": op.pads}
    build.operators.append(kind(name=name, inputs=inputs, outputs=(name,), **attributes))
    assert f"operator 't0' (Conv) is not in hardware: it {message};" in refusal(build.graph())


def test_order_in_memory(build):
    """A transposed image is no image."""
    x = build.conv(build.tensor("x", (1, 3, 4, 4)), 4, (1, 1))
    y = build.add(
        Transpose, x, (1, 4, 4, 4), build.tensors[x].quantization, permutation=(0, 2, 1, 3)
    )
    build.conv(y, 2, (1, 1))
    assert "'t2' (Conv) is not in hardware: it needs its input in another order" in refusal(
        build.graph()
    )


def test_weights_that_are_computed(build):
    x, y = build.tensor("x", (3, 4)), build.tensor("y", (4, 5))
    build.add(MatMul, (x, y), (3, 5))
    assert "(MatMul) is not in hardware: it has weights that are not constant" in refusal(
        build.graph()
    )


def test_weights_in_groups(build):
    x = build.tensor("x", (3, 4))
    grouped = Quantization(scale=np.ones((2, 5), np.float32), axis=0, group_size=2)
    build.tensors["w"] = Tensor(
        name="w", shape=(4, 5), element=INT8, quantization=grouped, data=np.ones((4, 5), np.int8)
    )
    build.add(MatMul, (x, "w"), (3, 5))
    assert "it has weights in groups with scales of their own" in refusal(build.graph())


def test_another_rule(build):
    build.conv(build.tensor("x", (1, 3, 4, 4)), 4, (1, 1))
    with pytest.raises(ValueError, match="fixed-point requantization"):
        legalise(build.graph(rule=Requantization.ONNX), LANES)


def test_nothing_to_do(build):
    build.reshape(build.tensor("x", (2, 3)), (3, 2))
    assert "has nothing that the accelerator computes" in refusal(build.graph())
