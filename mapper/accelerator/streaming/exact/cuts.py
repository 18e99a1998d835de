"""What plans are cut into: tiles and what they need, groups, pieces.

The same in numbers as `mapper.accelerator.streaming.plan`, ``tiles`` and ``emission``.
"""

from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.streaming.exact.numbers import (
    ACROSS,
    BLOCKS,
    COPY,
    DEEP,
    DOWN,
    GROUP,
    GROUPS_LAST,
    KEPT,
    ORDER,
    PARAMETERS,
    Box,
    Problem,
    Row,
)
from mapper.allocation.compiled import compiled_part

__all__ = [
    "box_of",
    "column_span",
    "depth_of",
    "group_blocks",
    "group_filters",
    "has_input_once",
    "has_parameters_once",
    "jobs_of",
    "kept_words",
    "pieces_of",
    "row_span",
    "tap_words",
    "window_of",
]


@compiled_part
def _span(
    size: int, outputs: int, taps: int, stride: int, dilation: int, pad: int, step: int, index: int
) -> tuple[int, int, int, int]:
    """Outputs of a tile (first, count) and the inputs that it needs (first, count)."""
    first = index * step
    count = min(step, outputs - first)
    begin = first * stride - pad
    end = begin + (count - 1) * stride + (taps - 1) * dilation + 1
    low = min(max(begin, 0), size - 1)
    high = max(min(end, size), low + 1)
    return first, count, low, high - low


@compiled_part
def row_span(p: Problem, step: int, index: int) -> tuple[int, int, int, int]:
    """Of a row of tiles: first output, outputs, first input, inputs."""
    return _span(
        p.height,
        p.out_height,
        p.taps_y,
        p.stride_y,
        p.dilation_y,
        p.pad_top,
        step,
        index,
    )


@compiled_part
def column_span(p: Problem, step: int, index: int) -> tuple[int, int, int, int]:
    """Of a column of tiles; see `row_span`."""
    return _span(
        p.width,
        p.out_width,
        p.taps_x,
        p.stride_x,
        p.dilation_x,
        p.pad_left,
        step,
        index,
    )


@compiled_part
def window_of(p: Problem, low: int, columns: int, depth: int) -> tuple[int, int, int, int, int]:
    """Row of a window: left byte, bytes, padding, step and bytes of a group."""
    octets = step = depth
    row_bytes = p.row_bytes
    if p.pixels > 1:
        octets, step = p.depth, p.column_step
    else:
        row_bytes = p.row_bytes // p.depth * depth
    reach = (columns - 1) * step + octets
    first = low * step - p.first_byte
    if first >= row_bytes:
        first = -reach
    left = max(first, 0)
    return left, max(min(first + reach, row_bytes) - left, 1), left - first, step, octets


@compiled_part
def group_blocks(p: Problem, blocks: int, group: int) -> int:
    """Blocks of filters of a group."""
    return min(blocks, p.filter_blocks - group * blocks)


@compiled_part
def group_filters(p: Problem, blocks: int, group: int) -> int:
    """Filters of a group."""
    return min(blocks * p.lanes, p.filters - group * blocks * p.lanes)


@compiled_part
def depth_of(p: Problem, cut: Row, piece: int, group: int) -> int:
    """Bytes of a column that a piece has."""
    if p.diagonal:
        return group_filters(p, cut[BLOCKS], group)
    deep = cut[DEEP] * p.lanes
    return min(int(deep), p.depth - piece * int(deep))


@compiled_part
def jobs_of(p: Problem, depth: int) -> tuple[int, int]:
    """Blocks of the depth in a product, and whether the last one has fewer lanes."""
    if p.diagonal:
        return 1, int(depth < p.lanes)
    return -(-depth // p.lanes), int(depth % p.lanes > 0)


@compiled_part
def pieces_of(p: Problem, cut: Row) -> int:
    """Pieces of the depth that are added up."""
    return 1 if p.diagonal else -(-p.depth_blocks // cut[DEEP])


@compiled_part
def has_input_once(p: Problem, cut: Row) -> bool:
    """Whether a tile's input is loaded once for all groups."""
    whole = cut[DEEP] >= p.depth_blocks
    return cut[ORDER] // 2 == GROUPS_LAST and not p.diagonal and whole


@compiled_part
def has_parameters_once(p: Problem, cut: Row) -> bool:
    """Whether the parameters of a copy are loaded together."""
    room = p.parameter_half if cut[PARAMETERS] == 2 else p.parameter_words
    return PARAMETER_WORDS * p.filter_blocks <= room


@compiled_part
def tap_words(p: Problem) -> int:
    """Words of weights of a filter block and a tap."""
    return 1 if p.diagonal else p.depth


@compiled_part
def kept_words(p: Problem, cut: Row) -> int:
    """Words of weights that are in a place at a time, at most."""
    taps = p.taps_y * p.taps_x
    if cut[KEPT] == COPY:
        return p.filter_blocks * taps * tap_words(p)
    if cut[KEPT] == GROUP:
        return int(cut[BLOCKS] * taps * tap_words(p))
    deep = 1 if p.diagonal else min(cut[DEEP] * p.lanes, p.depth)
    return int(cut[BLOCKS] * cut[DOWN] * cut[ACROSS] * deep)


@compiled_part
def box_of(p: Problem, height: int, width: int, blocks: int) -> Box:
    """Tiles and groups of these sizes."""
    rows = -(-p.out_height // height)
    columns = -(-p.out_width // width)
    groups = -(-p.filter_blocks // blocks)
    last_rows = p.out_height - (rows - 1) * height
    last_columns = p.out_width - (columns - 1) * width
    return Box(
        rows,
        columns,
        groups,
        last_rows,
        last_columns,
        p.filter_blocks - (groups - 1) * blocks,
        (height if rows > 1 else last_rows) * (width if columns > 1 else last_columns),
        last_rows * last_columns,
        (columns - 1) * width,
    )
