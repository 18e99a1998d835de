"""How layers are cut: into tiles that fit the accumulators, and parts that fit the weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.formats import Format, Part
from mapper.accelerator.layers import ProductLayer

__all__ = [
    "MOST_ROWS",
    "Cut",
    "Cutting",
    "Outer",
    "Step",
    "Tile",
    "cut_by",
    "cut_layer",
    "most_filters",
    "most_filters_alone",
    "parameter_groups",
    "whole_part",
]

_MOST_TAPS = 32
_MOST_BLOCKS = 256
MOST_ROWS = 1024
"""Of an instruction's output."""

_OVERHEAD = 60
"""About as many cycles does an instruction of the execute unit take more than its jobs."""

_WORTH_CUTTING = 8 * _OVERHEAD


class Outer(Enum):
    """What goes on last: all filters of a tile are made before the next, or all tiles of a group.

    Constants that do not fit are loaded for each tile in one case, and source rows that are not
    kept for each group of filters in the other.
    """

    TILES = "tiles"
    FILTERS = "filters"


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """What is decided about a cut.

    Parameters
    ----------
    heights : tuple of int
        Output rows of the tiles, from top to bottom.
    columns : int
        Most output columns of a tile.
    group : int
        Most blocks of filters that are made at a time.
    outer : Outer
    together : bool
        Whether all weights are loaded at once, which there must be room for.
    """

    heights: tuple[int, ...]
    columns: int
    group: int
    outer: Outer
    together: bool


@dataclass(frozen=True)
class Tile:
    """Output rows and columns."""

    rows: range
    columns: range


@dataclass(frozen=True, kw_only=True)
class Step:
    """Sums of a tile and some filters, made of all these parts one after the other.

    Parameters
    ----------
    tile : Tile
    filters : range
        Blocks of filters.
    parts : tuple of int
        Parts of the weights.
    last : bool
        Whether all filters of the tile are made then.
    """

    tile: Tile
    filters: range
    parts: tuple[int, ...]
    last: bool


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A layer in pieces.

    Parameters
    ----------
    cutting : Cutting
    parts : tuple of Part
        In the order in which steps use them first.
    pieces : tuple of tuple of int
        Parts that are loaded together.
    steps : tuple of Step
    """

    cutting: Cutting
    parts: tuple[Part, ...]
    pieces: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]

    @property
    def most_rows(self) -> int:
        """Rows of the tallest tile."""
        return max(len(step.tile.rows) for step in self.steps)

    @property
    def rows_before_last(self) -> int:
        """Output rows that are complete before the last step."""
        return self.steps[-1].tile.rows.start if len(self.steps) > 1 else 0


def cut_layer(
    layer: ProductLayer,
    form: Format,
    accelerator: Accelerator,
    *,
    most_rows: int,
    first_rows: int,
    streamed: bool,
    loaded: bool,
    vector_cycles: int,
    awaited: bool,
) -> Cut:
    """Cut a layer.

    Parameters
    ----------
    layer : ProductLayer
    form : Format
        Of its source.
    accelerator : Accelerator
    most_rows : int
        Output rows of a tile that activation memory has room for.
    first_rows : int
        Output rows that the layer before suffices for while its last tile is under way; 0 if
        nothing has to be waited for.
    streamed : bool
        Whether tiles come from DRAM or go there.
    loaded : bool
        Whether the source is loaded for the layer, row after row.
    vector_cycles : int
        What the vector unit takes for each word of results.
    awaited : bool
        Whether what follows can not begin before all is done.

    Raises
    ------
    UserError
        If not even a single column fits the accumulators.
    """
    target = layer.geometry.target
    blocks = target.blocks(accelerator.lanes)
    bank = accelerator.sizes.accumulators // accelerator.accumulator_banks
    whole = whole_part(layer, form, accelerator.lanes)
    all_words = whole.words(layer, form, accelerator.lanes)
    room = accelerator.sizes.weights // 2
    if streamed and all_words <= accelerator.sizes.weights:
        room = accelerator.sizes.weights
    together = all_words <= room
    pixels = max(target.width, min(4 * accelerator.lanes, target.height * target.width))
    if streamed and not together:
        # Weights are loaded for each tile: the tallest are best.
        pixels = target.width * min(most_rows, target.height)
    most = max(1, min(blocks, _MOST_BLOCKS, bank // min(pixels, bank)))
    most = min(most, most_filters(accelerator))
    most = max(1, min(most, room * blocks // all_words))
    columns = min(target.width, bank // most)
    high = min(bank // (columns * most), most_rows, MOST_ROWS)
    jobs = len(whole.rows) * len(whole.columns) * len(whole.blocks)
    cycles = jobs * blocks * target.height * target.width
    if not together:
        # Weights are loaded for each tile, or all of the layer is made group by group.
        cycles = first_rows = 0
    heights = _heights(target.height, high, first_rows, cycles=cycles, loaded=loaded or streamed)
    if awaited and cycles > _WORTH_CUTTING:
        least = -(-accelerator.lanes // target.width)
        saved = vector_cycles * target.row_words(accelerator.lanes)
        heights = _with_short_end(heights, vector_cycles / jobs, least, _OVERHEAD // saved)
    cutting = Cutting(
        heights=tuple(len(rows) for rows in heights),
        columns=columns,
        group=most,
        outer=Outer.TILES if together or streamed else Outer.FILTERS,
        together=together,
    )
    return cut_by(layer, form, accelerator, cutting)


def whole_part(layer: ProductLayer, form: Format, lanes: int) -> Part:
    """All weights of a layer."""
    return Part(
        filters=range(layer.geometry.target.blocks(lanes)),
        rows=range(layer.geometry.taps_y),
        columns=range(form.taps_x),
        blocks=range(1 if layer.diagonal else -(-form.depth // lanes)),
    )


def most_filters(accelerator: Accelerator) -> int:
    """Most blocks of filters that can be made while parameters of as many are loaded.

    Raises
    ------
    UserError
        If there is no room for the parameters of one.
    """
    return min(_MOST_BLOCKS, max(_blocks_with_parameters(accelerator) // 2, 1))


def most_filters_alone(accelerator: Accelerator) -> int:
    """Most blocks of filters that can be made at a time.

    Raises
    ------
    UserError
        If there is no room for the parameters of one.
    """
    return min(_MOST_BLOCKS, _blocks_with_parameters(accelerator))


def _blocks_with_parameters(accelerator: Accelerator) -> int:
    """Blocks of filters whose parameters there is room for."""
    lanes = accelerator.lanes
    blocks = accelerator.sizes.parameters // PARAMETER_WORDS
    if blocks < 1:
        raise UserError(
            f"parameter_bytes={accelerator.parameter_bytes} has no room for the"
            f" {PARAMETER_WORDS * lanes} bytes that {lanes} channels take"
        )
    return blocks


def parameter_groups(cut: Cut, accelerator: Accelerator) -> dict[int, range]:
    """Filters whose parameters are loaded together, by their first."""
    groups = {step.filters.start: step.filters for step in cut.steps}
    blocks = max(group.stop for group in groups.values())
    if 2 * blocks * PARAMETER_WORDS <= accelerator.sizes.parameters or len(groups) == 1:
        return {0: range(blocks)}
    return groups


def cut_by(layer: ProductLayer, form: Format, accelerator: Accelerator, cutting: Cutting) -> Cut:
    """The cut that was decided.

    Raises
    ------
    UserError
        If the weight memory has no room for two parts of a single tap.
    """
    lanes, target = accelerator.lanes, layer.geometry.target
    blocks, most = target.blocks(lanes), cutting.group
    whole = whole_part(layer, form, lanes)
    room = accelerator.sizes.weights // (1 if cutting.together else 2)
    groups = [range(first, min(first + most, blocks)) for first in range(0, blocks, most)]
    one = [Part(filters=groups[0], rows=whole.rows, columns=whole.columns, blocks=whole.blocks)]
    shares = _shares(one, layer, form, room, lanes)
    parts = tuple(
        Part(filters=group, rows=share.rows, columns=share.columns, blocks=share.blocks)
        for group in groups
        for share in shares
    )
    ends = list(accumulate(cutting.heights))
    tiles = [
        Tile(range(end - height, end), range(left, min(left + cutting.columns, target.width)))
        for height, end in zip(cutting.heights, ends, strict=True)
        for left in range(0, target.width, cutting.columns)
    ]
    steps = [(tile, number) for number in range(len(groups)) for tile in tiles]
    if cutting.outer is Outer.TILES:
        steps = [(tile, number) for tile in tiles for number in range(len(groups))]
    count = len(shares)
    every = tuple(range(len(parts)))
    return Cut(
        cutting=cutting,
        parts=parts,
        pieces=(every,) if cutting.together else tuple((i,) for i in every),
        steps=tuple(
            Step(
                tile=tile,
                filters=groups[number],
                parts=tuple(range(number * count, (number + 1) * count)),
                last=number == len(groups) - 1,
            )
            for tile, number in steps
        ),
    )


def _shares(
    parts: Sequence[Part], layer: ProductLayer, form: Format, room: int, lanes: int
) -> list[Part]:
    """Parts with few enough taps and words."""
    most_blocks = layer.feeding.most_blocks or math.inf
    result: list[Part] = []
    for part in parts:
        small = (
            part.words(layer, form, lanes) <= room
            and max(len(part.rows), len(part.columns)) <= _MOST_TAPS
            and len(part.blocks) <= _MOST_BLOCKS
            and len(part.rows) * len(part.columns) * len(part.blocks) <= most_blocks
        )
        if small:
            result.append(part)
            continue
        try:
            halves = list(part.halves())
        except ValueError:
            raise UserError(
                f"operator {layer.name!r} ({layer.kind}): the weight memory has no room for two"
                " tiles of weights; raise weight_bytes"
            ) from None
        result += _shares(halves, layer, form, room, lanes)
    return result


def _with_short_end(heights: list[range], share: float, least: int, worth: int) -> list[range]:
    """The last tile in two, so that little is left to do when its sums are complete.

    Parameters
    ----------
    heights : list of range
    share : float
        What the vector unit takes, over what the execute unit takes.
    least : int
        Fewest rows of a tile.
    worth : int
        As many rows of results take the vector unit as long as a tile takes longer for being two.
    """
    last = heights[-1]
    end = max(math.ceil(len(last) * share / (1 + share)), least)
    if len(last) - end <= 2 * worth or len(last) - end < least:
        return heights
    return [*heights[:-1], last[:-end], last[-end:]]


def _heights(height: int, high: int, first: int, *, cycles: int, loaded: bool) -> list[range]:
    """Rows of the tiles, from top to bottom."""
    count = -(-height // high)
    if cycles > _WORTH_CUTTING and height > 1:
        count = max(count, 2)
    sizes: list[int] = []
    rest = height
    if loaded and cycles > _WORTH_CUTTING:
        # The first tile begins when its rows have arrived; rows arrive faster than they are used.
        size = max(1, min(high, height * _WORTH_CUTTING // cycles))
        while rest > 2 * size and size < high:
            sizes.append(size)
            rest -= size
            size = min(3 * size, high)
        count = -(-rest // high)
    elif first and first < -(-height // count):
        sizes.append(first)
        rest -= first
        count = max(-(-rest // high), 1)
    sizes += [(rest + i) // count for i in range(count)] if rest else []
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
