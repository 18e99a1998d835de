"""The instruction set.

A program is a list of instructions that three units execute, each its own in program order:
*load* brings data from memory, *execute* runs the engine, *store* runs the vector unit and takes
data to memory. Tokens order instructions of different units: an instruction waits for one token
from each unit in ``wait`` before it begins, and gives one to each unit in ``signal`` when it has
ended.

Local memories hold words of one byte for each lane of the engine. Numbers of words, lanes and
pixels are plain numbers; DRAM is addressed in bytes, relative to one of four base registers.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import ClassVar, TypeAlias

from golden.accelerator.fields import operand

__all__ = [
    "BASES",
    "INSTRUCTIONS",
    "Add",
    "Gemm",
    "Instruction",
    "Load",
    "LocalMemory",
    "Pool",
    "PoolKind",
    "Requantize",
    "Store",
    "Table",
    "Unit",
    "Units",
]

BASES = 4
"""Base registers for DRAM addresses."""


class Unit(Enum):
    """Who executes an instruction."""

    LOAD = "load"
    EXECUTE = "execute"
    STORE = "store"


class Units(IntFlag):
    """A set of units, as coded in ``wait`` and ``signal``."""

    NONE = 0
    LOAD = 1
    EXECUTE = 2
    STORE = 4


class LocalMemory(IntEnum):
    """Memories that can be loaded."""

    ACTIVATIONS = 0
    WEIGHTS = 1
    PARAMETERS = 2


class PoolKind(IntEnum):
    """What a window is reduced to."""

    MAX = 0
    AVERAGE = 1


@dataclass(frozen=True, kw_only=True)
class _Instruction:
    """What all instructions have.

    Parameters
    ----------
    wait, signal : Units
        Units to take a token from, and to give one to.
    """

    OPCODE: ClassVar[int]
    UNIT: ClassVar[Unit]

    wait: Units = Units.NONE
    signal: Units = Units.NONE


@dataclass(frozen=True, kw_only=True)
class Load(_Instruction):
    """Rows of bytes from DRAM to words of a local memory.

    A row has ``groups`` groups of ``group_bytes`` bytes, ``group_step`` bytes apart; the bytes of
    a group fill words, the rest of its last word is zero. Several groups leave no gaps. They may
    overlap if each fits a word: a group may be a window that slides over the row. Bytes before the
    row's first and after its ``row_bytes``-th read as ``pad_value``, without touching memory.
    """

    OPCODE: ClassVar[int] = 1
    UNIT: ClassVar[Unit] = Unit.LOAD

    memory: int = operand(2, "0 activations, 1 weights, 2 parameters")
    base: int = operand(2, "base register")
    address: int = operand(32, "first byte of the first row, after the base")
    rows: int = operand(16, "rows", offset=1, default=1)
    row_step: int = operand(32, "bytes from row to row")
    row_bytes: int = operand(20, "bytes of a row that lie in memory", offset=1, default=1)
    pad_left: int = operand(8, "bytes of padding before a row")
    groups: int = operand(16, "groups in a row", offset=1, default=1)
    group_step: int = operand(16, "bytes from group to group")
    group_bytes: int = operand(16, "bytes of a group", offset=1, default=1)
    pad_value: int = operand(8, "what padding reads as", signed=True)
    local: int = operand(20, "first word")
    local_row_step: int = operand(16, "words from row to row")


@dataclass(frozen=True, kw_only=True)
class Gemm(_Instruction):
    """A convolution, or a product, from local memories to accumulators.

    For each of ``blocks_n`` blocks of output lanes, for each tap and each block of input lanes one
    job of the engine: its rows are the output pixels, its depth the lanes of the block. The tap
    (ky, kx) of output pixel (oy, ox) is the input pixel ``origin_y + oy stride_y + ky dilation_y``,
    likewise x; outside of ``height`` x ``width`` every lane reads as ``pad_value``. Tiles of
    weights lie one after the other, in the order of the jobs, one word for each row of the tile;
    with ``diagonal`` a tile is one word, the diagonal of a matrix, and the k-th block of input
    lanes is read for the k-th block of output lanes: a depthwise convolution.

    An engine through which operands stream has a job for each few pixels and each block of output
    lanes, with all taps and blocks of input lanes as its depth. Tiles of weights are beats then, as
    many as ``weight_bits`` make, and whole ones even if diagonal; what is no code is worth 0, and
    so are activations in lanes of the last block that do not count.
    """

    OPCODE: ClassVar[int] = 2
    UNIT: ClassVar[Unit] = Unit.EXECUTE

    source: int = operand(20, "word of input pixel (0, 0)")
    row_words: int = operand(16, "words from input row to input row")
    pixel_words: int = operand(8, "words from input pixel to input pixel")
    height: int = operand(12, "rows of the input", offset=1, default=1)
    width: int = operand(12, "columns of the input", offset=1, default=1)
    origin_y: int = operand(13, "input row of output row 0 at tap 0", signed=True)
    origin_x: int = operand(13, "input column of output column 0 at tap 0", signed=True)
    stride_y: int = operand(4, "input rows from output row to output row", offset=1, default=1)
    stride_x: int = operand(4, "input columns from output column to next", offset=1, default=1)
    dilation_y: int = operand(4, "input rows from tap to tap", offset=1, default=1)
    dilation_x: int = operand(4, "input columns from tap to tap", offset=1, default=1)
    out_height: int = operand(10, "output rows", offset=1, default=1)
    out_width: int = operand(12, "output columns", offset=1, default=1)
    taps_y: int = operand(5, "rows of taps", offset=1, default=1)
    taps_x: int = operand(5, "columns of taps", offset=1, default=1)
    blocks_k: int = operand(8, "blocks of input lanes", offset=1, default=1)
    last_lanes: int = operand(8, "lanes of the last block that count", offset=1, default=1)
    blocks_n: int = operand(8, "blocks of output lanes", offset=1, default=1)
    weights: int = operand(20, "first word of the weights")
    target: int = operand(16, "first accumulator word")
    pad_value: int = operand(8, "what padding reads as", signed=True)
    accumulate: int = operand(1, "1 adds to what the accumulators hold")
    diagonal: int = operand(1, "1 for depthwise")
    weight_bits: int = operand(5, "bits of weights; 0 where the engine has weights of one width")


@dataclass(frozen=True, kw_only=True)
class Requantize(_Instruction):
    """Accumulators to activations: bias, per-channel scale, zero point, clamp.

    Accumulator words lie pixel after pixel, block after block, as `Gemm` leaves them.
    ``parameters`` holds nine words for each block: four of int32 biases, four of int32 multipliers,
    one of int8 shifts, all with lane 0 first and least significant byte first. Shifts are clamped
    to -31 to 31; positive ones shift left.
    """

    OPCODE: ClassVar[int] = 3
    UNIT: ClassVar[Unit] = Unit.STORE

    source: int = operand(16, "first accumulator word")
    parameters: int = operand(16, "first parameter word")
    target: int = operand(20, "word of output pixel (0, 0)")
    row_words: int = operand(16, "words from output row to output row")
    pixel_words: int = operand(8, "words from output pixel to output pixel")
    out_height: int = operand(10, "output rows", offset=1, default=1)
    out_width: int = operand(12, "output columns", offset=1, default=1)
    blocks: int = operand(8, "blocks of lanes", offset=1, default=1)
    zero_point: int = operand(8, "added after scaling", signed=True)
    low: int = operand(8, "smallest result", signed=True, default=-128)
    high: int = operand(8, "largest result", signed=True, default=127)


@dataclass(frozen=True, kw_only=True)
class Add(_Instruction):
    """Two activations, each with its scale, added and scaled to a third.

    Nine parameter words, as for `Requantize`; lane 0 is for the first operand, lane 1 for the
    second, lane 2 for the sum. Biases are added before scaling: minus the operands' zero points.
    Operands are shifted left by 20 bits before they are scaled. The result lies exactly where an
    operand does, or apart from it.
    """

    OPCODE: ClassVar[int] = 4
    UNIT: ClassVar[Unit] = Unit.STORE

    first: int = operand(20, "first word of one operand")
    second: int = operand(20, "first word of the other")
    target: int = operand(20, "first word of the result")
    words: int = operand(20, "words", offset=1, default=1)
    parameters: int = operand(16, "first parameter word")
    zero_point: int = operand(8, "added after scaling", signed=True)
    low: int = operand(8, "smallest result", signed=True, default=-128)
    high: int = operand(8, "largest result", signed=True, default=127)


@dataclass(frozen=True, kw_only=True)
class Pool(_Instruction):
    """Maximum or average over windows of activations.

    Windows are as in `Gemm`. Taps outside of the input do not count; an average is rounded to the
    nearest integer, halves away from zero. No word of the result is one of the source.
    """

    OPCODE: ClassVar[int] = 5
    UNIT: ClassVar[Unit] = Unit.STORE

    kind: int = operand(1, "0 maximum, 1 average")
    source: int = operand(20, "word of input pixel (0, 0)")
    row_words: int = operand(16, "words from input row to input row")
    pixel_words: int = operand(8, "words from input pixel to input pixel")
    height: int = operand(12, "rows of the input", offset=1, default=1)
    width: int = operand(12, "columns of the input", offset=1, default=1)
    origin_y: int = operand(13, "input row of output row 0 at tap 0", signed=True)
    origin_x: int = operand(13, "input column of output column 0 at tap 0", signed=True)
    stride_y: int = operand(5, "input rows from output row to output row", offset=1, default=1)
    stride_x: int = operand(5, "input columns from output column to next", offset=1, default=1)
    out_height: int = operand(10, "output rows", offset=1, default=1)
    out_width: int = operand(12, "output columns", offset=1, default=1)
    taps_y: int = operand(5, "rows of taps", offset=1, default=1)
    taps_x: int = operand(5, "columns of taps", offset=1, default=1)
    blocks: int = operand(8, "blocks of lanes", offset=1, default=1)
    target: int = operand(20, "word of output pixel (0, 0)")
    target_row_words: int = operand(16, "words from output row to output row")
    target_pixel_words: int = operand(8, "words from output pixel to output pixel")
    low: int = operand(8, "smallest result", signed=True, default=-128)
    high: int = operand(8, "largest result", signed=True, default=127)


@dataclass(frozen=True, kw_only=True)
class Table(_Instruction):
    """Activations through a table of 256 bytes: entry ``x + 128`` for activation ``x``.

    The result lies exactly where the source does, or apart from it.
    """

    OPCODE: ClassVar[int] = 6
    UNIT: ClassVar[Unit] = Unit.STORE

    source: int = operand(20, "first word")
    target: int = operand(20, "first word of the result")
    words: int = operand(20, "words", offset=1, default=1)
    parameters: int = operand(16, "first parameter word of the table")


@dataclass(frozen=True, kw_only=True)
class Store(_Instruction):
    """Words of activations to rows of bytes in DRAM: the opposite of `Load`, without padding."""

    OPCODE: ClassVar[int] = 7
    UNIT: ClassVar[Unit] = Unit.STORE

    base: int = operand(2, "base register")
    address: int = operand(32, "first byte of the first row, after the base")
    rows: int = operand(16, "rows", offset=1, default=1)
    row_step: int = operand(32, "bytes from row to row")
    groups: int = operand(16, "groups in a row", offset=1, default=1)
    group_bytes: int = operand(
        16, "bytes of a group, which follow those of the one before", offset=1, default=1
    )
    local: int = operand(20, "first word")
    local_row_step: int = operand(16, "words from row to row")


Instruction: TypeAlias = Load | Gemm | Requantize | Add | Pool | Table | Store

INSTRUCTIONS: tuple[type[Instruction], ...] = (Load, Gemm, Requantize, Add, Pool, Table, Store)
"""Every instruction, in order of opcodes."""
