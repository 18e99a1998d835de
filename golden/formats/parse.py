"""Formats by name."""

import re
from collections.abc import Callable

from golden.errors import UserError
from golden.formats.abfloat import AbfloatFormat
from golden.formats.base import MAX_BITS, Format
from golden.formats.bipolar import BipolarFormat
from golden.formats.flint import FlintFormat
from golden.formats.floating import BF16, FP16, FP32, FloatFormat
from golden.formats.integer import IntFormat
from golden.formats.normal_float import NF4
from golden.formats.ovp import OvpFormat
from golden.formats.powers import PowerFormat
from golden.formats.signs import SignsFormat
from golden.formats.ternary import TERNARY

__all__ = ["parse_format"]

_NAMED = {format.name: format for format in (TERNARY, NF4, FP32, FP16, BF16)}
_NORMALS = {format.name: format for format in (IntFormat(4), FlintFormat(4), IntFormat(8))}
_FAMILIES: tuple[tuple[str, Callable[..., Format]], ...] = (
    (r"int(\d{1,3})", lambda bits: IntFormat(int(bits))),
    (r"uint(\d{1,3})", lambda bits: IntFormat(int(bits), signed=False)),
    (r"bipolar(\d{1,3})", lambda bits: BipolarFormat(int(bits))),
    (r"signs(\d{1,2})", lambda bits: SignsFormat(int(bits))),
    (r"pow(\d)", lambda bits: PowerFormat(int(bits))),
    (r"flint(\d)", lambda bits: FlintFormat(int(bits))),
    (r"uflint(\d)", lambda bits: FlintFormat(int(bits), signed=False)),
    (r"ovp_(int4|flint4|int8)", lambda normal: OvpFormat(_NORMALS[normal])),
    (r"ieee_e(\d{1,2})m(\d{1,2})", lambda *sizes: FloatFormat(*map(int, sizes))),
    (r"abfloat_e(\d)m(\d)b(\d{1,2})", lambda *sizes: AbfloatFormat(*map(int, sizes))),
)
"""Patterns of names with sizes in them, and what makes the format of these."""


def parse_format(name: str) -> Format:
    """Format of a name, in any case: ``int8``, ``UINT4``, ``bipolar2``, ``flint4``, ``fp32``.

    Raises
    ------
    UserError
        If there is no such format.
    """
    text = name.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    try:
        for pattern, family in _FAMILIES:
            if match := re.fullmatch(pattern, text, re.ASCII):
                return family(*match.groups())
    except ValueError:
        pass
    raise UserError(
        f"{name!r} is not a number format: allowed are int1 to int{MAX_BITS}, uint1 to"
        f" uint{MAX_BITS}, bipolar1 to bipolar32, signs1 to signs16, pow1 to pow5,"
        " ternary, flint3 to flint8, uflint3 to uflint8, nf4, ovp_int4, ovp_flint4, ovp_int8,"
        " abfloat_e2m1b2 and the like, fp32, fp16, bf16 and ieee_e2m1 to ieee_e8m23"
    )
