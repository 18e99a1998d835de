"""Layers of the digits network against plain definitions and finite differences."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tilewright.networks.digits.train.convolution import Convolution, DepthwiseConvolution, Window
from tilewright.networks.digits.train.layers import (
    Flatten,
    FloatArray,
    Layer,
    Linear,
    MaxPool,
    Parameter,
    Relu,
    Residual,
    Sequence,
)
from tilewright.networks.digits.train.loss import cross_entropy
from tilewright.networks.digits.train.network import digits_network

STEP = 1e-6
IMAGE = (2, 4, 6, 6)
"""Shape of the images that layers are tried on."""

WINDOWS = [
    Window(size=3, padding=1),
    Window(size=3, stride=2, padding=1),
    Window(size=2, stride=2),
    Window(size=1),
    Window(size=3, stride=2),
]


def numeric_gradient(function: Callable[[], float], array: FloatArray) -> FloatArray:
    """Central differences of ``function`` by each element of ``array``, changed in place."""
    gradient = np.zeros_like(array)
    for position in np.ndindex(array.shape):
        value = array[position]
        array[position] = value + STEP
        above = function()
        array[position] = value - STEP
        below = function()
        array[position] = value
        gradient[position] = (above - below) / (2 * STEP)
    return gradient


def parameters(rng: np.random.Generator, *shape: int) -> tuple[Parameter, Parameter]:
    """Random weight and bias, float64."""
    return Parameter(rng.standard_normal(shape)), Parameter(rng.standard_normal(shape[0]))


def residual(rng: np.random.Generator) -> Residual:
    """A residual block of two convolutions."""
    window = Window(size=3, padding=1)
    first = Convolution("first", *parameters(rng, 4, 4, 3, 3), window)
    second = Convolution("second", *parameters(rng, 4, 4, 3, 3), window)
    return Residual("add", Sequence("body", (first, Relu("relu"), second)))


def convolution(rng: np.random.Generator, window: Window) -> Convolution:
    """A convolution of 4 to 3 channels."""
    return Convolution("layer", *parameters(rng, 3, 4, window.size, window.size), window)


def depthwise(rng: np.random.Generator, window: Window) -> DepthwiseConvolution:
    """A depthwise convolution of 4 channels."""
    return DepthwiseConvolution("layer", *parameters(rng, 4, 1, window.size, window.size), window)


def linear(rng: np.random.Generator) -> Sequence:
    """A fully connected layer after flattening."""
    return Sequence("layers", (Flatten("flatten"), Linear("linear", *parameters(rng, 5, 144))))


LAYERS: dict[str, Callable[[np.random.Generator], Layer]] = {
    **{f"convolution {window}": partial(convolution, window=window) for window in WINDOWS},
    **{f"depthwise {window}": partial(depthwise, window=window) for window in WINDOWS},
    "linear": linear,
    "relu": lambda rng: Relu("layer"),
    "pool 2": lambda rng: MaxPool("layer", 2),
    "pool 3": lambda rng: MaxPool("layer", 3),
    "flatten": lambda rng: Flatten("layer"),
    "residual": residual,
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_gradients_are_those_of_finite_differences(
    make: Callable[[np.random.Generator], Layer],
) -> None:
    rng = np.random.default_rng(1)
    layer = make(rng)
    x: FloatArray = rng.standard_normal(IMAGE)
    y, backward = layer.forward(x)
    direction = rng.standard_normal(y.shape)

    def loss() -> float:
        return float((layer.forward(x)[0] * direction).sum())

    np.testing.assert_allclose(backward(direction), numeric_gradient(loss, x), atol=1e-6)
    for parameter in layer.parameters:
        expected = numeric_gradient(loss, parameter.value)
        np.testing.assert_allclose(parameter.gradient, expected, atol=1e-6)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("grouped", [False, True], ids=["full", "depthwise"])
def test_convolution_is_a_sum_over_its_window(window: Window, grouped: bool) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal(IMAGE)
    n_in = 1 if grouped else 4
    weight, bias = parameters(rng, 4, n_in, window.size, window.size)
    layer = (DepthwiseConvolution if grouped else Convolution)("layer", weight, bias, window)
    y, _ = layer.forward(x)
    side = (6 + 2 * window.padding - window.size) // window.stride + 1
    assert y.shape == (2, 4, side, side)

    for image, channel, row, column in np.ndindex(y.shape):
        expected = bias.value[channel]
        for i, down, right in np.ndindex(n_in, window.size, window.size):
            r = row * window.stride + down - window.padding
            c = column * window.stride + right - window.padding
            if 0 <= r < 6 and 0 <= c < 6:
                source = channel if grouped else i
                expected += weight.value[channel, i, down, right] * x[image, source, r, c]
        assert y[image, channel, row, column] == pytest.approx(expected)


def test_pool_takes_the_maximum_and_its_first_winner_the_gradient() -> None:
    x = np.array([[[[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 2.0, 1.0]]]])
    y, backward = MaxPool("pool", 2).forward(x)
    np.testing.assert_array_equal(y, [[[[5.0, 2.0]]]])
    gradient = backward(np.array([[[[7.0, 9.0]]]]))
    np.testing.assert_array_equal(gradient, [[[[0.0, 7.0, 9.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]])


def test_gradients_replace_the_last_ones() -> None:
    rng = np.random.default_rng(3)
    layer = Linear("layer", *parameters(rng, 3, 4))
    x = rng.standard_normal((2, 4))
    for _ in range(2):
        _, backward = layer.forward(x)
        backward(np.ones((2, 3)))
    np.testing.assert_allclose(layer.weight.gradient, np.tile(x.sum(axis=0), (3, 1)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_gradient(smoothing: float) -> None:
    rng = np.random.default_rng(4)
    logits: FloatArray = rng.standard_normal((3, 10))
    labels = np.array([0, 9, 4])
    _, gradient = cross_entropy(logits, labels, smoothing=smoothing)
    expected = numeric_gradient(
        lambda: cross_entropy(logits, labels, smoothing=smoothing)[0], logits
    )
    np.testing.assert_allclose(gradient, expected, atol=1e-8)


def test_cross_entropy_of_equal_and_of_huge_logits() -> None:
    labels = np.array([2])
    assert cross_entropy(np.zeros((1, 10)), labels, smoothing=0.1)[0] == pytest.approx(np.log(10))
    huge = np.zeros((1, 10))
    huge[0, 2] = 1e4
    assert cross_entropy(huge, labels, smoothing=0.0)[0] == 0.0


def test_network_keeps_float32_and_its_shapes() -> None:
    network = digits_network(np.random.default_rng(5))
    images = np.random.default_rng(6).random((3, 1, 8, 8), dtype=np.float32)
    logits, backward = network.forward(images)
    assert logits.shape == (3, 10)
    assert logits.dtype == np.float32
    gradient = backward(np.ones_like(logits))
    assert gradient.shape == images.shape
    assert gradient.dtype == np.float32
    for parameter in network.parameters:
        assert parameter.gradient.shape == parameter.value.shape
        assert parameter.gradient.dtype == np.float32
