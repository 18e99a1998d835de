"""Fixed-point arithmetic of TensorFlow Lite's reference kernels, one number at a time.

A real factor is a 32-bit integer and a power of two; what it multiplies are 32-bit integers.
Written from the published definitions: Jacob et al., "Quantization and Training of Neural Networks
for Efficient Integer-Arithmetic-Only Inference" (CVPR 2018), section 2.2, and gemmlowp's
``fixedpoint`` documentation, from which the operations have their names. Kernels built with default
options round twice: once after the multiplication, once after the shift.

`golden.arith.fixed_point_arrays` does the same on arrays.
"""

import math

__all__ = [
    "multiply_by_quantized_multiplier",
    "quantize_multiplier",
    "rounding_divide_by_pot",
    "saturating_rounding_doubling_high_mul",
    "wrap_int32",
]

_BITS = 32
_ONE = 1 << 31
_MAX = _ONE - 1
_MIN = -_ONE


def wrap_int32(x: int) -> int:
    """The 32-bit integer that is equal to ``x`` modulo ``2 ** 32``."""
    return (x + _ONE) % (1 << _BITS) - _ONE


def saturating_rounding_doubling_high_mul(a: int, b: int) -> int:
    """``a * b / 2 ** 31`` to the nearest integer, halves up.

    Half a unit is added toward the sign of the product, less one unit of the product where that is
    negative, and the quotient is cut toward 0. The one product that does not fit, ``(-2 ** 31) **
    2``, saturates.

    Parameters
    ----------
    a, b : int
        32-bit integers.
    """
    if a == b == _MIN:
        return _MAX
    product = a * b
    if product >= 0:
        return (product + (_ONE >> 1)) // _ONE
    return -((-product - 1 + (_ONE >> 1)) // _ONE)


def rounding_divide_by_pot(x: int, exponent: int) -> int:
    """``x / 2 ** exponent`` to the nearest integer, halves away from 0.

    Parameters
    ----------
    x : int
        32-bit integer.
    exponent : int
        0 to 31.
    """
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """The integer and the exponent that stand for a factor: ``integer / 2 ** 31 * 2 ** exponent``.

    The integer is at least ``2 ** 30``, rounded with halves away from 0; a factor below
    ``2 ** -32`` is 0.

    Parameters
    ----------
    real : float
        Finite, not negative.
    """
    fraction, exponent = math.frexp(real)
    integer = math.floor(fraction * _ONE + 0.5)
    if integer == _ONE:
        integer, exponent = integer >> 1, exponent + 1
    return (0, 0) if exponent < -31 else (integer, exponent)


def multiply_by_quantized_multiplier(x: int, integer: int, exponent: int) -> int:
    """``x`` times the factor that ``integer`` and ``exponent`` stand for, rounded twice.

    A positive exponent shifts ``x`` before the multiplication, and what leaves 32 bits is lost; a
    negative one shifts the rounded product, with rounding.

    Parameters
    ----------
    x : int
        32-bit integer.
    integer, exponent : int
        From `quantize_multiplier`.
    """
    shifted = wrap_int32(x << max(exponent, 0))
    product = saturating_rounding_doubling_high_mul(shifted, integer)
    return rounding_divide_by_pot(product, max(-exponent, 0))
