"""Parts of bounds: what instructions take at least, and sums of that over a plan."""

from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.exact.cuts import (
    column_span,
    depth_of,
    group_blocks,
    group_filters,
    jobs_of,
    pieces_of,
    row_span,
    tap_words,
    window_of,
)
from mapper.accelerator.streaming.exact.numbers import (
    ACROSS,
    BLOCKS,
    DEEP,
    DOWN,
    GROUP,
    HEIGHT,
    KEPT,
    NONE,
    WIDTH,
    Box,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.exact.products import first_job, jobs_of_tap, scaling_cycles
from mapper.accelerator.streaming.exact.transfers import store_cost
from mapper.allocation.compiled import compiled_part
from sim.accelerator.load import ARRIVAL, FIRST_BURST, FIRST_WORD, WRITE
from sim.accelerator.store import START_CYCLES

__all__ = [
    "least_input",
    "least_inputs",
    "least_long",
    "least_parameters",
    "products_of_copy",
    "products_of_step",
    "stores_of",
    "tail_of",
    "weights_of_group",
]


@compiled_part
def _least_load(p: Problem, words: int, beats: int) -> int:
    """What a load takes at least: a cycle a word, and the memory's time for all beats."""
    busy = FIRST_WORD + words + WRITE
    if beats:
        transfer = FIRST_BURST + p.latency + (beats - 1) * p.interval
        busy = max(busy, transfer + ARRIVAL + WRITE + 1)
    return busy


@compiled_part
def least_long(p: Problem, groups: int, octets: int) -> int:
    """Of groups that follow each other, in one load or several."""
    words = groups * -(-octets // p.lanes)
    return _least_load(p, words, -(-groups * octets // p.bus))


@compiled_part
def least_input(p: Problem, rows: int, columns: int, low: int, depth: int, whole: bool) -> int:
    """Of a tile's input.

    Where it is not loaded as a ``whole``, each of its rows may begin with a beat.
    """
    if p.flat:
        return least_long(p, columns, depth)
    left, row_bytes, pad, step, octets = window_of(p, low, columns, depth)
    words = rows * columns * -(-octets // p.lanes)
    fetched = max(0, min(row_bytes, (columns - 1) * step + octets - pad))
    fill = left % p.bus if whole else 0
    beats = rows * -(-(fill + fetched) // p.bus) if fetched else 0
    return _least_load(p, words, beats)


@compiled_part
def least_inputs(p: Problem, height: int, width: int, depth: int, whole: bool) -> int:
    """Of the inputs of all tiles; see `least_input`."""
    rows = -(-p.out_height // height)
    columns = -(-p.out_width // width)
    if p.flat:
        _, _, _, size = column_span(p, width, columns - 1)
        return (columns - 1) * least_long(p, width, depth) + least_long(p, size, depth)
    # Most rows of tiles need as much as the one before.
    total = sums = 0
    before = NONE
    for row in range(rows):
        _, _, _, size = row_span(p, height, row)
        if size != before:
            before, sums = size, 0
            for column in range(columns):
                _, _, low, wide = column_span(p, width, column)
                sums += least_input(p, size, wide, low, depth, whole)
        total += sums
    return total


@compiled_part
def least_parameters(p: Problem, blocks: int) -> int:
    """Of the parameters of blocks of filters."""
    return least_long(p, PARAMETER_WORDS * blocks, p.lanes)


@compiled_part
def tail_of(p: Problem, memo: Table, box: Box, blocks: int) -> tuple[int, int]:
    """Cycles of the last scaling and the last store."""
    filters = group_filters(p, blocks, box.groups - 1)
    address = 0 if p.flat else box.last_first * filters % p.block
    busy, _ = store_cost(p, memo, address, box.last_rows, box.last_columns, filters)
    return scaling_cycles(p, box.last_blocks, box.last_pixels), busy


@compiled_part
def _least_store(p: Problem, rows: int, columns: int, blocks: int, filters: int) -> int:
    """What a store takes at least: a cycle a word, and the memory's time for all beats."""
    words = rows * columns * blocks
    beats = rows * -(-columns * filters // p.bus)
    gathered = START_CYCLES + words + p.latency + 2
    sent = START_CYCLES + 1 + (beats - 1) * p.interval + p.latency + 2
    return max(gathered, sent)


@compiled_part
def stores_of(p: Problem, box: Box, height: int, width: int, blocks: int) -> tuple[int, int]:
    """Of all tiles and groups of a copy: cycles of scaling, and those of stores at least."""
    scaling = storing = 0
    for last_row in range(2):
        rows = box.last_rows if last_row else height
        for last_column in range(2):
            columns = box.last_columns if last_column else width
            tiles = (1 if last_row else box.rows - 1) * (1 if last_column else box.columns - 1)
            for last in range(2):
                times = tiles * (1 if last else box.groups - 1)
                if not times:
                    continue
                group = box.groups - 1 if last else 0
                n = box.last_blocks if last else blocks
                filters = group_filters(p, blocks, group)
                scaling += times * scaling_cycles(p, n, rows * columns)
                storing += times * _least_store(p, rows, columns, n, filters)
    return scaling, storing


@compiled_part
def products_of_step(p: Problem, pace: Table, cut: Row, group: int, pixels: int) -> int:
    """Cycles of the products of a tile and a group."""
    blocks = group_blocks(p, cut[BLOCKS], group)
    taps = blocks * p.taps_y * p.taps_x
    parts = -(-p.taps_y // cut[DOWN]) * -(-p.taps_x // cut[ACROSS])
    pieces = pieces_of(p, cut)
    depth = depth_of(p, cut, pieces - 1, group)
    jobs, last = jobs_of(p, depth)
    cycles = parts * first_job(p, pace, last, jobs, pixels) + taps * jobs_of_tap(
        p, pace, last, jobs, pixels
    )
    if pieces > 1:
        jobs = cut[DEEP]
        each = parts * first_job(p, pace, 0, jobs, pixels) + taps * jobs_of_tap(
            p, pace, 0, jobs, pixels
        )
        cycles += (pieces - 1) * each
    return int(cycles)


@compiled_part
def products_of_copy(p: Problem, pace: Table, cut: Row, box: Box) -> int:
    """Cycles of all products of a copy."""
    cycles = 0
    for last_row in range(2):
        rows = box.last_rows if last_row else cut[HEIGHT]
        for last_column in range(2):
            columns = box.last_columns if last_column else cut[WIDTH]
            tiles = (1 if last_row else box.rows - 1) * (1 if last_column else box.columns - 1)
            if not tiles:
                continue
            step = products_of_step(p, pace, cut, box.groups - 1, rows * columns)
            if box.groups > 1:
                each = products_of_step(p, pace, cut, 0, rows * columns)
                step += (box.groups - 1) * each
            cycles += tiles * step
    return int(cycles)


@compiled_part
def _weights_of_piece(p: Problem, cut: Row, blocks: int, depth: int) -> int:
    """Least cycles of loading the weights of a piece, part by part of the taps."""
    total = 0
    deep = 1 if p.diagonal else depth
    parts_down = -(-p.taps_y // cut[DOWN])
    parts_across = -(-p.taps_x // cut[ACROSS])
    last_down = p.taps_y - (parts_down - 1) * cut[DOWN]
    last_across = p.taps_x - (parts_across - 1) * cut[ACROSS]
    for last_y in range(2):
        for last_x in range(2):
            times = (1 if last_y else parts_down - 1) * (1 if last_x else parts_across - 1)
            if times:
                down = last_down if last_y else cut[DOWN]
                across = last_across if last_x else cut[ACROSS]
                words = blocks * down * across * deep
                total += times * least_long(p, words, p.lanes)
    return total


@compiled_part
def weights_of_group(p: Problem, cut: Row, blocks: int, group: int) -> int:
    """Least cycles of loading the weights of a group once."""
    if cut[KEPT] == GROUP:
        words = blocks * p.taps_y * p.taps_x * tap_words(p)
        return least_long(p, words, p.lanes)
    pieces = pieces_of(p, cut)
    depth = depth_of(p, cut, pieces - 1, group)
    total = _weights_of_piece(p, cut, blocks, depth)
    if pieces > 1:
        each = _weights_of_piece(p, cut, blocks, cut[DEEP] * p.lanes)
        total += (pieces - 1) * each
    return total
