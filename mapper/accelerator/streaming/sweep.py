"""Layers as windows that sweep over columns of bytes: what products and convolutions share."""

from dataclasses import dataclass, replace

from golden.errors import UserError
from mapper.accelerator.formats import formats
from mapper.accelerator.layers import Geometry, Image
from sim.workload import ConvLayer, GemmLayer, Layer

__all__ = ["Sweep", "sweep_of"]

_MOST_STRIDE = 16
_MOST_PADDING = 255
"""Bytes."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A layer.

    The input is rows of columns. A column is a pixel, or, where pixels have few channels, as many
    neighbouring ones as a tap takes at once.

    Parameters
    ----------
    copies : int
        How often it is done, on different data: groups, or heads of attention.
    filters : int
        Output channels of a copy.
    depth : int
        Bytes of a column.
    height, width : int
        Rows and columns of the input.
    out_height, out_width : int
    taps_y, taps_x, stride_y, stride_x, dilation_y, dilation_x : int
        In rows and columns.
    pad_top, pad_left : int
        Rows and columns before the first.
    column_step, first_byte, row_bytes : int
        Bytes from column to column, of padding before the first, and of a row of pixels.
    pixels : int
        Pixels of a column.
    rows_apart : int
        Rows of the layer's input from row to row here; those between are not looked at.
    diagonal : bool
        Each output channel has an input channel of its own.
    flat : bool
        A product: its single row is as long as there are rows of the product, and is cut anywhere.
    together : int
        Groups of the layer in a copy, each with weights of zero for the channels of the others.
    """

    copies: int
    filters: int
    depth: int
    height: int
    width: int
    out_height: int
    out_width: int
    taps_y: int = 1
    taps_x: int = 1
    stride_y: int = 1
    stride_x: int = 1
    dilation_y: int = 1
    dilation_x: int = 1
    pad_top: int = 0
    pad_left: int = 0
    column_step: int
    first_byte: int = 0
    row_bytes: int
    pixels: int = 1
    rows_apart: int = 1
    diagonal: bool = False
    flat: bool = False
    together: int = 1


def sweep_of(layer: Layer, lanes: int) -> Sweep:
    """A layer as a sweep.

    A convolution whose windows meet without overlap or padding is a product. Small groups are
    joined until they fill the lanes.

    Raises
    ------
    UserError
        If it has strides or sizes that no instruction has.
    """
    if isinstance(layer, GemmLayer):
        return _product(layer.m, layer.k, layer.n, layer.count)
    channels, filters = layer.channels // layer.groups, layer.filters // layer.groups
    out_height, out_width = layer.output
    taps = layer.filter_height * layer.filter_width
    dense = taps == 1 or layer.dilation == (1, 1)
    if dense and layer.stride == (layer.filter_height, layer.filter_width) and not any(layer.pads):
        return _product(out_height * out_width, taps * channels, filters, layer.groups)
    diagonal = layer.groups > 1 and channels == filters == 1
    together = layer.groups if diagonal else _together(layer, channels, filters, lanes)
    return _convolution(layer, together, lanes, diagonal=diagonal)


def _product(m: int, k: int, n: int, count: int) -> Sweep:
    return Sweep(
        copies=count,
        filters=n,
        depth=k,
        height=1,
        width=m,
        out_height=1,
        out_width=m,
        column_step=k,
        row_bytes=m * k,
        flat=True,
    )


def _together(layer: ConvLayer, channels: int, filters: int, lanes: int) -> int:
    """Groups that are done at once."""
    most = max(1, lanes // max(channels, filters))
    return max(count for count in range(1, most + 1) if layer.groups % count == 0)


def _convolution(layer: ConvLayer, together: int, lanes: int, *, diagonal: bool) -> Sweep:
    channels = layer.channels // layer.groups * together
    out_height, out_width = layer.output
    taps_y, taps_x = layer.filter_height, layer.filter_width
    # Where there is one, the distance to the next may be any.
    stride_y, stride_x = (
        step if count > 1 else 1
        for step, count in zip(layer.stride, (out_height, out_width), strict=True)
    )
    dilation_y, dilation_x = (
        step if count > 1 else 1
        for step, count in zip(layer.dilation, (taps_y, taps_x), strict=True)
    )
    top, left = layer.pads[:2]
    height, rows_apart = layer.height, 1
    if taps_y == 1 and top == 0 and (out_height - 1) * stride_y < layer.height:
        height, rows_apart, stride_y = out_height, stride_y, 1
    if max(stride_y, stride_x) > _MOST_STRIDE:
        raise UserError(
            f"windows move by {_MOST_STRIDE} pixels at most, not by {max(stride_y, stride_x)}"
        )
    plain, form = formats(
        Geometry(
            source=Image(height, layer.width, channels),
            target=Image(out_height, out_width, layer.filters),
            taps_y=taps_y,
            taps_x=taps_x,
            stride_y=stride_y,
            stride_x=stride_x,
            dilation_y=dilation_y,
            dilation_x=dilation_x,
            pad_top=top,
            pad_left=left,
        ),
        lanes,
        diagonal=diagonal,
    )
    row_bytes = layer.width * channels
    if (form.width - 1) * form.group_step + form.depth - form.pad_left > row_bytes + _MOST_PADDING:
        form = plain
    sweep = Sweep(
        copies=layer.groups // together,
        filters=layer.filters // layer.groups * together,
        depth=form.depth,
        height=height,
        width=form.width,
        out_height=out_height,
        out_width=out_width,
        taps_y=taps_y,
        taps_x=form.taps_x,
        stride_y=stride_y,
        stride_x=form.stride_x,
        dilation_y=dilation_y,
        dilation_x=form.dilation_x,
        pad_top=top,
        pad_left=-form.origin_x,
        column_step=form.group_step,
        first_byte=form.pad_left,
        row_bytes=row_bytes,
        pixels=form.columns,
        rows_apart=rows_apart,
        diagonal=diagonal,
        together=together,
    )
    return sweep if sweep.taps_x > 1 else replace(sweep, dilation_x=1)
