"""Networks as the accelerator sees them: values in memory, and layers between them.

A value is an image: rows of pixels of channels, int8. Integers of 8 bits without a sign are held
less 128. Everything that numbers have to be scaled by is worked out here already.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.feeding import RESTING, Feeding, Streaming
from golden.accelerator.instructions import PoolKind
from golden.operators.base import Operator

__all__ = [
    "AddLayer",
    "Geometry",
    "Image",
    "Layer",
    "Network",
    "PoolLayer",
    "ProductLayer",
    "Scaling",
    "TableLayer",
    "Value",
    "View",
]


@dataclass(frozen=True)
class Image:
    """Shape of a value.

    Parameters
    ----------
    height, width, channels : int
    """

    height: int
    width: int
    channels: int

    @property
    def size(self) -> int:
        """Numbers in all."""
        return self.height * self.width * self.channels

    def blocks(self, lanes: int) -> int:
        """Words of a pixel."""
        return -(-self.channels // lanes)

    def row_words(self, lanes: int) -> int:
        """Words of a row."""
        return self.width * self.blocks(lanes)

    def words(self, lanes: int) -> int:
        """Words in all."""
        return self.height * self.row_words(lanes)


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a layer makes, or an input of the network.

    Parameters
    ----------
    name : str
        Tensor of the graph that it was made as.
    image : Image
    is_input, is_output : bool
        Whether the host writes it, and whether it reads it.
    """

    name: str
    image: Image
    is_input: bool = False
    is_output: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Where the numbers of a tensor of the graph are in a value.

    Parameters
    ----------
    value : int
    index : ndarray of int64, shape of the tensor
        Positions in the value, row after row, pixel after pixel, channel after channel.
    offset : int
        What the value holds is less by this.
    """

    value: int
    index: NDArray[np.int64]
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How windows lie on an image.

    Parameters
    ----------
    source, target : Image
        What is read and what is made; ``source`` may be another shape of the value's numbers.
    taps_y, taps_x : int
    stride_y, stride_x : int
    dilation_y, dilation_x : int
    pad_top, pad_left : int
    """

    source: Image
    target: Image
    taps_y: int = 1
    taps_x: int = 1
    stride_y: int = 1
    stride_x: int = 1
    dilation_y: int = 1
    dilation_x: int = 1
    pad_top: int = 0
    pad_left: int = 0

    def rows_read(self, first: int, last: int) -> tuple[int, int]:
        """Input rows that output rows ``first`` to ``last - 1`` are made of: first, and end."""
        low = first * self.stride_y - self.pad_top
        high = (last - 1) * self.stride_y - self.pad_top + (self.taps_y - 1) * self.dilation_y + 1
        height = self.source.height
        low = min(max(low, 0), height)
        return low, max(min(high, height), low)

    def most_rows_read(self, rows: int) -> int:
        """Most input rows that ``rows`` output rows are made of."""
        reach = (rows - 1) * self.stride_y + (self.taps_y - 1) * self.dilation_y + 1
        return min(reach, self.source.height)

    def rows_made(self, available: int) -> int:
        """Output rows that the first ``available`` input rows suffice for."""
        if available >= self.source.height:
            return self.target.height
        room = available + self.pad_top - (self.taps_y - 1) * self.dilation_y - 1
        return min(max(room // self.stride_y + 1, 0), self.target.height)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """From sums to results: for each channel a bias, a multiplier and a shift.

    Parameters
    ----------
    bias, multiplier, shift : ndarray of int64, shape (channels,)
    """

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layer:
    """What all layers have.

    Parameters
    ----------
    name, kind : str
        Of the operator.
    target : int
        Value that is made.
    macs : int
        Multiply-accumulates.
    """

    name: str
    kind: str
    target: int
    macs: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductLayer(_Layer):
    """A convolution or product with constant weights, requantized.

    Parameters
    ----------
    source : int
    geometry : Geometry
    weights : ndarray of int8, shape (filters, channels, taps_y, taps_x)
        One channel if ``diagonal``.
    diagonal : bool
        A depthwise convolution.
    pad_value : int
        What padding reads as.
    scaling : Scaling
        Zero points of the source are in the bias.
    zero_point, low, high : int
        Of the result.
    feeding : Feeding
        How the engine is fed.
    weight_bits : int
        Of weights, as a `Gemm` says.
    """

    source: int
    geometry: Geometry
    weights: NDArray[np.int8]
    diagonal: bool
    pad_value: int
    scaling: Scaling
    zero_point: int
    low: int
    high: int
    feeding: Feeding = RESTING
    weight_bits: int = 0

    @property
    def sources(self) -> tuple[int, ...]:
        """Values that are read."""
        return (self.source,)

    @property
    def joins(self) -> bool:
        """Whether neighbouring taps may be lanes of one, with zeros where there are too few."""
        return not self.diagonal and (
            not isinstance(self.feeding, Streaming)
            or self.feeding.holds(np.zeros(1, dtype=np.int64), self.weight_bits)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class AddLayer(_Layer):
    """The sum of two values.

    Parameters
    ----------
    first, second : int
    geometry : Geometry
        One pixel each.
    scaling : Scaling
        Of the first, of the second, of the sum.
    zero_point, low, high : int
    """

    first: int
    second: int
    geometry: Geometry
    scaling: Scaling
    zero_point: int
    low: int
    high: int

    @property
    def sources(self) -> tuple[int, ...]:
        """Values that are read."""
        return tuple(dict.fromkeys((self.first, self.second)))


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolLayer(_Layer):
    """Maxima or averages over windows.

    Parameters
    ----------
    source : int
    geometry : Geometry
    pool : PoolKind
    low, high : int
    """

    source: int
    geometry: Geometry
    pool: PoolKind
    low: int = -128
    high: int = 127

    @property
    def sources(self) -> tuple[int, ...]:
        """Values that are read."""
        return (self.source,)


@dataclass(frozen=True, kw_only=True, eq=False)
class TableLayer(_Layer):
    """A function of one number.

    Parameters
    ----------
    source : int
    geometry : Geometry
        One pixel each.
    table : ndarray of int8, shape (256,)
        Results of -128 to 127.
    """

    source: int
    geometry: Geometry
    table: NDArray[np.int8]

    @property
    def sources(self) -> tuple[int, ...]:
        """Values that are read."""
        return (self.source,)


Layer: TypeAlias = ProductLayer | AddLayer | PoolLayer | TableLayer


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Values and layers, and what is left to the host.

    Parameters
    ----------
    values : tuple of Value
    layers : tuple of Layer
        Each after those that make its sources.
    views : mapping of str to View
        Where tensors of the graph are.
    before, after : tuple of Operator
        What the host computes before and after.
    """

    values: tuple[Value, ...]
    layers: tuple[Layer, ...]
    views: Mapping[str, View]
    before: tuple[Operator, ...] = ()
    after: tuple[Operator, ...] = field(default=())
