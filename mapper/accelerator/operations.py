"""The instructions for a tile, some rows, or a part of the weights."""

from dataclasses import dataclass

from golden.accelerator.instructions import Gemm, Load, LocalMemory, Pool, Requantize, Store
from mapper.accelerator.actions import Home
from mapper.accelerator.formats import Format, Part
from mapper.accelerator.layers import Geometry, Image, PoolLayer, ProductLayer
from mapper.accelerator.tiles import Tile

__all__ = [
    "Rows",
    "gemm",
    "load_rows",
    "loads_as_one",
    "needed_rows",
    "pool",
    "requantize",
    "store_rows",
    "stores_as_one",
]

_MOST_GROUPS = 1 << 16
_MOST_ROW_BYTES = 1 << 20


@dataclass(frozen=True)
class Rows:
    """Where some rows of a source are.

    Parameters
    ----------
    word : int
        Of the first.
    first, count : int
    """

    word: int
    first: int
    count: int


def needed_rows(geometry: Geometry, rows: range) -> range:
    """Input rows that output rows are made of; where all is padding, one stands for none."""
    first, end = geometry.rows_read(rows.start, rows.stop)
    first = min(first, geometry.source.height - 1)
    return range(first, max(end, first + 1))


def gemm(
    layer: ProductLayer,
    form: Format,
    part: Part,
    tile: Tile,
    rows: Rows,
    *,
    lanes: int,
    target: int,
    accumulate: bool,
) -> Gemm:
    """Sums of a tile over a part of the weights, whose address is left open.

    Parameters
    ----------
    layer : ProductLayer
    form : Format
        Of its source.
    part : Part
    tile : Tile
    rows : Rows
        All that the tile is made of.
    lanes : int
    target : int
        First accumulator word.
    accumulate : bool
        Whether sums of other parts are there already.
    """
    geometry = layer.geometry
    block = part.filters.start if layer.diagonal else part.blocks.start
    depth = part.depth(form, lanes)
    first_row = tile.rows.start * geometry.stride_y - geometry.pad_top - rows.first
    first_column = tile.columns.start * form.stride_x + form.origin_x
    return Gemm(
        source=rows.word + block,
        row_words=form.row_words if rows.count > 1 else 0,
        pixel_words=form.pixel_words,
        height=rows.count,
        width=form.width,
        origin_y=first_row + part.rows.start * geometry.dilation_y,
        origin_x=first_column + part.columns.start * form.dilation_x,
        stride_y=geometry.stride_y,
        stride_x=form.stride_x,
        dilation_y=geometry.dilation_y,
        dilation_x=form.dilation_x,
        out_height=len(tile.rows),
        out_width=len(tile.columns),
        taps_y=len(part.rows),
        taps_x=len(part.columns),
        blocks_k=1 if layer.diagonal else len(part.blocks),
        last_lanes=lanes if layer.diagonal else depth - (len(part.blocks) - 1) * lanes,
        blocks_n=len(part.filters),
        target=target,
        pad_value=layer.pad_value,
        accumulate=int(accumulate),
        diagonal=int(layer.diagonal),
        weight_bits=layer.weight_bits,
    )


def requantize(
    layer: ProductLayer, tile: Tile, filters: range, *, lanes: int, source: int, row: int
) -> Requantize:
    """Results of a tile, with the address of parameters left open.

    Parameters
    ----------
    layer : ProductLayer
    tile : Tile
    filters : range
        Blocks of filters.
    lanes : int
    source : int
        First accumulator word.
    row : int
        First word of the tile's first row.
    """
    image = layer.geometry.target
    blocks = image.blocks(lanes)
    return Requantize(
        source=source,
        target=row + tile.columns.start * blocks + filters.start,
        row_words=image.row_words(lanes) if len(tile.rows) > 1 else 0,
        pixel_words=blocks if len(tile.columns) > 1 else 0,
        out_height=len(tile.rows),
        out_width=len(tile.columns),
        blocks=len(filters),
        zero_point=layer.zero_point,
        low=layer.low,
        high=layer.high,
    )


def pool(
    layer: PoolLayer, form: Format, source: Rows, rows: range, *, lanes: int, target: int
) -> Pool:
    """Some output rows of a pool.

    Parameters
    ----------
    layer : PoolLayer
    form : Format
        Of its source.
    source : Rows
        All that the output rows are made of.
    rows : range
    lanes : int
    target : int
        First word of the first output row.
    """
    geometry, image = layer.geometry, layer.geometry.target
    return Pool(
        kind=int(layer.pool),
        source=source.word,
        row_words=form.row_words if source.count > 1 else 0,
        pixel_words=form.pixel_words,
        height=source.count,
        width=form.width,
        origin_y=rows.start * geometry.stride_y - geometry.pad_top - source.first,
        origin_x=-geometry.pad_left,
        stride_y=geometry.stride_y,
        stride_x=geometry.stride_x,
        out_height=len(rows),
        out_width=image.width,
        taps_y=geometry.taps_y,
        taps_x=geometry.taps_x,
        blocks=image.blocks(lanes),
        target=target,
        target_row_words=image.row_words(lanes) if len(rows) > 1 else 0,
        target_pixel_words=image.blocks(lanes) if image.width > 1 else 0,
        low=layer.low,
        high=layer.high,
    )


def loads_as_one(image: Image, form: Format, count: int) -> bool:
    """Whether rows without padding, which follow each other in both memories, are one long row."""
    return (
        form.columns == 1
        and count * image.width <= _MOST_GROUPS
        and count * image.width * image.channels <= _MOST_ROW_BYTES
    )


def stores_as_one(image: Image, count: int) -> bool:
    """Whether rows are stored as one long row."""
    return count * image.width <= _MOST_GROUPS


def load_rows(
    image: Image, form: Format, home: Home, rows: range, *, word: int, pad_value: int
) -> Load:
    """Rows of an image from DRAM.

    Parameters
    ----------
    image : Image
    form : Format
        How they lie in activation memory.
    home : Home
        Of the image.
    rows : range
    word : int
        Of the first row.
    pad_value : int
        What is beside the image.
    """
    row_bytes, count = image.width * image.channels, len(rows)
    together = loads_as_one(image, form, count)
    return Load(
        memory=LocalMemory.ACTIVATIONS,
        base=home.base,
        address=home.address + rows.start * row_bytes,
        rows=1 if together else count,
        row_step=0 if together else row_bytes,
        row_bytes=row_bytes * (count if together else 1),
        pad_left=form.pad_left,
        groups=form.groups * (count if together else 1),
        group_step=form.group_step,
        group_bytes=form.group_bytes,
        pad_value=pad_value,
        local=word,
        local_row_step=0 if together else form.row_words,
    )


def store_rows(image: Image, home: Home, rows: range, *, lanes: int, word: int) -> Store:
    """Rows of an image to DRAM.

    Parameters
    ----------
    image : Image
    home : Home
        Of the image.
    rows : range
    lanes : int
    word : int
        Of the first row.
    """
    row_bytes = image.width * image.channels
    together = stores_as_one(image, len(rows))
    return Store(
        base=home.base,
        address=home.address + rows.start * row_bytes,
        rows=1 if together else len(rows),
        row_step=0 if together else row_bytes,
        groups=image.width * (len(rows) if together else 1),
        group_bytes=image.channels,
        local=word,
        local_row_step=0 if together else image.row_words(lanes),
    )
