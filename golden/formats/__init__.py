"""Number formats: how a value is coded in bits.

A *format* is a frozen description with ``bits``, ``encode`` and ``decode``. RTL shapes, golden
models and the packing of memory words all derive from the same object, so that they can not
disagree about what a bit pattern means.

A *code* is the bit pattern of one value, held in the smallest unsigned NumPy dtype that has room
for it. What ``decode`` returns is exact.
"""

from golden.formats.abfloat import AbfloatFormat
from golden.formats.base import MAX_BITS, Codes, Format, Values, WholeFormat, code_dtype
from golden.formats.bipolar import BipolarFormat
from golden.formats.flint import FlintFormat
from golden.formats.floating import BF16, FP16, FP32, FloatFormat
from golden.formats.integer import (
    INT8,
    MAX_OPERAND_BITS,
    UINT8,
    IntFormat,
    operand_format,
    smallest_int,
)
from golden.formats.normal_float import NF4, NormalFloat4
from golden.formats.ovp import OvpFormat
from golden.formats.parse import parse_format
from golden.formats.powers import PowerFormat
from golden.formats.signs import SignsFormat
from golden.formats.ternary import TERNARY, TernaryFormat

__all__ = [
    "BF16",
    "FP16",
    "FP32",
    "INT8",
    "MAX_BITS",
    "MAX_OPERAND_BITS",
    "NF4",
    "TERNARY",
    "UINT8",
    "AbfloatFormat",
    "BipolarFormat",
    "Codes",
    "FlintFormat",
    "FloatFormat",
    "Format",
    "IntFormat",
    "NormalFloat4",
    "OvpFormat",
    "PowerFormat",
    "SignsFormat",
    "TernaryFormat",
    "Values",
    "WholeFormat",
    "code_dtype",
    "operand_format",
    "parse_format",
    "smallest_int",
]
