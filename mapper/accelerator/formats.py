"""How an image lies in local memory when layers read it, and how weights lie for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.feeding import Streaming
from golden.accelerator.interpreter import TABLE_BYTES
from mapper.accelerator.layers import Geometry, ProductLayer, Scaling

__all__ = [
    "Format",
    "Part",
    "formats",
    "loading",
    "scaling_words",
    "table_words",
    "weight_words",
]


_MOST_PADDING = 255
"""Bytes before a row."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """An image as words, and windows on it in these terms.

    Either each pixel has its blocks of channels, or a word holds a few neighbouring pixels of a
    row: then one tap takes them all, and taps that are beside them begin at other words.

    Parameters
    ----------
    row_words, pixel_words : int
        Words from row to row, and from column to column.
    width : int
        Columns.
    origin_x : int
        Column of output column 0 at tap 0.
    taps_x, stride_x, dilation_x : int
    depth : int
        Lanes of a tap that count, in all its blocks.
    columns : int
        Pixels of a word; 1 for whole pixels.
    groups, group_step, group_bytes, pad_left : int
        Of a `Load` of one row.
    """

    row_words: int
    pixel_words: int
    width: int
    origin_x: int
    taps_x: int
    stride_x: int
    dilation_x: int
    depth: int
    columns: int
    groups: int
    group_step: int
    group_bytes: int
    pad_left: int


def formats(geometry: Geometry, lanes: int, *, diagonal: bool) -> tuple[Format, Format]:
    """Whole pixels, and the format that takes the fewest jobs; they may be the same."""
    image = geometry.source
    blocks = image.blocks(lanes)
    plain = Format(
        row_words=image.width * blocks,
        pixel_words=blocks if image.width > 1 else 0,
        width=image.width,
        origin_x=-geometry.pad_left,
        taps_x=geometry.taps_x,
        stride_x=geometry.stride_x,
        dilation_x=geometry.dilation_x,
        depth=image.channels,
        columns=1,
        groups=image.width,
        group_step=image.channels,
        group_bytes=image.channels,
        pad_left=0,
    )
    most = lanes // image.channels
    pad_left = geometry.pad_left * image.channels
    if diagonal or geometry.taps_x == 1 or geometry.dilation_x > 1 or pad_left > _MOST_PADDING:
        return plain, plain
    windows = [_windows(geometry, columns) for columns in range(2, most + 1)]
    windows = [entry for entry in windows if entry.group_step <= entry.group_bytes]
    best = min(
        windows, key=lambda entry: (entry.taps_x, entry.groups, entry.columns), default=plain
    )
    return plain, best


def loading(form: Format) -> Format:
    """What a format says about loading alone."""
    return replace(form, origin_x=0, taps_x=1, stride_x=1, dilation_x=1)


def _windows(geometry: Geometry, columns: int) -> Format:
    channels = geometry.source.channels
    taps = -(-geometry.taps_x // columns)
    step = geometry.stride_x if taps == 1 else int(np.gcd(geometry.stride_x, columns))
    stride, dilation = geometry.stride_x // step, columns // step if taps > 1 else 1
    width = (geometry.target.width - 1) * stride + (taps - 1) * dilation + 1
    return Format(
        row_words=width,
        pixel_words=1,
        width=width,
        origin_x=0,
        taps_x=taps,
        stride_x=stride,
        dilation_x=dilation,
        depth=columns * channels,
        columns=columns,
        groups=width,
        group_step=step * channels,
        group_bytes=columns * channels,
        pad_left=geometry.pad_left * channels,
    )


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the weights of a layer: some blocks of filters, some taps, some input blocks.

    Parameters
    ----------
    filters, rows, columns, blocks : range
        Blocks of filters, rows and columns of taps, blocks of input lanes.
    """

    filters: range
    rows: range
    columns: range
    blocks: range

    def depth(self, form: Format, lanes: int) -> int:
        """Lanes of a tap in this part."""
        return min(self.blocks.stop * lanes, form.depth) - self.blocks.start * lanes

    def words(self, layer: ProductLayer, form: Format, lanes: int) -> int:
        """Words of weights of a layer."""
        bits, diagonal = layer.weight_bits, layer.diagonal
        rest = min(lanes, self.depth(form, lanes) - (len(self.blocks) - 1) * lanes)
        whole, last = (
            layer.feeding.tile_words(depth, bits, diagonal=diagonal) for depth in (lanes, rest)
        )
        tap = (len(self.blocks) - 1) * whole + last
        return len(self.filters) * len(self.rows) * len(self.columns) * tap

    def halves(self) -> Iterator["Part"]:
        """Two parts with fewer taps or input blocks; filters stay together.

        Raises
        ------
        ValueError
            If it is a single one.
        """
        for name in ("rows", "columns", "blocks"):
            run = getattr(self, name)
            if len(run) > 1:
                ranges = {key: getattr(self, key) for key in self.__dataclass_fields__}
                yield Part(**{**ranges, name: run[: len(run) // 2]})
                yield Part(**{**ranges, name: run[len(run) // 2 :]})
                return
        raise ValueError("a single tap of a single block has no halves")


def weight_words(layer: ProductLayer, form: Format, part: Part, lanes: int) -> NDArray[np.int8]:
    """Weights of a part in the order of jobs: shape (words, lanes)."""
    if isinstance(layer.feeding, Streaming):
        return _beats(layer, layer.feeding, form, part)
    weights = layer.weights
    missing = -(-len(weights) // lanes) * lanes - len(weights)
    weights = np.pad(weights, ((0, missing), (0, 0), (0, 0), (0, 0)))
    if not layer.diagonal:
        weights = _joined(weights, form)
    blocks = weights.reshape(-1, lanes, *weights.shape[1:])
    chosen = blocks[part.filters.start : part.filters.stop]
    chosen = chosen[..., part.rows.start : part.rows.stop, part.columns.start : part.columns.stop]
    if layer.diagonal:
        return chosen[:, :, 0].transpose(0, 2, 3, 1).reshape(-1, lanes)
    first = part.blocks.start * lanes
    chosen = chosen[:, :, first : first + part.depth(form, lanes)]
    return chosen.transpose(0, 3, 4, 2, 1).reshape(-1, lanes)


def _beats(layer: ProductLayer, feeding: Streaming, form: Format, part: Part) -> NDArray[np.int8]:
    """Weights that stream: a tile for each block of filters, tap and block of lanes."""
    lanes = feeding.lanes
    weights = layer.weights if layer.diagonal else _joined(layer.weights, form)
    tiles = []
    for block, row, column, deep in product(part.filters, part.rows, part.columns, part.blocks):
        values = weights[block * lanes : (block + 1) * lanes, :, row, column].astype(np.int64)
        if layer.diagonal:
            values = np.diag(values[:, 0])
        else:
            values = values[:, deep * lanes : (deep + 1) * lanes].T
        tiles.append(feeding.words(values, layer.weight_bits, diagonal=layer.diagonal))
    return np.concatenate(tiles)


def _joined(weights: NDArray[np.int8], form: Format) -> NDArray[np.int8]:
    """(filters, depth, taps_y, taps_x) with neighbouring taps as lanes of one."""
    if form.columns == 1:
        return weights
    filters, channels, rows, columns = weights.shape
    missing = form.taps_x * form.columns - columns
    padded = np.pad(weights, ((0, 0), (0, 0), (0, 0), (0, missing)))
    split = padded.reshape(filters, channels, rows, form.taps_x, form.columns)
    return split.transpose(0, 4, 1, 2, 3).reshape(filters, form.depth, rows, form.taps_x)


def scaling_words(scaling: Scaling, lanes: int) -> NDArray[np.int8]:
    """Nine words for each block of channels: shape (words, lanes)."""
    channels = len(scaling.bias)
    missing = -(-channels // lanes) * lanes - channels
    rows = [
        np.pad(numbers, (0, missing)).reshape(-1, 1, lanes).astype(kind).view(np.int8)
        for numbers, kind in (
            (scaling.bias, np.int32),
            (scaling.multiplier, np.int32),
            (scaling.shift, np.int8),
        )
    ]
    return np.concatenate([row.reshape(len(row), -1, lanes) for row in rows], axis=1).reshape(
        -1, lanes
    )


def table_words(table: NDArray[np.int8], lanes: int) -> NDArray[np.int8]:
    """A table as words: shape (words, lanes)."""
    words = -(-TABLE_BYTES // lanes)
    return np.pad(table, (0, words * lanes - TABLE_BYTES)).reshape(words, lanes)
