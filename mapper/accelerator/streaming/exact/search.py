"""The search over plans."""

import numpy as np

from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.exact.bounds import leaf_bound
from mapper.accelerator.streaming.exact.cuts import box_of, group_filters, kept_words, pieces_of
from mapper.accelerator.streaming.exact.least import least_inputs
from mapper.accelerator.streaming.exact.numbers import (
    ACROSS,
    BEST_BYTES,
    BEST_CYCLES,
    BLOCKS,
    CURSOR,
    CURSOR_DEEP,
    CUT_FIELDS,
    DEEP,
    DOWN,
    FOUND,
    GROUPS_SECOND,
    HEIGHT,
    INPUTS,
    KEPT,
    LEAVES,
    ORDER,
    ORDERS,
    PARAMETERS,
    PIECE,
    SIMULATED,
    SUMS,
    WEIGHTS,
    WIDTH,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.exact.schedule import evaluate
from mapper.accelerator.streaming.exact.space import (
    most_taps,
    piece_range,
    places_for,
    window_size,
)
from mapper.allocation.compiled import compiled, compiled_part

__all__ = ["inputs_of_pieces", "search"]


@compiled
def inputs_of_pieces(p: Problem, cut: Row) -> tuple[int, int]:
    """Least cycles of loading all tiles' inputs, as `leaf_bound` takes them."""
    height, width, blocks = cut[HEIGHT], cut[WIDTH], cut[BLOCKS]
    if p.diagonal:
        first = group_filters(p, blocks, 0)
        last = group_filters(p, blocks, -(-p.filter_blocks // blocks) - 1)
    else:
        deep = cut[DEEP] * p.lanes
        first = min(deep, p.depth)
        last = p.depth - (pieces_of(p, cut) - 1) * deep
    of_first = least_inputs(p, height, width, first, True)
    if last == first:
        return of_first, of_first
    return of_first, least_inputs(p, height, width, last, True)


@compiled
def search(
    p: Problem,
    pace: Table,
    memo: Table,
    boxes: Table,
    bounds: Table,
    state: Row,
    best: Row,
    found: Table,
    work: int,
) -> bool:
    """Go through boxes in order of their bounds; whether that has come to its end.

    Parameters
    ----------
    p : Problem
    boxes : ndarray of int64, shape (boxes, 3)
    bounds : ndarray of int64, shape (boxes,)
        Sorted.
    state : ndarray of int64, shape (STATE_FIELDS,)
        Cycles and bytes of the best plan known, and where to go on; is brought up to date.
    best : ndarray of int64, shape (CUT_FIELDS,)
        That plan.
    found : ndarray of int64, shape (plans, 1 + CUT_FIELDS)
        Where it has room for plans, those are put there, with their cycles, that take at most as
        many cycles as the best is said to. When it is full the slowest go, and that number falls:
        no plan that is not there takes fewer than one more.
    work : int
        Instructions and bounds after which to come back.
    """
    cut = np.empty(CUT_FIELDS, dtype=np.int64)
    while state[CURSOR] < len(boxes):
        box = boxes[state[CURSOR]]
        if bounds[state[CURSOR]] > state[BEST_CYCLES]:
            return True
        cut[HEIGHT], cut[WIDTH], cut[BLOCKS] = box[0], box[1], box[2]
        cut[SUMS] = places_for(box[0] * box[1] * box[2], p.sum_words, p.sum_half)
        rows, columns = window_size(p, box[0], box[1])
        least, most = piece_range(p, box)
        for piece in range(max(least, state[CURSOR_DEEP]), most + 1):
            cut[DEEP] = piece
            cut[INPUTS] = places_for(rows * columns * piece, p.input_words, p.input_half)
            work -= _try_piece(p, pace, memo, cut, state, best, found)
            state[CURSOR_DEEP] = piece + 1
            if work <= 0:
                return False
        state[CURSOR] += 1
        state[CURSOR_DEEP] = 0
    return True


@compiled_part
def _try_piece(
    p: Problem, pace: Table, memo: Table, cut: Row, state: Row, best: Row, found: Table
) -> int:
    """Try all plans with the same tiles, groups and pieces; the work that it was.

    Two places for parameters are at least as good as one, unless a single one has room for all
    parameters, and a half has not.
    """
    full_inputs, last_inputs = inputs_of_pieces(p, cut)
    box = box_of(p, cut[HEIGHT], cut[WIDTH], cut[BLOCKS])
    one, half = p.parameter_words, p.parameter_half
    most_places = places_for(PARAMETER_WORDS * cut[BLOCKS], one, half)
    all_parameters = PARAMETER_WORDS * p.filter_blocks
    least_places = 1 if half < all_parameters <= one else most_places
    most_down, most_across = most_taps(p)
    work = 0
    for kept in range(3):
        cut[KEPT] = kept
        # Taps are not cut but where that means less to load at a time.
        least_down = 1 if kept == PIECE else most_down
        least_across = 1 if kept == PIECE else most_across
        for down in range(least_down, most_down + 1):
            for across in range(least_across, most_across + 1):
                cut[DOWN], cut[ACROSS] = down, across
                cut[WEIGHTS] = places_for(kept_words(p, cut), p.weight_words, p.weight_half)
                if not cut[WEIGHTS]:
                    continue
                for order in range(ORDERS):
                    if _is_same(order, box.rows, box.columns):
                        continue
                    cut[ORDER] = order
                    for places in range(least_places, most_places + 1):
                        cut[PARAMETERS] = places
                        work += _try_plan(
                            p, pace, memo, cut, full_inputs, last_inputs, state, best, found
                        )
    return work


@compiled_part
def _is_same(order: int, rows: int, columns: int) -> bool:
    """Whether an order is the same as another one, as there is one row or column of tiles."""
    if order // 2 != GROUPS_SECOND:
        return order % 2 == 1 and (rows == 1 or columns == 1)
    # All groups of a row of one tile are all groups first, if there is one such row.
    return rows == 1 if order % 2 == 0 else columns == 1


@compiled_part
def _try_plan(
    p: Problem,
    pace: Table,
    memo: Table,
    cut: Row,
    full_inputs: int,
    last_inputs: int,
    state: Row,
    best: Row,
    found: Table,
) -> int:
    """Simulate a plan unless its bound says that it is not better; the work that it was."""
    state[LEAVES] += 1
    bound, products = leaf_bound(p, pace, memo, cut, full_inputs, last_inputs)
    if bound > state[BEST_CYCLES]:
        return 1
    state[SIMULATED] += 1
    cycles, octets = evaluate(p, pace, memo, cut, state[BEST_CYCLES], products)
    if len(found):
        _put(cut, cycles, state, found)
    elif cycles < state[BEST_CYCLES] or (
        cycles == state[BEST_CYCLES] and octets < state[BEST_BYTES]
    ):
        state[BEST_CYCLES], state[BEST_BYTES] = cycles, octets
        for field in range(CUT_FIELDS):
            best[field] = cut[field]
    box = box_of(p, cut[HEIGHT], cut[WIDTH], cut[BLOCKS])
    parts = -(-p.taps_y // cut[DOWN]) * -(-p.taps_x // cut[ACROSS])
    steps = p.copies * box.rows * box.columns * box.groups
    return 1 + int(steps * (2 + 2 * parts * pieces_of(p, cut)))


@compiled_part
def _put(cut: Row, cycles: int, state: Row, found: Table) -> None:
    """Put a plan to those that are found; where there is no room, the slowest one goes."""
    if cycles > state[BEST_CYCLES]:
        return
    place = state[FOUND]
    if place == len(found):
        place = 0
        for other in range(1, len(found)):
            if found[other, 0] > found[place, 0]:
                place = other
        # Those that are as slow go, too.
        state[BEST_CYCLES] = max(found[place, 0], cycles) - 1
        if cycles > state[BEST_CYCLES]:
            return
    else:
        state[FOUND] += 1
    found[place, 0] = cycles
    for field in range(CUT_FIELDS):
        found[place, 1 + field] = cut[field]
