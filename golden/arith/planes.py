"""Codes as planes of bits, each worth a power of two."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.arith.sums import Summing, sum_products
from golden.errors import UserError
from golden.formats import (
    MAX_OPERAND_BITS,
    BipolarFormat,
    Codes,
    Format,
    IntFormat,
    SignsFormat,
    Values,
)

__all__ = ["Plane", "check_planes", "planes_of", "sum_planes"]

Plane: TypeAlias = tuple[Values, int]
"""What each element of a plane is, and what the plane is worth."""


def check_planes(name: str, format: Format, *, equal: bool = False) -> None:
    """Refuse a format whose codes are not planes of bits.

    Parameters
    ----------
    name : str
        Of the param.
    format : Format
    equal : bool
        Whether all planes may be worth the same, as of `signs` formats.

    Raises
    ------
    UserError
        Naming the param.
    """
    kinds = (IntFormat, BipolarFormat, SignsFormat) if equal else (IntFormat, BipolarFormat)
    if not isinstance(format, kinds) or format.bits > MAX_OPERAND_BITS:
        allowed = "an integer, bipolar or signs" if equal else "an integer or bipolar"
        raise UserError(
            f"{name} must be {allowed} format of 1 to {MAX_OPERAND_BITS} bits, not {format.name}"
        )


def planes_of(codes: Codes, format: Format) -> list[Plane]:
    """Planes of codes, the lowest first: 0 and 1, or −1 and 1 of signs.

    Plane b is worth 2^b, the sign plane of two's complement −2^b, and each one of signs 1.

    Raises
    ------
    UserError
        If a code has more bits than the format.
    """
    if codes.size and int(codes.max()) >> format.bits:
        raise UserError(f"{int(codes.max())} is not a code of {format.name}")
    planes: list[Plane] = []
    for plane in range(format.bits):
        bits: NDArray[np.int64] = (codes.astype(np.int64) >> plane) & 1
        if isinstance(format, (BipolarFormat, SignsFormat)):
            planes.append((2 * bits - 1, 1 if isinstance(format, SignsFormat) else 1 << plane))
        else:
            is_sign = isinstance(format, IntFormat) and format.signed and plane == format.bits - 1
            planes.append((bits, -(1 << plane) if is_sign else 1 << plane))
    return planes


def sum_planes(
    params: Summing, a: Sequence[Plane], w: Sequence[Plane], c: Codes | None = None
) -> Codes:
    """Products of every plane of ``a`` with every one of ``w``, and ``c``, added up.

    Wrapping to the accumulator commutes with addition: the result is the exact one modulo
    ``2 ** bits``, whatever the order of planes.

    Returns
    -------
    ndarray of unsigned, shape (M, N)
        Codes of sums.

    Raises
    ------
    UserError
        If shapes do not fit, or K exceeds ``k_max``.
    """
    sums = c
    for x, worth_of_x in a:
        for y, worth_of_y in w:
            sums = sum_products(params, x, np.asarray(y) * (worth_of_x * worth_of_y), sums)
    assert sums is not None  # a format has a bit at least
    return sums
