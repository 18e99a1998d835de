"""The space of plans: what has room, and how much there is of it."""

import numpy as np

from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.exact.cuts import tap_words
from mapper.accelerator.streaming.exact.numbers import (
    BLOCKS,
    HEIGHT,
    ORDERS,
    WIDTH,
    Problem,
    Row,
    Table,
)
from mapper.accelerator.streaming.fields import (
    MOST_BLOCKS,
    MOST_DILATION,
    MOST_OUT_HEIGHT,
    MOST_ROW_BYTES,
    MOST_ROW_WORDS,
    MOST_SIZE,
    MOST_TAPS,
)
from mapper.allocation.compiled import compiled, compiled_part

__all__ = ["count_plans", "list_boxes", "most_taps", "piece_range", "places_for", "window_size"]


@compiled_part
def places_for(words: int, one: int, half: int) -> int:
    """How many places of so many words there can be: two, one or none."""
    if half and words <= half:
        return 2
    return int(words <= one)


@compiled_part
def window_size(p: Problem, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the input that a tile needs at most."""
    rows = (height - 1) * p.stride_y + (p.taps_y - 1) * p.dilation_y + 1
    columns = (width - 1) * p.stride_x + (p.taps_x - 1) * p.dilation_x + 1
    return min(rows, p.height), min(columns, p.width)


@compiled_part
def _deepest(p: Problem, height: int, width: int) -> int:
    """Most blocks of the depth in a piece; 0 if there is no room for one."""
    rows, columns = window_size(p, height, width)
    if max(rows, columns) > MOST_SIZE:
        return 0
    most = min(MOST_BLOCKS, p.input_words // (rows * columns), MOST_ROW_WORDS // columns)
    if not p.flat:
        most = min(most, MOST_ROW_BYTES // (columns * p.lanes))
    return most


@compiled_part
def most_taps(p: Problem) -> tuple[int, int]:
    """Rows and columns of taps that an instruction reaches."""
    down = min(p.taps_y, MOST_TAPS) if p.dilation_y <= MOST_DILATION else 1
    across = min(p.taps_x, MOST_TAPS) if p.dilation_x <= MOST_DILATION else 1
    return down, across


@compiled_part
def _is_box(p: Problem, height: int, width: int, blocks: int) -> bool:
    """Whether sums, outputs and parameters of tiles and groups have room, in one place each."""
    return (
        blocks * PARAMETER_WORDS <= p.parameter_words
        and width * blocks <= MOST_ROW_WORDS
        and height * width * blocks <= min(p.sum_words, p.output_words)
    )


@compiled_part
def piece_range(p: Problem, box: Row) -> tuple[int, int]:
    """Blocks of the depth in a piece: least and most."""
    most = _deepest(p, box[HEIGHT], box[WIDTH])
    if p.diagonal:
        return box[BLOCKS], box[BLOCKS] if box[BLOCKS] <= most else 0
    if p.pixels > 1:
        return p.depth_blocks, p.depth_blocks if p.depth_blocks <= most else 0
    return 1, min(most, p.depth_blocks)


@compiled
def list_boxes(p: Problem) -> Table:
    """Heights, widths and blocks of filters that have room; shape (boxes, 3)."""
    found = np.empty((0, 3), dtype=np.int64)
    box = np.zeros(3, dtype=np.int64)
    # They are counted, then written down.
    for is_written in range(2):
        count = 0
        for height in range(1, min(p.out_height, MOST_OUT_HEIGHT) + 1):
            for width in range(1, min(p.out_width, MOST_SIZE) + 1):
                if not _is_box(p, height, width, 1):
                    break
                for blocks in range(1, min(p.filter_blocks, MOST_BLOCKS) + 1):
                    if not _is_box(p, height, width, blocks):
                        break
                    box[HEIGHT], box[WIDTH], box[BLOCKS] = height, width, blocks
                    least, most = piece_range(p, box)
                    if most < least:
                        continue
                    if is_written:
                        for field in range(3):
                            found[count, field] = box[field]
                    count += 1
        if not is_written:
            found = np.empty((count, 3), dtype=np.int64)
    return found


@compiled
def count_plans(p: Problem, boxes: Table) -> int:
    """How many plans there are, with all choices of places."""
    total = 0
    down, across = most_taps(p)
    taps = p.taps_y * p.taps_x
    for number in range(len(boxes)):
        height, width, blocks = boxes[number, 0], boxes[number, 1], boxes[number, 2]
        rows, columns = window_size(p, height, width)
        words = height * width * blocks
        ways = int(words <= p.sum_words) + int(words <= p.sum_half)
        words = PARAMETER_WORDS * blocks
        ways *= int(words <= p.parameter_words) + int(words <= p.parameter_half)
        least, most = piece_range(p, boxes[number])
        for piece in range(least, most + 1):
            words = rows * columns * piece
            inputs = int(words <= p.input_words) + int(words <= p.input_half)
            weights = 0
            words = taps * tap_words(p)
            for n in (p.filter_blocks, blocks):
                weights += int(n * words <= p.weight_words) + int(n * words <= p.weight_half)
            words = 1 if p.diagonal else min(piece * p.lanes, p.depth)
            for y in range(1, down + 1):
                for x in range(1, across + 1):
                    n = blocks * words * y * x
                    weights += int(n <= p.weight_words) + int(n <= p.weight_half)
            total += ORDERS * ways * inputs * weights
    return total
