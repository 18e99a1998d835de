"""Cycles of the vector unit."""

from typing import TypeAlias

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Add, Pool, PoolKind, Requantize, Table
from golden.accelerator.interpreter import PARAMETER_WORDS, TABLE_BYTES

__all__ = ["VectorInstruction", "vector_cycles"]

VectorInstruction: TypeAlias = Requantize | Add | Pool | Table

_TAKE = 1
"""The instruction is taken; the first read follows."""

_REQUANTIZE_LATENCY = 6
"""From the last read to the last write."""

_ADD_INTERVAL = 3
"""From the first operand of a word to that of the next."""

_ADD_LATENCY = 11
"""From the first operand's read to the write."""

_WINDOW_SETUP = 2
"""Products for the addresses of windows, and the first address."""

_MAXIMUM_LATENCY = 3
_AVERAGE_LATENCY = 12
"""From a window's last tap to the write."""

_AVERAGE_INTERVAL = 9
"""From average to average at least: a division."""

_TABLE_LATENCY = 2


def vector_cycles(accelerator: Accelerator, op: VectorInstruction) -> int:
    """Cycles from the one in which ``op`` is taken to its last write, both included."""
    match op:
        case Requantize():
            pixels = op.out_height * op.out_width
            return _TAKE + op.blocks * (PARAMETER_WORDS + pixels) + _REQUANTIZE_LATENCY
        case Add():
            reads = (op.words - 1) * _ADD_INTERVAL
            return _TAKE + PARAMETER_WORDS + reads + _ADD_LATENCY + 1
        case Pool():
            taps = op.taps_y * op.taps_x
            windows = op.blocks * op.out_height * op.out_width
            average = op.kind == PoolKind.AVERAGE
            interval = max(taps, _AVERAGE_INTERVAL) if average else taps
            latency = _AVERAGE_LATENCY if average else _MAXIMUM_LATENCY
            return _TAKE + _WINDOW_SETUP + (windows - 1) * interval + taps + latency
        case Table():
            return _TAKE + -(-TABLE_BYTES // accelerator.lanes) + op.words + _TABLE_LATENCY
