"""The order of layers: what waits for the layer before it gives way to what does not."""

import numpy as np

from golden.operators import Add, MaxPool, Window
from mapper.accelerator.legalise import legalise
from mapper.accelerator.order import ordered, stages_of
from tests.mapper.accelerator.networks import Builder


def test_a_shortcut_goes_between_two_layers_of_its_block():
    build = Builder(np.random.default_rng(0))
    x = build.conv(build.tensor("x", (1, 8, 8, 8)), 8, (1, 1))
    a = build.conv(x, 16, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1))
    b = build.conv(a, 16, (3, 3), pads=(1, 1, 1, 1))
    shortcut = build.conv(x, 16, (1, 1), strides=(2, 2))
    total = build.add(Add, (b, shortcut), build.shape(b))
    build.pool(MaxPool, total, Window(kernel=(2, 2)), build.tensors[total].quantization)
    layers = ordered(legalise(build.graph(), 8).layers)
    assert [layer.name for layer in layers] == [x, a, shortcut, b, total, "t5"]
    assert stages_of(layers) == ((0,), (1,), (2,), (3, 4, 5))


def test_a_chain_stays_as_it_is():
    build = Builder(np.random.default_rng(0))
    x = build.tensor("x", (1, 8, 8, 8))
    y = build.add(Add, (x, build.tensor("y", build.shape(x))), build.shape(x))
    for _ in range(3):
        y = build.conv(y, 8, (1, 1))
    layers = legalise(build.graph(), 8).layers
    assert ordered(layers) == layers
    assert stages_of(layers) == ((0,), (1,), (2,), (3,))
