"""Workloads known by their shapes alone: layers, and the matrix products they come down to.

A layer carries no values and no number format. It is enough to count cycles, multiplications and
traffic, and it is what a table of layer sizes can say about a network.
"""

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["ConvLayer", "GemmLayer", "Layer", "Product", "Workload"]


@dataclass(frozen=True, kw_only=True)
class Product:
    """A matrix product ``D[m, n] = A[m, k] W[k, n]``, done ``count`` times on different data.

    Parameters
    ----------
    m, k, n : int
        Sizes in elements, each at least 1.
    count : int
        How often the product occurs, at least 1.

    Raises
    ------
    TypeError
        If a size is not an int.
    ValueError
        If a size is less than 1.
    """

    m: int
    k: int
    n: int
    count: int = 1

    def __post_init__(self) -> None:
        for field in ("m", "k", "n", "count"):
            _require_int("product", field, getattr(self, field), least=1)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all ``count`` products together."""
        return self.m * self.k * self.n * self.count


@dataclass(frozen=True, kw_only=True)
class GemmLayer:
    """A matrix product, or ``count`` equal ones on different data, such as the heads of attention.

    Parameters
    ----------
    name : str
        Not empty. Names need not be unique in a workload.
    m, k, n : int
        Sizes in elements: activations are (m, k), weights (k, n), results (m, n).
    count : int
        How often the product occurs.

    Raises
    ------
    TypeError
        If a parameter has the wrong type.
    ValueError
        If the name is empty or a size is less than 1.
    """

    name: str
    m: int
    k: int
    n: int
    count: int = 1

    def __post_init__(self) -> None:
        _require_name("a layer", self.name)
        for field in ("m", "k", "n", "count"):
            _require_int(f"layer {self.name!r}", field, getattr(self, field), least=1)

    @property
    def products(self) -> tuple[Product, ...]:
        """The matrix products of the layer: one, ``count`` times."""
        return (Product(m=self.m, k=self.k, n=self.n, count=self.count),)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer."""
        return sum(product.macs for product in self.products)


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """A two-dimensional convolution of one sample.

    Parameters
    ----------
    name : str
        Not empty. Names need not be unique in a workload.
    height, width : int
        Size of the input in pixels, without padding.
    channels : int
        Input channels of all groups together.
    filter_height, filter_width : int
        Size of the filter in taps.
    filters : int
        Output channels of all groups together.
    stride : pair of int
        Vertical, horizontal, in pixels.
    pads : four int
        Rows or columns of zeros added at the top, left, bottom and right.
    dilation : pair of int
        Vertical, horizontal distance between neighbouring taps in pixels; 1 is a dense filter.
    groups : int
        Divides ``channels`` and ``filters``; equal to ``channels`` in a depthwise convolution.

    Raises
    ------
    TypeError
        If a parameter has the wrong type.
    ValueError
        If a size is out of range, if ``groups`` does not divide the channels or the filters, or if
        the dilated filter is larger than the padded input.
    """

    name: str
    height: int
    width: int
    channels: int
    filter_height: int
    filter_width: int
    filters: int
    stride: tuple[int, int]
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        _require_name("a layer", self.name)
        owner = f"layer {self.name!r}"
        for field in (
            "height",
            "width",
            "channels",
            "filter_height",
            "filter_width",
            "filters",
            "groups",
        ):
            _require_int(owner, field, getattr(self, field), least=1)
        _require_ints(owner, "stride", self.stride, length=2, least=1)
        _require_ints(owner, "pads", self.pads, length=4, least=0)
        _require_ints(owner, "dilation", self.dilation, length=2, least=1)
        for field in ("channels", "filters"):
            if getattr(self, field) % self.groups:
                raise ValueError(
                    f"{owner}: {field} must be a multiple of the {self.groups} groups, "
                    f"not {getattr(self, field)}"
                )
        if self.span[0] > self.padded[0] or self.span[1] > self.padded[1]:
            raise ValueError(
                f"{owner}: the filter covers {self.span[0]}x{self.span[1]} pixels and must fit in "
                f"the padded input of {self.padded[0]}x{self.padded[1]}"
            )

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the input with its padding, in pixels."""
        top, left, bottom, right = self.pads
        return top + self.height + bottom, left + self.width + right

    @property
    def span(self) -> tuple[int, int]:
        """Height and width that the dilated filter covers, in pixels."""
        return (
            (self.filter_height - 1) * self.dilation[0] + 1,
            (self.filter_width - 1) * self.dilation[1] + 1,
        )

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output in pixels.

        ``floor((padded - span) / stride) + 1``: positions at which the whole filter lies in the
        padded input.
        """
        return (
            (self.padded[0] - self.span[0]) // self.stride[0] + 1,
            (self.padded[1] - self.span[1]) // self.stride[1] + 1,
        )

    @property
    def products(self) -> tuple[Product, ...]:
        """The matrix products of the layer: one for each group.

        Rows of the product are output pixels, columns are filters, and what is summed over are
        the taps of one filter.
        """
        return (
            Product(
                m=self.output[0] * self.output[1],
                k=self.filter_height * self.filter_width * (self.channels // self.groups),
                n=self.filters // self.groups,
                count=self.groups,
            ),
        )

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer, those with the zeros of the padding included."""
        return sum(product.macs for product in self.products)


Layer: TypeAlias = GemmLayer | ConvLayer
"""Any layer of a workload."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A network as the shapes of its layers, in order of execution.

    Parameters
    ----------
    name : str
        Not empty.
    layers : tuple of Layer
        At least one.

    Raises
    ------
    TypeError
        If a parameter has the wrong type.
    ValueError
        If the name is empty or there are no layers.
    """

    name: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        _require_name("a workload", self.name)
        if not isinstance(self.layers, tuple) or not all(
            isinstance(layer, Layer) for layer in self.layers
        ):
            raise TypeError(
                f"workload {self.name!r}: layers must be a tuple of GemmLayer and ConvLayer, "
                f"not {self.layers!r}"
            )
        if not self.layers:
            raise ValueError(f"workload {self.name!r}: there must be at least one layer")

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.macs for layer in self.layers)


def _require_name(owner: str, name: object) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the name of {owner} must be a string, not {name!r}")
    if not name:
        raise ValueError(f"the name of {owner} must not be empty")


def _require_int(owner: str, field: str, value: object, *, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{owner}: {field} must be an integer, not {value!r}")
    if value < least:
        raise ValueError(f"{owner}: {field} must be at least {least}, not {value}")


def _require_ints(owner: str, field: str, values: object, *, length: int, least: int) -> None:
    if not isinstance(values, tuple) or len(values) != length:
        raise TypeError(f"{owner}: {field} must be a tuple of {length} integers, not {values!r}")
    for value in values:
        _require_int(owner, field, value, least=least)
