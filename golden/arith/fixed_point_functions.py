"""Exponential, reciprocal and softmax in 32-bit fixed point.

What TensorFlow Lite's reference kernels compute, on the definitions of gemmlowp's ``fixedpoint``
library. A format ``Qm.n`` has m integer bits, n fraction bits and a sign: m + n = 31.
"""

import math

import numpy as np

from golden.arith.fixed_point_arrays import (
    Integers,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from golden.arith.fixed_point_arrays import saturating_rounding_doubling_high_mul as multiply

__all__ = ["exp_on_negative_values", "reciprocal", "softmax_codes"]

_ONE = 1 << 31
_MAX = _ONE - 1
_MIN = -_ONE
_CODE_BITS = 8
_LOWEST, _HIGHEST = -128, 127


def _shift_left(x: Integers, bits: int) -> Integers:
    """``x * 2 ** bits``, saturated to 32 bits."""
    return np.asarray(np.clip(x << bits, _MIN, _MAX))


def _q(real: float, integer_bits: int) -> int:
    """The fixed-point constant nearest to ``real``."""
    return round(real * (1 << (31 - integer_bits)))


def exp_on_negative_values(x: Integers, integer_bits: int) -> Integers:
    """``exp(x)`` in Q0.31.

    ``-x`` is cut into multiples of 1/4, whose powers are products of one constant for each bit, and
    a rest in (0, 1/4], whose power is a polynomial.

    Parameters
    ----------
    x : ndarray of int64
        At most 0, more than ``-2 ** 31``.
    integer_bits : int
        Of ``x``; at most 5.
    """
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (x & (quarter - 1)) - quarter
    multiple = rest - x
    result = _exp_of_small(rest << integer_bits)
    for exponent in range(-2, integer_bits):
        product = multiply(result, _q(math.exp(-(2.0**exponent)), 0))
        result = np.where((multiple >> (fraction_bits + exponent)) & 1, product, result)
    return np.where(x == 0, _MAX, result)


def _exp_of_small(x: Integers) -> Integers:
    """``exp(x)`` of Q0.31 in [-1/4, 0): the Taylor polynomial of degree 4 around -1/8."""
    centre = _q(math.exp(-1 / 8), 0)
    t = x + (1 << 28)
    square = multiply(t, t)
    cube = multiply(square, t)
    fourth = multiply(square, square)
    quarter_of_fourth = rounding_divide_by_pot(fourth, 2)
    higher = multiply(quarter_of_fourth + cube, _q(1 / 3, 0)) + square
    return centre + multiply(t + rounding_divide_by_pot(higher, 1), centre)


def _one_over_one_plus(x: Integers) -> Integers:
    """``1 / (1 + x)`` of Q0.31 in [0, 1): three steps of Newton's method from 48/17 - 32/17 d."""
    half_denominator = (x + _MAX + 1) >> 1
    estimate = _q(48 / 17, 2) + multiply(half_denominator, _q(-32 / 17, 2))
    for _ in range(3):
        product = multiply(half_denominator, estimate)
        missing = (1 << 29) - product
        estimate = estimate + _shift_left(multiply(estimate, missing), 2)
    return _shift_left(estimate, 1)


def reciprocal(x: Integers, integer_bits: int) -> tuple[Integers, Integers]:
    """``1 / x`` of positive numbers with ``integer_bits``, as a mantissa and an exponent.

    Returns
    -------
    mantissa : ndarray of int64
        In Q0.31.
    bits_over_unit : ndarray of int64
        ``1 / x = mantissa / 2 ** bits_over_unit``.
    """
    length = np.frexp(x.astype(np.float64))[1].astype(np.int64)
    headroom = 32 - length
    mantissa = _one_over_one_plus((x << headroom) - _ONE)
    return mantissa, integer_bits - headroom


def _radius(integer_bits: int, exponent: int) -> int:
    """Largest code whose product with a factor of ``exponent`` fits ``integer_bits``."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits - exponent))


_DIFFERENCE_INTEGER_BITS = 5
_SUM_INTEGER_BITS = 12


def softmax_codes(codes: Integers, scale: float, beta: float, axis: int) -> Integers:
    """``exp(beta x) / sum(exp(beta x))`` as int8 codes of scale 1/256 and zero point -128.

    Differences to the largest code that are too large for Q5.26 count as infinite. The published
    kernel stops where the exponentials sum up to 512 or more; this goes on.

    Parameters
    ----------
    codes : ndarray of int64
        Of ``x``; the zero point does not matter.
    scale : float
        Of ``x``.
    beta : float
        As in the formula, positive.
    axis : int
        Along which the results add up to one.
    """
    factor = min(beta * scale * (1 << (31 - _DIFFERENCE_INTEGER_BITS)), float(_MAX))
    integer, exponent = quantize_multiplier(factor)
    difference = codes - codes.max(axis=axis, keepdims=True)
    counts = difference >= -_radius(_DIFFERENCE_INTEGER_BITS, int(exponent))
    scaled = multiply_by_quantized_multiplier(np.where(counts, difference, 0), integer, exponent)
    powers = exp_on_negative_values(scaled, _DIFFERENCE_INTEGER_BITS)
    summands = np.where(counts, rounding_divide_by_pot(powers, _SUM_INTEGER_BITS), 0)
    mantissa, bits = reciprocal(summands.sum(axis=axis, keepdims=True), _SUM_INTEGER_BITS)
    quotients = rounding_divide_by_pot(multiply(mantissa, powers), bits + 31 - _CODE_BITS)
    return np.where(counts, np.minimum(quotients + _LOWEST, _HIGHEST), _LOWEST)
