"""Layers of a network, forward and backward.

``forward`` returns the output and a function that turns the gradient of the loss with respect to
this output into the gradient with respect to the input. On its way that function leaves the
gradients of the layer's parameters in ``Parameter.gradient``: replaced, not accumulated. Images
are (batch, channels, height, width). A layer computes in the dtype of its parameters and input.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Backward",
    "Flatten",
    "FloatArray",
    "Layer",
    "Linear",
    "MaxPool",
    "Parameter",
    "Relu",
    "Residual",
    "Sequence",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
"""An array of a floating-point dtype."""

Backward: TypeAlias = Callable[[FloatArray], FloatArray]
"""From the gradient of a layer's output to that of its input."""


@dataclass(eq=False)
class Parameter:
    """A trained array and its last gradient.

    Parameters
    ----------
    value : ndarray
        Any shape.
    """

    value: FloatArray
    gradient: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.gradient = np.zeros_like(self.value)


class Layer(Protocol):
    """What every layer offers."""

    @property
    def name(self) -> str:
        """Name of the layer's node in the exported network."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What is trained, in a fixed order."""

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """Output, and the way back from its gradient."""


@dataclass(frozen=True, eq=False)
class Linear:
    """Fully connected layer.

    Parameters
    ----------
    name : str
        Of the node.
    weight : Parameter
        (out_features, in_features).
    bias : Parameter
        (out_features,).
    """

    name: str
    weight: Parameter
    bias: Parameter

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Weight and bias."""
        return self.weight, self.bias

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """From (batch, in_features) to (batch, out_features)."""

        def backward(gradient: FloatArray) -> FloatArray:
            self.weight.gradient = gradient.T @ x
            self.bias.gradient = gradient.sum(axis=0)
            return gradient @ self.weight.value

        return x @ self.weight.value.T + self.bias.value, backward


@dataclass(frozen=True)
class Relu:
    """max(x, 0), with the gradient 0 at 0.

    Parameters
    ----------
    name : str
        Of the node.
    """

    name: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """None."""
        return ()

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """Any shape."""
        positive = x > 0
        return x * positive, lambda gradient: gradient * positive


@dataclass(frozen=True)
class MaxPool:
    """Maximum over square windows that do not overlap; the first of equal ones gets the gradient.

    Parameters
    ----------
    name : str
        Of the node.
    size : int
        Height and width of a window, in pixels; divides those of the image.
    """

    name: str
    size: int

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """None."""
        return ()

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """From (batch, channels, height, width) to height and width divided by the size."""
        batch, channels, height, width = x.shape
        tiled_shape = (batch, channels, height // self.size, self.size, width // self.size, -1)
        windows = x.reshape(tiled_shape).swapaxes(3, 4)
        flat = windows.reshape(*windows.shape[:4], self.size**2)
        winners = flat.argmax(axis=-1, keepdims=True)
        y: FloatArray = np.take_along_axis(flat, winners, axis=-1)[..., 0]

        def backward(gradient: FloatArray) -> FloatArray:
            flat_gradient = np.zeros(flat.shape, dtype=gradient.dtype)
            np.put_along_axis(flat_gradient, winners, gradient[..., np.newaxis], axis=-1)
            return flat_gradient.reshape(windows.shape).swapaxes(3, 4).reshape(x.shape)

        return y, backward


@dataclass(frozen=True)
class Flatten:
    """All axes but the first in one.

    Parameters
    ----------
    name : str
        Of the node.
    """

    name: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """None."""
        return ()

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """From (batch, ...) to (batch, features)."""
        return x.reshape(len(x), -1), lambda gradient: gradient.reshape(x.shape)


@dataclass(frozen=True, eq=False)
class Sequence:
    """Layers one after the other.

    Parameters
    ----------
    name : str
        Of the whole; not that of a node.
    layers : tuple of Layer
        The first one sees the input.
    """

    name: str
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of all layers."""
        return tuple(parameter for layer in self.layers for parameter in layer.parameters)

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """What the first layer takes, to what the last one gives."""
        ways_back: list[Backward] = []
        for layer in self.layers:
            x, way_back = layer.forward(x)
            ways_back.append(way_back)

        def backward(gradient: FloatArray) -> FloatArray:
            for way_back in reversed(ways_back):
                gradient = way_back(gradient)
            return gradient

        return x, backward


@dataclass(frozen=True, eq=False)
class Residual:
    """x + body(x).

    Parameters
    ----------
    name : str
        Of the addition's node.
    body : Sequence
        Keeps the shape of its input.
    """

    name: str
    body: Sequence

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those of the body."""
        return self.body.parameters

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """Any shape that the body takes."""
        y, body_backward = self.body.forward(x)
        return y + x, lambda gradient: body_backward(gradient) + gradient
