"""Formats by name."""

import re

from golden.errors import UserError
from golden.formats.base import MAX_BITS, Format
from golden.formats.bipolar import BipolarFormat
from golden.formats.integer import IntFormat
from golden.formats.ternary import TERNARY

__all__ = ["parse_format"]

_NAME = re.compile(r"(u?int|bipolar)([0-9]{1,3})")


def parse_format(name: str) -> Format:
    """Format of a name, in any case: ``int8``, ``UINT4``, ``bipolar2``, ``ternary``.

    Raises
    ------
    UserError
        If there is no such format.
    """
    text = name.strip().lower()
    if text == TERNARY.name:
        return TERNARY
    match = _NAME.fullmatch(text)
    try:
        if match is not None and match[1] == "bipolar":
            return BipolarFormat(int(match[2]))
        if match is not None:
            return IntFormat(int(match[2]), signed=match[1] == "int")
    except ValueError:
        pass
    raise UserError(
        f"{name!r} is not a number format: allowed are int1 to int{MAX_BITS}, uint1 to"
        f" uint{MAX_BITS}, bipolar1 to bipolar32 and ternary"
    )
