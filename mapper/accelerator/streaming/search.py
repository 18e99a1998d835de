"""The best of many ways to cut a layer."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.streaming.estimate import Estimate
from mapper.accelerator.streaming.fields import (
    MOST_BLOCKS,
    MOST_DILATION,
    MOST_OUT_HEIGHT,
    MOST_ROW_BYTES,
    MOST_ROW_WORDS,
    MOST_SIZE,
    MOST_TAPS,
)
from mapper.accelerator.streaming.plan import Kept, Order, Plan
from mapper.accelerator.streaming.regions import Regions, places_of, regions_of
from mapper.accelerator.streaming.space import tap_parts
from mapper.accelerator.streaming.sweep import Sweep

__all__ = ["best_plan"]

_GROUPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256)
"""Into how many groups filters may be cut."""

_FINER = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0)
_NARROWER = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How many times more tiles there may be than fit at least: down, or of a product, and across."""


@lru_cache(maxsize=1024)
def best_plan(sweep: Sweep, accelerator: Accelerator) -> Plan:
    """The plan that takes the fewest cycles, by an estimate.

    Raises
    ------
    UserError
        If a memory has no room for the smallest tiles.
    """
    regions = regions_of(accelerator)
    estimate = Estimate(accelerator)
    plans = _plans(sweep, accelerator.lanes, regions)
    best = min(plans, key=estimate.cycles, default=None)
    if best is None:
        raise UserError(_no_room(sweep, accelerator))
    return best


def _no_room(sweep: Sweep, accelerator: Accelerator) -> str:
    rows = min((sweep.taps_y - 1) * sweep.dilation_y + 1, sweep.height)
    columns = min((sweep.taps_x - 1) * sweep.dilation_x + 1, sweep.width)
    return (
        f"activation_bytes={accelerator.activation_bytes} has no room for two windows of"
        f" {rows}x{columns} words; raise it"
    )


def _plans(sweep: Sweep, lanes: int, regions: Regions) -> Iterator[Plan]:
    """All plans that fit."""
    blocks = -(-sweep.filters // lanes)
    most = min(
        blocks,
        MOST_BLOCKS,
        regions.parameters.words // PARAMETER_WORDS,
        regions.sums.words,
        regions.outputs.words,
    )
    places = places_of(regions)
    for group in sorted({min(-(-blocks // parts), most) for parts in _GROUPS}):
        for height, width in _tiles(sweep, regions, group):
            plan = Plan(
                sweep=sweep,
                lanes=lanes,
                height=height,
                width=width,
                blocks=group,
                piece=1,
                taps=(),
                order=Order.GROUPS_ROWS_COLUMNS,
                kept=Kept.PIECE,
                places=places,
            )
            for cut in _cuts(plan, regions):
                yield cut
                yield replace(cut, order=Order.ROWS_COLUMNS_GROUPS)


def _tiles(sweep: Sweep, regions: Regions, group: int) -> list[tuple[int, int]]:
    """Heights and widths of tiles whose sums fit."""
    room = min(regions.sums.words, regions.outputs.words) // group
    widest = min(room, MOST_ROW_WORDS // group, MOST_SIZE)
    found = {(1, 1)}
    for finer in _FINER if sweep.flat else _NARROWER:
        width = _even(sweep.out_width, widest, finer)
        found.add((1, width))
        highest = min(room // width, MOST_OUT_HEIGHT)
        found.update((_even(sweep.out_height, highest, times), width) for times in _FINER)
    return sorted(found)


def _cuts(plan: Plan, regions: Regions) -> Iterator[Plan]:
    """Ways to cut the depth and the taps of a plan with tiles and groups."""
    sweep = plan.sweep
    rows = min(plan.rows_of(plan.height), sweep.height)
    columns = min(plan.columns_of(plan.width), sweep.width)
    most = min(MOST_BLOCKS, regions.inputs.words // (rows * columns), MOST_ROW_WORDS // columns)
    if not sweep.flat:
        most = min(most, MOST_ROW_BYTES // (columns * plan.lanes))
    depth = plan.blocks if sweep.diagonal else plan.depth_blocks
    if max(rows, columns) > MOST_SIZE or most < (depth if sweep.diagonal else 1):
        return
    room = regions.weights.words
    taps = sweep.taps_y * sweep.taps_x
    deep = 1 if sweep.diagonal else sweep.depth
    for kept, blocks in ((Kept.COPY, plan.filter_blocks), (Kept.GROUP, plan.blocks)):
        if blocks * taps * deep <= room:
            piece = _even(depth, min(depth, most))
            yield replace(plan, piece=piece, taps=_taps(sweep, taps), kept=kept)
    # Words of a block of the depth, for one tap.
    words = plan.blocks * (1 if sweep.diagonal else plan.lanes)
    piece = depth
    if not sweep.diagonal:
        piece = _even(depth, min(depth, most, max(1, room // (words * min(taps, MOST_TAPS)))))
        words *= piece
    if words <= room:
        yield replace(plan, piece=piece, taps=_taps(sweep, room // words))


def _even(total: int, most: int, times: float = 1.0) -> int:
    """Size of equal parts, ``times`` as many as there must be if each has at most ``most``."""
    return -(-total // int(-(-total // most) * times))


def _taps(sweep: Sweep, most: int) -> tuple[tuple[range, range], ...]:
    """Taps, at most so many at a time, as an instruction reaches them."""
    across = min(sweep.taps_x, MOST_TAPS, most)
    if sweep.dilation_x > MOST_DILATION:
        across = 1
    down = min(sweep.taps_y, MOST_TAPS, most // across)
    if sweep.dilation_y > MOST_DILATION:
        down = 1
    return tap_parts(sweep, down, across)
