"""The rule TFLITE, against the scalar definitions."""

from fractions import Fraction

import numpy as np
import pytest

from golden.arith import fixed_point
from golden.arith.requantize import Clamp, Requantization, Scaling, Term, requantize
from golden.formats import INT8
from golden.tensors import Quantization, Tensor

TFLITE = Requantization.TFLITE


def output(scale=1.0, zero_point=0):
    return Tensor(name="y", shape=(), element=INT8, quantization=Quantization.of(scale, zero_point))


def term(values, *scales, **changes):
    return Term(
        values=np.asarray(values, np.int64),
        scales=tuple(np.asarray(scale, np.float32) for scale in scales),
        **changes,
    )


def scaled(x, real):
    return fixed_point.multiply_by_quantized_multiplier(x, *fixed_point.quantize_multiplier(real))


def saturated(x):
    return max(-128, min(127, x))


@pytest.mark.parametrize("scaling", [Scaling.FIXED_POINT, Scaling.FIXED_POINT_OF_FLOAT32])
def test_product(scaling):
    precision = np.float64 if scaling is Scaling.FIXED_POINT else np.float32
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, w, y = (np.float32(x) for x in rng.uniform(0.01, 1, 3))
        values = rng.integers(-2000, 2000, 100)
        real = float(precision(a) * precision(w) / precision(y))
        expected = [saturated(scaled(int(x), real) + 5) for x in values]
        result = requantize([term(values, a, w, scaling=scaling)], output(y, 5), TFLITE)
        assert result.tolist() == expected


def test_product_rounds_twice():
    """11/8 is rounded to 1.5 quarters of a quarter, then up; once would give 1."""
    assert scaled(11, 0.125) == 2
    assert requantize([term([11], 0.125)], output(), TFLITE).tolist() == [2]
    once = term([11, 12, -12], 0.125, scaling=Scaling.FLOAT64)
    assert requantize([once], output(), TFLITE).tolist() == [1, 2, -2]


def test_channels_have_factors_of_their_own():
    scales = np.array([0.5, 0.25, 0.125], np.float32)
    result = requantize([term([[80, 80, 80]], 1.0, scales)], output(), TFLITE)
    assert result.tolist() == [[40, 20, 10]]


def test_mean_scales_by_a_factor_over_the_count():
    sums = np.arange(-3000, 3000, 7)
    for count in (1, 3, 25, 64):
        result = requantize(
            [term(sums, 0.3, divisor=np.asarray(count))], output(0.2, -3), TFLITE
        ).astype(int)
        exact = [Fraction(int(x) * 3, 2 * count) - 3 for x in sums]
        assert all(abs(a - saturated(b)) <= 1 for a, b in zip(result.tolist(), exact, strict=True))


def test_mean_over_a_count_that_leaves_few_bits():
    """By the published definition, in which the exponent of the factor stays at least -31."""
    sums = np.array([2**31 - 1, -(2**31), 123456789, 2**20])
    for power, count in ((24, 2**24), (26, 2**26 + 12345), (30, 3 * 2**29)):
        real = 2.0 ** (power - 38) * 0.75
        integer, exponent = fixed_point.quantize_multiplier(real)
        bits = min(count.bit_length() - 1, 31 + exponent)
        pair = (integer << bits) // count, exponent - bits
        expected = [
            saturated(fixed_point.multiply_by_quantized_multiplier(int(x), *pair)) for x in sums
        ]
        result = requantize([term(sums, real, divisor=np.asarray(count))], output(), TFLITE)
        assert result.tolist() == expected


def test_mean_of_codes_counts_the_zero_point():
    """Codes 1 and 2 have mean 2, codes -1 and -2 have mean -2, whatever the zero point."""
    for zero_point in (-7, 0, 4):
        sums = np.array([3, -3, 0]) - 2 * zero_point
        pooled = term(sums, 0.1, divisor=np.asarray(2), scaling=Scaling.MEAN_OF_CODES)
        result = requantize([pooled], output(0.1, zero_point), TFLITE)
        assert result.tolist() == [2, -2, 0]


def test_sum_has_twenty_more_bits():
    a, b = term([100, -3], 0.5), term([7, 9], 0.001)
    left, right = 0.5 / 1.0, float(np.float32(0.001)) / 1.0
    factor = 1.0 / (2**20 * 0.25)
    expected = [
        saturated(scaled(scaled(x << 20, left) + scaled(z << 20, right), factor))
        for x, z in ((100, 7), (-3, 9))
    ]
    assert requantize([a, b], output(0.25), TFLITE).tolist() == expected


def test_clamp_rounds_halves_away():
    clamp = Clamp(low=-0.5, high=2.5)
    assert clamp.codes(output(), TFLITE) == (-1, 3)
    assert clamp.codes(output(), Requantization.ONNX) == (0, 2)
    result = requantize([term([-9, 0, 9], 1.0)], output(), TFLITE, clamp)
    assert result.tolist() == [-1, 0, 3]
