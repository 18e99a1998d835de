"""Accelerators, layers and plans as numbers."""

from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACROSS",
    "BEST_BYTES",
    "BEST_CYCLES",
    "BLOCKS",
    "COPY",
    "CURSOR",
    "CURSOR_DEEP",
    "CUT_FIELDS",
    "DEEP",
    "DOWN",
    "FOUND",
    "GROUP",
    "GROUPS_FIRST",
    "GROUPS_LAST",
    "GROUPS_SECOND",
    "HEIGHT",
    "INPUTS",
    "KEPT",
    "LEAVES",
    "NEVER",
    "NONE",
    "ORDER",
    "ORDERS",
    "PARAMETERS",
    "PIECE",
    "SIMULATED",
    "STATE_FIELDS",
    "SUMS",
    "UNREACHED",
    "WEIGHTS",
    "WIDTH",
    "Box",
    "Problem",
    "Row",
    "Table",
    "new_memo",
    "record_of",
]

HEIGHT, WIDTH, BLOCKS, DEEP, DOWN, ACROSS, ORDER, KEPT, INPUTS, WEIGHTS, PARAMETERS, SUMS = range(
    12
)
"""A plan as a row of numbers: sizes of tiles, blocks of filters, blocks of the depth, rows and
columns of taps, order of loops, what is kept, and places."""
CUT_FIELDS = 12

COPY, GROUP, PIECE = range(3)
"""For how long weights stay."""

GROUPS_FIRST, GROUPS_SECOND, GROUPS_LAST = range(3)
"""Where the loop over groups is. An order is twice this, plus one if rows are inside columns."""
ORDERS = 6

BEST_CYCLES, BEST_BYTES, LEAVES, SIMULATED, CURSOR, CURSOR_DEEP, FOUND = range(7)
"""Entries of the state of a search: cycles and bytes of the best plan, how many plans had their
bound computed, how many were simulated, where to go on, and how many have been put together."""
STATE_FIELDS = 7

NEVER = -(1 << 60)
"""A cycle before all others."""
UNREACHED = 1 << 60
"""Cycles of a plan that was given up, as it takes too many."""
NONE = -1

_MEMO_SIZE = 1 << 16

Row: TypeAlias = NDArray[np.int64]
"""Of one dimension."""
Table: TypeAlias = NDArray[np.int64]
"""Of two."""


class Problem(NamedTuple):
    """A layer on an accelerator: bytes, words and cycles of the one, the sweep of the other.

    Compiled functions take it as the record that `record_of` makes of it, with the same fields.
    """

    lanes: int
    bus: int
    block: int
    """Bytes of the longest burst."""
    room: int
    """Read bursts that may be unretired."""
    latency: int
    """Of the data's memory."""
    program_latency: int
    first_start: int
    """Cycle in which the first instruction can start."""
    interval: int
    outstanding: int
    """Bursts that may be under way; 0 for any number."""
    queue_depth: int
    shared_ports: int
    """1 if activation memory has one bank."""
    vector_fixed: int
    vector_block: int
    vector_word: int
    """Cycles of scaling: in all, of a block and of a word."""
    input_words: int
    """Words of a single place, and of one of two; 0 where there can not be two."""
    input_half: int
    weight_words: int
    weight_half: int
    parameter_words: int
    parameter_half: int
    sum_words: int
    sum_half: int
    output_words: int
    copies: int
    filters: int
    depth: int
    height: int
    width: int
    out_height: int
    out_width: int
    taps_y: int
    taps_x: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    pad_top: int
    pad_left: int
    column_step: int
    first_byte: int
    row_bytes: int
    pixels: int
    diagonal: int
    flat: int
    filter_blocks: int
    depth_blocks: int


class Box(NamedTuple):
    """Tiles and groups of a plan."""

    rows: int
    columns: int
    groups: int
    last_rows: int
    last_columns: int
    last_blocks: int
    first_pixels: int
    """Of the first tile."""
    last_pixels: int
    """Of the last tile."""
    last_first: int
    """First column of the last tile."""


def record_of(problem: Problem) -> Problem:
    """A problem as compiled functions take it: one pointer rather than dozens of numbers."""
    fields = np.dtype([(name, np.int64) for name in Problem._fields])
    record: Any = np.array([tuple(problem)], dtype=fields)[0]
    return cast(Problem, record)


def new_memo() -> Table:
    """Room for cycles and beats of loads and stores that were met before, for one accelerator.

    Rows are three numbers that tell instructions apart, cycles and beats.
    """
    return np.full((_MEMO_SIZE, 5), NONE, dtype=np.int64)
