"""When the instructions of a plan start and end, in program order.

The recurrence is that of `sim.accelerator.schedule` and ``fetch``, the order of instructions that
of `mapper.accelerator.streaming.tree`.
"""

import numpy as np

from golden.accelerator.encoding import HEADER_BYTES, INSTRUCTION_BYTES
from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.exact.cuts import (
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
    window_of,
)
from mapper.accelerator.streaming.exact.numbers import (
    ACROSS,
    BLOCKS,
    COPY,
    DOWN,
    GROUP,
    GROUPS_FIRST,
    GROUPS_LAST,
    GROUPS_SECOND,
    HEIGHT,
    INPUTS,
    KEPT,
    NEVER,
    NONE,
    ORDER,
    PIECE,
    UNREACHED,
    WIDTH,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.exact.products import gemm_cycles, scaling_cycles
from mapper.accelerator.streaming.exact.transfers import load_cost, long_part, store_cost
from mapper.allocation.compiled import compiled, compiled_part
from sim.accelerator.fetch import ARRIVAL_TO_DISPATCH, BURST_BEATS, FIRST_REQUEST
from sim.accelerator.simulation import AFTER_END

__all__ = ["evaluate"]

_HEADER_BEATS = HEADER_BYTES // INSTRUCTION_BYTES

_LOAD, _EXECUTE, _STORE = range(3)

# Entries of the state.
_LAST, _POSITION, _CURRENT, _FOLLOWING, _BEATS, _LEFT = range(6)
_ENDS, _TURNS, _PLACES, _RINGS = 6, 9, 12, 16
_DEEPEST = 32
_WRITTEN = _RINGS + 3 * _DEEPEST
_BUFFERS = 10
_TOUCHED = _WRITTEN + _BUFFERS
_STATE = _TOUCHED + _BUFFERS

_OF_INPUTS, _OF_WEIGHTS, _OF_PARAMETERS, _OF_SUMS = range(4)
"""Kinds of operands, in the order of a plan's places; buffers are two of each, and two ports."""
_WRITE_PORT, _READ_PORT = 8, 9


@compiled_part
def _ready(state: Row) -> int:
    return int(state[_CURRENT] + state[_POSITION]) + ARRIVAL_TO_DISPATCH


@compiled_part
def _take(state: Row, cycle: int, latency: int) -> None:
    state[_POSITION] += 1
    if state[_POSITION] == BURST_BEATS:
        state[_POSITION] = 0
        state[_CURRENT] = state[_FOLLOWING]
        state[_FOLLOWING] = max(state[_CURRENT] + BURST_BEATS, cycle + 1) + latency


@compiled_part
def _begin(state: Row, latency: int) -> None:
    """Reset, and take the header of the program."""
    state[:] = NEVER
    state[_TURNS:_RINGS] = 0
    state[_BEATS] = 0
    state[_POSITION] = 0
    state[_CURRENT] = FIRST_REQUEST + latency
    state[_FOLLOWING] = state[_CURRENT] + BURST_BEATS + latency
    for _ in range(_HEADER_BEATS):
        _take(state, _ready(state), latency)


@compiled_part
def _issue(
    p: Problem,
    state: Row,
    unit: int,
    busy: int,
    read: int,
    other_read: int,
    write: int,
    other_write: int,
) -> int:
    """Take an instruction; its last busy cycle."""
    last = max(state[_LAST] + 1, _ready(state))
    ring = _RINGS + unit * _DEEPEST + state[_TURNS + unit]
    last = max(last, state[ring] + 1)
    _take(state, last, p.program_latency)
    state[_LAST] = last
    start = max(last + 1, state[_ENDS + unit] + 1)
    if read >= 0:
        start = max(start, state[_WRITTEN + read] + 1)
    if other_read >= 0:
        start = max(start, state[_WRITTEN + other_read] + 1)
    if write >= 0:
        start = max(start, state[_TOUCHED + write] + 1)
    if other_write >= 0:
        start = max(start, state[_TOUCHED + other_write] + 1)
    end = start + busy - 1
    state[_ENDS + unit] = end
    state[ring] = start
    state[_TURNS + unit] = (state[_TURNS + unit] + 1) % p.queue_depth
    if read >= 0:
        state[_TOUCHED + read] = max(state[_TOUCHED + read], end)
    if other_read >= 0:
        state[_TOUCHED + other_read] = max(state[_TOUCHED + other_read], end)
    if write >= 0:
        state[_WRITTEN + write] = state[_TOUCHED + write] = end
    if other_write >= 0:
        state[_WRITTEN + other_write] = state[_TOUCHED + other_write] = end
    return int(end)


@compiled_part
def _next_place(state: Row, cut: Row, kind: int) -> int:
    """Go to the other place of a kind, or to the only one; its buffer."""
    state[_PLACES + kind] = (state[_PLACES + kind] + 1) % cut[INPUTS + kind]
    return _buffer(state, kind)


@compiled_part
def _buffer(state: Row, kind: int) -> int:
    return 2 * kind + int(state[_PLACES + kind])


@compiled_part
def _port(p: Problem, port: int) -> int:
    """A port that units share, or none."""
    return port if p.shared_ports else NONE


@compiled_part
def _load_long(
    p: Problem, memo: Table, state: Row, groups: int, octets: int, buffer: int, port: int
) -> None:
    """Load groups that follow each other."""
    done = 0
    while done < groups:
        row, rows = long_part(groups - done, octets, p.lanes)
        address = done * octets % p.block
        row_step = row * octets % p.block if rows > 1 else 0
        step = octets if row > 1 else 0
        busy, beats = load_cost(
            p, memo, address, rows, row_step, row * octets, 0, row, step, octets
        )
        _issue(p, state, _LOAD, busy, NONE, NONE, buffer, port)
        state[_BEATS] += beats
        done += row * rows


@compiled_part
def _load_constants(p: Problem, memo: Table, state: Row, cut: Row, kind: int, words: int) -> None:
    """Load weights or parameters to the next place."""
    buffer = _next_place(state, cut, kind)
    _load_long(p, memo, state, words, p.lanes, buffer, NONE)


@compiled_part
def _load_input(
    p: Problem, memo: Table, state: Row, cut: Row, row: int, column: int, depth: int
) -> None:
    """Load a tile's input to the next place."""
    _, _, _, rows = row_span(p, cut[HEIGHT], row)
    _, _, low, columns = column_span(p, cut[WIDTH], column)
    buffer, port = _next_place(state, cut, _OF_INPUTS), _port(p, _WRITE_PORT)
    if p.flat:
        _load_long(p, memo, state, columns, depth, buffer, port)
        return
    left, row_bytes, pad, step, octets = window_of(p, low, columns, depth)
    address = left % p.block
    busy, beats = load_cost(p, memo, address, rows, 0, row_bytes, pad, columns, step, octets)
    _issue(p, state, _LOAD, busy, NONE, NONE, buffer, port)
    state[_BEATS] += beats


@compiled_part
def _step(
    p: Problem,
    pace: Table,
    memo: Table,
    state: Row,
    cut: Row,
    group: int,
    row: int,
    column: int,
    limit: int,
) -> bool:
    """Issue the instructions of a tile and a group; whether it may end by ``limit``."""
    input_once = has_input_once(p, cut)
    blocks = group_blocks(p, cut[BLOCKS], group)
    _, count_y, _, _ = row_span(p, cut[HEIGHT], row)
    first_x, count_x, _, _ = column_span(p, cut[WIDTH], column)
    pixels = count_y * count_x
    taps_down = -(-p.taps_y // cut[DOWN])
    taps_across = -(-p.taps_x // cut[ACROSS])
    _next_place(state, cut, _OF_SUMS)
    for piece in range(pieces_of(p, cut)):
        depth = depth_of(p, cut, piece, group)
        blocks_k, last = jobs_of(p, depth)
        for part in range(taps_down * taps_across):
            down, across = part // taps_across, part % taps_across
            taps = min(cut[DOWN], p.taps_y - down * cut[DOWN])
            taps *= min(cut[ACROSS], p.taps_x - across * cut[ACROSS])
            if cut[KEPT] == PIECE:
                words = blocks * taps * (1 if p.diagonal else depth)
                _load_constants(p, memo, state, cut, _OF_WEIGHTS, words)
            if part == 0 and not input_once:
                _load_input(p, memo, state, cut, row, column, depth)
            busy = gemm_cycles(p, pace, last, blocks_k, taps * blocks, pixels)
            inputs, weights = _buffer(state, _OF_INPUTS), _buffer(state, _OF_WEIGHTS)
            sums, port = _buffer(state, _OF_SUMS), _port(p, _READ_PORT)
            end = _issue(p, state, _EXECUTE, busy, inputs, weights, sums, port)
            state[_LEFT] -= busy
            if end + state[_LEFT] + AFTER_END > limit:
                return False
    busy = scaling_cycles(p, blocks, pixels)
    sums, parameters = _buffer(state, _OF_SUMS), _buffer(state, _OF_PARAMETERS)
    _issue(p, state, _STORE, busy, sums, parameters, _port(p, _WRITE_PORT), NONE)
    filters = group_filters(p, cut[BLOCKS], group)
    address = 0 if p.flat else first_x * filters % p.block
    busy, beats = store_cost(p, memo, address, count_y, count_x, filters)
    _issue(p, state, _STORE, busy, NONE, NONE, _port(p, _READ_PORT), NONE)
    state[_BEATS] += beats
    return True


@compiled_part
def _enters_group(where: int, second: int, third: int) -> bool:
    """Whether the loop over groups begins a turn, by the inner two indices of the loops."""
    if where == GROUPS_FIRST:
        return second == 0 and third == 0
    return where == GROUPS_LAST or third == 0


@compiled
def evaluate(
    p: Problem, pace: Table, memo: Table, cut: Row, limit: int, products: int
) -> tuple[int, int]:
    """Cycles of a plan from start to done, and bytes over the data port.

    Parameters
    ----------
    p : Problem
    cut : ndarray of int64, shape (CUT_FIELDS,)
    limit : int
        Cycles that are too many.
    products : int
        Cycles of all products.

    Returns
    -------
    tuple of int
        Cycles UNREACHED where they are seen to be more than ``limit``.
    """
    state = np.empty(_STATE, dtype=np.int64)
    _begin(state, p.program_latency)
    state[_LEFT] = products
    rows = -(-p.out_height // cut[HEIGHT])
    columns = -(-p.out_width // cut[WIDTH])
    groups = -(-p.filter_blocks // cut[BLOCKS])
    input_once, once = has_input_once(p, cut), has_parameters_once(p, cut)
    group_words = p.taps_y * p.taps_x * tap_words(p)
    where, by_columns = cut[ORDER] // 2, cut[ORDER] % 2
    outer, inner = (columns, rows) if by_columns else (rows, columns)
    counts = (outer, inner, groups)
    if where == GROUPS_FIRST:
        counts = (groups, outer, inner)
    elif where == GROUPS_SECOND:
        counts = (outer, groups, inner)
    for _ in range(p.copies):
        if cut[KEPT] == COPY:
            _load_constants(p, memo, state, cut, _OF_WEIGHTS, p.filter_blocks * group_words)
        if once:
            words = PARAMETER_WORDS * p.filter_blocks
            _load_constants(p, memo, state, cut, _OF_PARAMETERS, words)
        for first in range(counts[0]):
            for second in range(counts[1]):
                for third in range(counts[2]):
                    group, row, column = third, first, second
                    if where == GROUPS_FIRST:
                        group, row, column = first, second, third
                    elif where == GROUPS_SECOND:
                        group, row, column = second, first, third
                    if by_columns:
                        row, column = column, row
                    if input_once and third == 0:
                        _load_input(p, memo, state, cut, row, column, p.depth)
                    if _enters_group(where, second, third):
                        blocks = group_blocks(p, cut[BLOCKS], group)
                        if cut[KEPT] == GROUP:
                            _load_constants(p, memo, state, cut, _OF_WEIGHTS, blocks * group_words)
                        if not once:
                            words = PARAMETER_WORDS * blocks
                            _load_constants(p, memo, state, cut, _OF_PARAMETERS, words)
                    if not _step(p, pace, memo, state, cut, group, row, column, limit):
                        return UNREACHED, 0
    last = max(state[_LAST] + 1, _ready(state))
    ended = max(last, state[_ENDS], state[_ENDS + 1], state[_ENDS + 2])
    return ended + AFTER_END, state[_BEATS] * p.bus
