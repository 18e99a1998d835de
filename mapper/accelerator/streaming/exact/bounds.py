"""Bounds on the cycles of a plan, and of all plans with the same tiles and groups.

Why they are bounds is told in ``docs/mapping/operators.md``.
"""

from typing import NamedTuple

import numpy as np

from mapper.accelerator.streaming.exact.cuts import (
    box_of,
    column_span,
    depth_of,
    group_blocks,
    group_filters,
    has_input_once,
    has_parameters_once,
    jobs_of,
    pieces_of,
    row_span,
    tap_words,
)
from mapper.accelerator.streaming.exact.least import (
    least_input,
    least_inputs,
    least_long,
    least_parameters,
    products_of_copy,
    products_of_step,
    stores_of,
    tail_of,
    weights_of_group,
)
from mapper.accelerator.streaming.exact.numbers import (
    ACROSS,
    BLOCKS,
    COPY,
    CUT_FIELDS,
    DEEP,
    DOWN,
    GROUP,
    GROUPS_FIRST,
    GROUPS_LAST,
    HEIGHT,
    INPUTS,
    KEPT,
    ORDER,
    PIECE,
    SUMS,
    UNREACHED,
    WEIGHTS,
    WIDTH,
    Box,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.exact.products import first_job, gemm_cycles, jobs_of_tap
from mapper.accelerator.streaming.exact.space import most_taps, piece_range
from mapper.allocation.compiled import compiled, compiled_part
from sim.accelerator.execute import OVERHEAD_CYCLES
from sim.accelerator.simulation import AFTER_END

__all__ = ["box_bounds", "leaf_bound"]


class _Loads(NamedTuple):
    """Least cycles of the loads of a copy."""

    inputs: int
    weights: int
    parameters: int
    of_groups: int
    """Of the parameters of each group once; 0 where those of a copy are loaded together."""
    first_input: int
    before: int
    """Of all loads up to the last one that the first product waits for."""


@compiled_part
def _loads_of(p: Problem, cut: Row, box: Box, full_inputs: int, last_inputs: int) -> _Loads:
    input_once, once = has_input_once(p, cut), has_parameters_once(p, cut)
    where, groups, tiles = cut[ORDER] // 2, box.groups, box.rows * box.columns
    if p.diagonal:
        inputs = (groups - 1) * full_inputs + last_inputs
    else:
        inputs = (pieces_of(p, cut) - 1) * full_inputs + last_inputs
        inputs *= 1 if input_once else groups

    # How often each group is begun.
    turns = box.columns if cut[ORDER] % 2 else box.rows
    if where == GROUPS_FIRST:
        turns = 1
    elif where == GROUPS_LAST:
        turns = tiles
    first_blocks = group_blocks(p, cut[BLOCKS], 0)
    if once:
        of_groups = 0
        parameters = first_parameters = least_parameters(p, p.filter_blocks)
    else:
        first_parameters = least_parameters(p, first_blocks)
        of_groups = (groups - 1) * first_parameters + least_parameters(p, box.last_blocks)
        parameters = turns * of_groups

    depth = depth_of(p, cut, 0, 0)
    if cut[KEPT] == COPY:
        words = p.filter_blocks * p.taps_y * p.taps_x * tap_words(p)
        weights = before = least_long(p, words, p.lanes)
    else:
        first_weights = weights_of_group(p, cut, first_blocks, 0)
        weights = weights_of_group(p, cut, box.last_blocks, groups - 1)
        weights += (groups - 1) * first_weights
        weights *= tiles if cut[KEPT] == PIECE else turns
        before = first_weights
    if cut[KEPT] == PIECE:
        words = first_blocks * cut[DOWN] * cut[ACROSS] * (1 if p.diagonal else depth)
        before = least_long(p, words, p.lanes)

    _, _, _, rows = row_span(p, cut[HEIGHT], 0)
    _, _, low, columns = column_span(p, cut[WIDTH], 0)
    first_input = least_input(p, rows, columns, low, depth, True)
    before += first_input
    # Where the input comes first, the parameters of a group follow its weights.
    if once or not input_once or cut[KEPT] == PIECE:
        before += first_parameters
    return _Loads(inputs, weights, parameters, of_groups, first_input, before)


@compiled_part
def _after_loads(p: Problem, pace: Table, cut: Row, box: Box, once: bool) -> tuple[int, int]:
    """Cycles of the products that wait for the last load that products wait for.

    And of the loads of parameters that come after it.
    """
    pixels, blocks, last_group = box.last_pixels, box.last_blocks, box.groups - 1
    depth = depth_of(p, cut, pieces_of(p, cut) - 1, last_group)
    jobs, partial = jobs_of(p, depth)
    parts_down = -(-p.taps_y // cut[DOWN])
    parts_across = -(-p.taps_x // cut[ACROSS])
    parts = parts_down * parts_across
    if cut[KEPT] == PIECE and (parts > 1 or has_input_once(p, cut)):
        # The last part of the taps.
        taps = p.taps_y - (parts_down - 1) * cut[DOWN]
        taps *= p.taps_x - (parts_across - 1) * cut[ACROSS]
        return gemm_cycles(p, pace, partial, jobs, taps * blocks, pixels), 0
    if has_input_once(p, cut):
        after = products_of_step(p, pace, cut, last_group, pixels)
        idle = 0 if once else least_parameters(p, blocks)
        if cut[KEPT] == COPY and last_group:
            # All groups wait for the input of the last tile.
            after += last_group * products_of_step(p, pace, cut, 0, pixels)
            idle += 0 if once else last_group * least_parameters(p, cut[BLOCKS])
        return after, idle
    # All taps of the last piece.
    times = blocks * p.taps_y * p.taps_x
    after = parts * first_job(p, pace, partial, jobs, pixels)
    return after + times * jobs_of_tap(p, pace, partial, jobs, pixels), 0


@compiled
def leaf_bound(
    p: Problem, pace: Table, memo: Table, cut: Row, full_inputs: int, last_inputs: int
) -> tuple[int, int]:
    """A bound on the cycles of a plan, and the cycles of all its products.

    Parameters
    ----------
    p : Problem
    cut : ndarray of int64, shape (CUT_FIELDS,)
    full_inputs, last_inputs : int
        What `least_inputs` says of a whole piece and of the last one; of a diagonal product, of a
        whole group and of the last one.
    """
    box = box_of(p, cut[HEIGHT], cut[WIDTH], cut[BLOCKS])
    copies = p.copies
    once = has_parameters_once(p, cut)
    loads = _loads_of(p, cut, box, full_inputs, last_inputs)
    products = products_of_copy(p, pace, cut, box)
    scaling, storing = stores_of(p, box, cut[HEIGHT], cut[WIDTH], cut[BLOCKS])
    last_scaling, last_store = tail_of(p, memo, box, cut[BLOCKS])
    tail = last_scaling + last_store
    after, idle = _after_loads(p, pace, cut, box, once)
    of_first = products_of_step(p, pace, cut, 0, box.first_pixels)
    bound = max(
        loads.before + copies * products + tail,
        copies * (loads.inputs + loads.weights + loads.parameters) - idle + after + tail,
        loads.before + of_first + copies * (scaling + storing),
    )
    # A single place is filled and used in turns.
    if cut[INPUTS] == 1:
        bound = max(bound, copies * (loads.inputs + products) + tail)
    if cut[SUMS] == 1:
        bound = max(bound, loads.before + copies * (products + scaling) + last_store)
    if cut[WEIGHTS] == 1:
        turns = loads.weights
        if cut[KEPT] == COPY:
            turns = loads.before
        elif cut[KEPT] == PIECE and not has_input_once(p, cut):
            turns += loads.inputs
        elif cut[KEPT] == GROUP and cut[ORDER] // 2 == GROUPS_FIRST and not p.diagonal:
            turns += box.groups * loads.first_input + loads.of_groups
        bound = max(bound, copies * (turns + products) + tail)
    return p.first_start + bound + AFTER_END - 1, copies * products


@compiled
def box_bounds(p: Problem, pace: Table, memo: Table, boxes: Table) -> Table:
    """Bounds on the cycles of all plans with the same tiles and groups; shape (boxes,)."""
    least = _least_pace(pace)
    found = np.empty(len(boxes), dtype=np.int64)
    for number in range(len(boxes)):
        found[number] = _box_bound(p, least, memo, boxes[number])
    return found


@compiled_part
def _least_pace(pace: Table) -> Table:
    """Of each depth after whichever other, the one that is followed fastest."""
    least = pace.copy()
    for depth in range(2):
        for pixels in range(pace.shape[1]):
            step = min(pace[2 + depth, pixels], pace[4 + depth, pixels])
            least[2 + depth, pixels] = least[4 + depth, pixels] = step
    return least


@compiled_part
def _box_bound(p: Problem, pace: Table, memo: Table, tile: Row) -> int:
    height, width, blocks = tile[HEIGHT], tile[WIDTH], tile[BLOCKS]
    box = box_of(p, height, width, blocks)
    least, most = piece_range(p, tile)
    last_scaling, last_store = tail_of(p, memo, box, blocks)
    tail = last_scaling + last_store

    # Products that are not cut, and what each cut adds.
    cut = np.ones(CUT_FIELDS, dtype=np.int64)
    cut[HEIGHT], cut[WIDTH], cut[BLOCKS] = height, width, blocks
    cut[DEEP], cut[DOWN], cut[ACROSS] = p.depth_blocks, p.taps_y, p.taps_x
    products = products_of_copy(p, pace, cut, box)
    down, across = most_taps(p)
    cuts = -(-p.taps_y // down) * -(-p.taps_x // across)
    if not p.diagonal:
        cuts *= -(-p.depth_blocks // most)
    for last_row in range(2):
        rows = box.last_rows if last_row else height
        for last_column in range(2):
            columns = box.last_columns if last_column else width
            tiles = (1 if last_row else box.rows - 1) * (1 if last_column else box.columns - 1)
            if tiles:
                products += tiles * box.groups * (cuts - 1) * _of_cut(p, pace, rows * columns)

    # The first product waits for a tap's weights of one block of the depth, and for such an input.
    depth = depth_of(p, cut, 0, 0)
    if not p.diagonal:
        depth = min(least * p.lanes, p.depth)
    _, _, _, size_y = row_span(p, height, 0)
    _, _, low, size_x = column_span(p, width, 0)
    first = least_input(p, size_y, size_x, low, depth, True)
    words = group_blocks(p, blocks, 0) * (1 if p.diagonal else depth)
    first += least_long(p, words, p.lanes)

    # Everything is loaded once.
    if p.diagonal:
        loads = least_inputs(p, height, width, group_filters(p, blocks, box.groups - 1), True)
        if box.groups > 1:
            each = least_inputs(p, height, width, group_filters(p, blocks, 0), True)
            loads += (box.groups - 1) * each
    else:
        loads = least_inputs(p, height, width, p.depth, False)
    words = p.filter_blocks * p.taps_y * p.taps_x * tap_words(p)
    loads += least_long(p, words, p.lanes) + least_parameters(p, p.filter_blocks)

    scaling, storing = stores_of(p, box, height, width, blocks)
    copies = p.copies
    bound = max(
        first + copies * products + tail,
        copies * loads + tail,
        first + copies * (scaling + storing),
    )
    return p.first_start + bound + AFTER_END - 1


@compiled_part
def _of_cut(p: Problem, pace: Table, pixels: int) -> int:
    """What a product takes at least that begins, and does not go on in another one."""
    least = UNREACHED
    for depth in range(2):
        least = min(least, pace[depth, pixels] - pace[2 + depth, pixels])
    return OVERHEAD_CYCLES + least
