"""The largest sizes that fields of instructions hold."""

__all__ = [
    "MOST_BLOCKS",
    "MOST_DILATION",
    "MOST_LONG_WORDS",
    "MOST_OUT_HEIGHT",
    "MOST_ROW_BYTES",
    "MOST_ROW_WORDS",
    "MOST_SIZE",
    "MOST_TAPS",
]

MOST_BLOCKS = 255
"""Of filters or of the depth."""
MOST_TAPS = 32
"""Rows or columns of taps."""
MOST_DILATION = 16
MOST_OUT_HEIGHT = 1024
MOST_SIZE = 4096
"""Rows or columns of an input, or columns of outputs."""
MOST_ROW_WORDS = (1 << 16) - 1
"""From row to row in a local memory."""
MOST_ROW_BYTES = 1 << 20
"""Of a row in DRAM."""
MOST_LONG_WORDS = 1 << 15
"""Of a row that is one of many equal ones."""
