"""The space of plans, as it is defined: every plan that local memories and instructions allow.

The search goes through the same space in numbers. This is its definition, one plan after the other;
``docs/mapping/operators.md`` has it as a formula.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.fields import (
    MOST_BLOCKS,
    MOST_DILATION,
    MOST_OUT_HEIGHT,
    MOST_ROW_BYTES,
    MOST_ROW_WORDS,
    MOST_SIZE,
    MOST_TAPS,
)
from mapper.accelerator.streaming.plan import Kept, Order, Places, Plan
from mapper.accelerator.streaming.regions import Regions, places_of, regions_of
from mapper.accelerator.streaming.sweep import Sweep

__all__ = ["all_plans", "has_room", "tap_parts"]


def all_plans(sweep: Sweep, accelerator: Accelerator) -> Iterator[Plan]:
    """Every plan of a layer.

    Raises
    ------
    UserError
        If a memory can not hold the least that a layer may need.
    """
    for places in _all_places(accelerator):
        regions = regions_of(accelerator, places)
        for plan in _tiled(sweep, accelerator.lanes, places):
            if has_room(plan, regions):
                yield from (replace(plan, order=order) for order in Order)


def _all_places(accelerator: Accelerator) -> Iterator[Places]:
    most = places_of(regions_of(accelerator))
    numbers = (most.inputs, most.weights, most.parameters, most.sums)
    for inputs, weights, parameters, sums in product(*(range(1, n + 1) for n in numbers)):
        yield Places(inputs=inputs, weights=weights, parameters=parameters, sums=sums)


def _tiled(sweep: Sweep, lanes: int, places: Places) -> Iterator[Plan]:
    """Plans of all sizes, in one order."""
    filter_blocks, depth_blocks = -(-sweep.filters // lanes), -(-sweep.depth // lanes)
    for height, width, blocks, kept in product(
        range(1, sweep.out_height + 1),
        range(1, sweep.out_width + 1),
        range(1, filter_blocks + 1),
        Kept,
    ):
        pieces = range(1, depth_blocks + 1)
        if sweep.diagonal:
            pieces = range(blocks, blocks + 1)
        elif sweep.pixels > 1:
            pieces = range(depth_blocks, depth_blocks + 1)
        for piece, (down, across) in product(pieces, _tap_sizes(sweep, kept)):
            yield Plan(
                sweep=sweep,
                lanes=lanes,
                height=height,
                width=width,
                blocks=blocks,
                piece=piece,
                taps=tap_parts(sweep, down, across),
                order=Order.GROUPS_ROWS_COLUMNS,
                kept=kept,
                places=places,
            )


def _tap_sizes(sweep: Sweep, kept: Kept) -> Iterator[tuple[int, int]]:
    """Rows and columns of taps that are done at once: all, unless that means more weights."""
    down = min(sweep.taps_y, MOST_TAPS) if sweep.dilation_y <= MOST_DILATION else 1
    across = min(sweep.taps_x, MOST_TAPS) if sweep.dilation_x <= MOST_DILATION else 1
    if kept is Kept.PIECE:
        yield from product(range(1, down + 1), range(1, across + 1))
    else:
        yield down, across


def has_room(plan: Plan, regions: Regions) -> bool:
    """Whether local memories have room for a plan's tiles, and instructions for its sizes."""
    sweep = plan.sweep
    rows = min(plan.rows_of(plan.height), sweep.height)
    columns = min(plan.columns_of(plan.width), sweep.width)
    row_words = columns * plan.piece
    tile_words = plan.height * plan.width * plan.blocks
    fields = (
        plan.blocks <= MOST_BLOCKS
        and plan.piece <= MOST_BLOCKS
        and plan.height <= MOST_OUT_HEIGHT
        and max(plan.width, rows, columns) <= MOST_SIZE
        and max(row_words, plan.width * plan.blocks) <= MOST_ROW_WORDS
        and (sweep.flat or row_words * plan.lanes <= MOST_ROW_BYTES)
    )
    return (
        fields
        and rows * row_words <= regions.inputs.words
        and tile_words <= min(regions.sums.words, regions.outputs.words)
        and PARAMETER_WORDS * plan.blocks <= regions.parameters.words
        and _weight_words(plan) <= regions.weights.words
    )


def _weight_words(plan: Plan) -> int:
    """Words of the weights that are in a place at a time."""
    sweep = plan.sweep
    taps = sweep.taps_y * sweep.taps_x
    depth = 1 if sweep.diagonal else sweep.depth
    match plan.kept:
        case Kept.COPY:
            return plan.filter_blocks * taps * depth
        case Kept.GROUP:
            return plan.blocks * taps * depth
        case Kept.PIECE:
            return plan.weight_words(0, 0, plan.taps[0])


def tap_parts(sweep: Sweep, down: int, across: int) -> tuple[tuple[range, range], ...]:
    """Taps in parts of so many rows and columns."""
    return tuple(
        (range(y, min(y + down, sweep.taps_y)), range(x, min(x + across, sweep.taps_x)))
        for y in range(0, sweep.taps_y, down)
        for x in range(0, sweep.taps_x, across)
    )
