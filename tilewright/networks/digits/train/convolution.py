"""Convolutions of square kernels, forward and backward."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tilewright.networks.digits.train.layers import Backward, FloatArray, Parameter

__all__ = ["Convolution", "DepthwiseConvolution", "Window"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel moves over an image, alike in both directions.

    Parameters
    ----------
    size, stride, padding : int
        In pixels.
    """

    size: int
    stride: int = 1
    padding: int = 0

    def cut(self, x: FloatArray) -> FloatArray:
        """Windows (batch, channels, out_height, out_width, size, size), read-only."""
        margin = (self.padding, self.padding)
        padded = np.pad(x, ((0, 0), (0, 0), margin, margin))
        windows = sliding_window_view(padded, (self.size, self.size), axis=(2, 3))
        return windows[:, :, :: self.stride, :: self.stride]

    def scatter_add(self, windows: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Transpose of `cut`: every window added to where it was cut from.

        Parameters
        ----------
        windows : ndarray
            (batch, channels, size, size, out_height, out_width).
        shape : tuple of int
            (batch, channels, height, width), that of the result.
        """
        batch, channels, height, width = shape
        out_height, out_width = windows.shape[4:]
        padded_shape = (batch, channels, height + 2 * self.padding, width + 2 * self.padding)
        padded = np.zeros(padded_shape, dtype=windows.dtype)
        for row in range(self.size):
            for column in range(self.size):
                rows = slice(row, row + self.stride * out_height, self.stride)
                columns = slice(column, column + self.stride * out_width, self.stride)
                padded[:, :, rows, columns] += windows[:, :, row, column]
        inner = slice(self.padding, self.padding + height)
        return padded[:, :, inner, self.padding : self.padding + width]


@dataclass(frozen=True, eq=False)
class Convolution:
    """Convolution as a matrix product with the cut windows.

    Parameters
    ----------
    name : str
        Of the node.
    weight : Parameter
        (out_channels, in_channels, size, size).
    bias : Parameter
        (out_channels,).
    window : Window
        Of the weight's size.
    """

    name: str
    weight: Parameter
    bias: Parameter
    window: Window

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Weight and bias."""
        return self.weight, self.bias

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """From (batch, in_channels, height, width) to (batch, out_channels, ...)."""
        weight = self.weight.value
        matrix = weight.reshape(len(weight), -1)
        windows = self.window.cut(x)
        batch, _, out_height, out_width = windows.shape[:4]
        columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(batch, matrix.shape[1], -1)
        y = matrix @ columns + self.bias.value[:, np.newaxis]

        def backward(gradient: FloatArray) -> FloatArray:
            flat = gradient.reshape(batch, len(weight), -1)
            self.bias.gradient = flat.sum(axis=(0, 2))
            product = np.tensordot(flat, columns, axes=((0, 2), (0, 2)))
            self.weight.gradient = product.reshape(weight.shape)
            window_gradients = (matrix.T @ flat).reshape(
                batch, *weight.shape[1:], out_height, out_width
            )
            return self.window.scatter_add(window_gradients, x.shape)

        return y.reshape(batch, len(weight), out_height, out_width), backward


@dataclass(frozen=True, eq=False)
class DepthwiseConvolution:
    """Convolution of every channel with a kernel of its own.

    Parameters
    ----------
    name : str
        Of the node.
    weight : Parameter
        (channels, 1, size, size): that of a convolution in as many groups as channels.
    bias : Parameter
        (channels,).
    window : Window
        Of the weight's size.
    """

    name: str
    weight: Parameter
    bias: Parameter
    window: Window

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Weight and bias."""
        return self.weight, self.bias

    def forward(self, x: FloatArray) -> tuple[FloatArray, Backward]:
        """From (batch, channels, height, width) to as many channels."""
        kernels = self.weight.value[:, 0]
        windows = self.window.cut(x)
        y = np.einsum("bchwij,cij->bchw", windows, kernels)

        def backward(gradient: FloatArray) -> FloatArray:
            self.bias.gradient = gradient.sum(axis=(0, 2, 3))
            kernel_gradients = np.einsum("bchwij,bchw->cij", windows, gradient)
            self.weight.gradient = kernel_gradients[:, np.newaxis]
            window_gradients = np.einsum("bchw,cij->bcijhw", gradient, kernels)
            return self.window.scatter_add(window_gradients, x.shape)

        return y + self.bias.value[:, np.newaxis, np.newaxis], backward
