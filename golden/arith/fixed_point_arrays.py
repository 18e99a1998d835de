"""Fixed-point arithmetic of TensorFlow Lite's reference kernels, on arrays.

The operations of `golden.arith.fixed_point`, where they are explained. Numbers of 32 bits are held
as int64.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Integers",
    "multiply_by_quantized_multiplier",
    "quantize_multiplier",
    "rounding_divide_by_pot",
    "saturating_rounding_doubling_high_mul",
    "wrap_int32",
]

Integers: TypeAlias = NDArray[np.int64]
"""Numbers of 32 bits."""

_ONE = 1 << 31
_MAX = _ONE - 1


def wrap_int32(x: Integers) -> Integers:
    """The 32-bit integers that are equal to ``x`` modulo ``2 ** 32``."""
    return x.astype(np.int32).astype(np.int64)


def saturating_rounding_doubling_high_mul(a: Integers, b: ArrayLike) -> Integers:
    """``a * b / 2 ** 31`` to the nearest integer, halves up; saturates."""
    return np.asarray(np.minimum((a * np.asarray(b, np.int64) + (_ONE >> 1)) >> 31, _MAX))


def rounding_divide_by_pot(x: Integers, exponent: ArrayLike) -> Integers:
    """``x / 2 ** exponent`` to the nearest integer, halves away from 0."""
    shift = np.asarray(exponent, np.int64)
    half = (np.int64(1) << shift) >> 1
    return (x + half - ((x < 0) & (shift > 0))) >> shift


def quantize_multiplier(real: ArrayLike) -> tuple[Integers, Integers]:
    """Integers and exponents that stand for factors: ``integer / 2 ** 31 * 2 ** exponent``."""
    fraction, exponent = np.frexp(np.asarray(real, np.float64))
    integer = np.floor(fraction * _ONE + 0.5).astype(np.int64)
    carry = integer == _ONE
    integer, exponent = np.where(carry, integer >> 1, integer), exponent + carry
    tiny = exponent < -31
    return np.where(tiny, 0, integer), np.where(tiny, 0, exponent).astype(np.int64)


def multiply_by_quantized_multiplier(
    x: Integers, integer: ArrayLike, exponent: ArrayLike
) -> Integers:
    """``x`` times factors from `quantize_multiplier`, rounded twice."""
    shift = np.asarray(exponent, np.int64)
    shifted = wrap_int32(x << np.maximum(shift, 0))
    product = saturating_rounding_doubling_high_mul(shifted, integer)
    return rounding_divide_by_pot(product, np.maximum(-shift, 0))
