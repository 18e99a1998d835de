"""Schemes of quantization by name: ``w2a8-g32``, ``ternary``, ``nf4a6``."""

import re
from dataclasses import dataclass
from enum import Enum

from golden.errors import UserError
from golden.formats import TERNARY, BipolarFormat, Format, IntFormat, parse_format
from golden.quantization.levels import MAX_LEVEL_BITS

__all__ = ["Method", "Scheme", "parse_scheme"]

_PARTS = re.compile(r"(.+?)(?:-?a([0-9]+))?(?:-g([0-9]+))?")
_MOST_ACTIVATION_BITS = 8


class Method(Enum):
    """How weights become codes."""

    LEAST_ERROR = "least squared error"
    AFFINE = "least squared error with zero points"
    ABSMEAN = "mean magnitude"
    CODEBOOK = "learned codebook"
    PLANES = "planes of signs"
    POWERS = "planes of signs worth powers of two"


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a network is quantized to.

    Parameters
    ----------
    name : str
        As given.
    method : Method
    format : Format
        Of weights' codes.
    activation_bits : int
        2 to 8.
    group_size : int or None
        Elements of weights along K that share a scale; None for all of an output channel.
    """

    name: str
    method: Method
    format: Format
    activation_bits: int = _MOST_ACTIVATION_BITS
    group_size: int | None = None


def parse_scheme(text: str) -> Scheme:
    """Scheme of a name: weights, then optionally bits of activations and the size of groups.

    Weights are ``w2`` to ``w8`` (two's complement), ``w1`` (-1 and 1), ``u1`` to ``u8`` (with zero
    points), ``bitnet``, ``any1`` to ``any8``, ``bcq1`` to ``bcq8``, ``shiftadd1`` to ``shiftadd8``,
    or a format of up to 8 bits by its name.

    Raises
    ------
    UserError
        If it is none.
    """
    parts = _PARTS.fullmatch(text.strip().lower())
    if parts is None:
        raise _refusal(text)
    weights, activation, group = parts.groups()
    method, format = _weights(text, weights)
    bits = _MOST_ACTIVATION_BITS if activation is None else int(activation)
    if not 2 <= bits <= _MOST_ACTIVATION_BITS:
        raise UserError(f"scheme {text!r}: activations have 2 to 8 bits, not {bits}")
    size = None if group is None else int(group)
    if size == 0:
        raise UserError(f"scheme {text!r}: groups have at least 1 element, not 0")
    if size is not None and method is Method.ABSMEAN:
        raise UserError(f"scheme {text!r}: bitnet has one scale for all weights, and no groups")
    return Scheme(
        name=text.strip().lower(),
        method=method,
        format=format,
        activation_bits=bits,
        group_size=size,
    )


def _weights(text: str, weights: str) -> tuple[Method, Format]:
    """Method and format of the first part."""
    match = re.fullmatch(r"(w|u|any|bcq|shiftadd)([1-8])", weights)
    if weights == "bitnet":
        return Method.ABSMEAN, TERNARY
    if match is None:
        try:
            format = parse_format(weights)
        except UserError:
            raise _refusal(text) from None
        if format.bits > MAX_LEVEL_BITS:
            raise UserError(
                f"scheme {text!r}: weights have up to {MAX_LEVEL_BITS} bits, {format.name} has"
                f" {format.bits}"
            )
        return Method.LEAST_ERROR, format
    bits = int(match[2])
    return {
        "w": (Method.LEAST_ERROR, IntFormat(bits) if bits > 1 else BipolarFormat(1)),
        "u": (Method.AFFINE, IntFormat(bits, signed=False)),
        "any": (Method.CODEBOOK, IntFormat(bits, signed=False)),
        "bcq": (Method.PLANES, BipolarFormat(bits)),
        "shiftadd": (Method.POWERS, BipolarFormat(bits)),
    }[match[1]]


def _refusal(text: str) -> UserError:
    return UserError(
        f"{text!r} is not a scheme: it begins with w1 to w8, u1 to u8, any1 to any8, bcq1 to bcq8,"
        " shiftadd1 to shiftadd8, bitnet or a format such as ternary, nf4 or flint4; a2 to a8 for"
        " activations and -gSIZE for groups may follow, as in w2a8-g32"
    )
