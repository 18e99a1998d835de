"""Formats by name."""

import re

from golden.errors import UserError
from golden.formats.base import MAX_BITS, Format
from golden.formats.bipolar import BipolarFormat
from golden.formats.floating import BF16, FP16, FP32, FloatFormat
from golden.formats.integer import IntFormat
from golden.formats.ternary import TERNARY

__all__ = ["parse_format"]

_NAMED = {format.name: format for format in (TERNARY, FP32, FP16, BF16)}
_FLOAT = re.compile(r"ieee_e([0-9]{1,2})m([0-9]{1,2})")
_NAME = re.compile(r"(u?int|bipolar)([0-9]{1,3})")


def parse_format(name: str) -> Format:
    """Format of a name, in any case: ``int8``, ``UINT4``, ``bipolar2``, ``ternary``, ``fp32``.

    Raises
    ------
    UserError
        If there is no such format.
    """
    text = name.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    match, sizes = _NAME.fullmatch(text), _FLOAT.fullmatch(text)
    try:
        if sizes is not None:
            return FloatFormat(int(sizes[1]), int(sizes[2]))
        if match is not None and match[1] == "bipolar":
            return BipolarFormat(int(match[2]))
        if match is not None:
            return IntFormat(int(match[2]), signed=match[1] == "int")
    except ValueError:
        pass
    raise UserError(
        f"{name!r} is not a number format: allowed are int1 to int{MAX_BITS}, uint1 to"
        f" uint{MAX_BITS}, bipolar1 to bipolar32, ternary, fp32, fp16, bf16 and ieee_e2m1 to"
        " ieee_e8m23"
    )
