"""The digits network before training."""

import numpy as np

from tilewright.networks.digits.train.convolution import Convolution, DepthwiseConvolution, Window
from tilewright.networks.digits.train.layers import (
    Flatten,
    Linear,
    MaxPool,
    Parameter,
    Relu,
    Residual,
    Sequence,
)

__all__ = ["digits_network"]


def _initial(
    rng: np.random.Generator, *shape: int, gain: float = 1.0
) -> tuple[Parameter, Parameter]:
    """Weights with variance gain^2 2 / fan-in, which rectifiers keep, and zero biases."""
    fan_in = int(np.prod(shape[1:]))
    weight = gain * np.sqrt(2 / fan_in) * rng.standard_normal(shape)
    return Parameter(weight.astype(np.float32)), Parameter(np.zeros(shape[0], dtype=np.float32))


def digits_network(rng: np.random.Generator) -> Sequence:
    """From images (batch, 1, 8, 8) to logits (batch, 10), with random weights in float32.

    One plain convolution, one residual block, and one separable convolution of stride 2 whose
    depthwise half is not rectified, so that a signed tensor lies between its two halves.
    """
    same = Window(size=3, padding=1)
    body = (
        Convolution("block1_conv1", *_initial(rng, 16, 16, 3, 3), same),
        Relu("block1_relu1"),
        Convolution("block1_conv2", *_initial(rng, 16, 16, 3, 3, gain=0.5), same),
    )
    halve = Window(size=3, stride=2, padding=1)
    layers = (
        Convolution("conv1", *_initial(rng, 16, 1, 3, 3), same),
        Relu("relu1"),
        Residual("block1_add", Sequence("block1", body)),
        Relu("block1_relu2"),
        DepthwiseConvolution("depthwise", *_initial(rng, 16, 1, 3, 3), halve),
        Convolution("pointwise", *_initial(rng, 32, 16, 1, 1), Window(size=1)),
        Relu("pointwise_relu"),
        MaxPool("pool", 2),
        Flatten("flatten"),
        Linear("classifier", *_initial(rng, 10, 128)),
    )
    return Sequence("digits", layers)
