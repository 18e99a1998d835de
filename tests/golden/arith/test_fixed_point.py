"""Fixed point: scalars against exact arithmetic, arrays against scalars."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.arith import fixed_point as scalar
from golden.arith import fixed_point_arrays as arrays

CORNERS = [0, 1, -1, 2, -2, 3, -3, 2**30, 2**30 - 1, -(2**30), 2**31 - 1, -(2**31), -(2**31) + 1]
INT32 = st.one_of(st.sampled_from(CORNERS), st.integers(-(2**31), 2**31 - 1))
FACTORS = st.one_of(
    st.just(0.0),
    st.floats(2.0**-40, 2.0**30),
    st.integers(-40, 30).map(lambda exponent: 2.0**exponent),
    st.integers(-33, 30).map(lambda exponent: math.nextafter(2.0**exponent, 0)),
)


def nearest(x: Fraction, *, up: bool) -> int:
    """Nearest integer; halves up, or away from 0."""
    if up or x >= 0:
        return math.floor(x + Fraction(1, 2))
    return math.ceil(x - Fraction(1, 2))


@given(a=INT32, b=INT32)
@settings(max_examples=500, derandomize=True)
def test_high_mul(a, b):
    result = scalar.saturating_rounding_doubling_high_mul(a, b)
    assert result == min(nearest(Fraction(a * b, 2**31), up=True), 2**31 - 1)
    assert arrays.saturating_rounding_doubling_high_mul(np.int64([a]), b).tolist() == [result]


def test_high_mul_rounds_halves_up():
    for a, expected in ((1, 1), (-1, 0), (3, 2), (-3, -1)):
        assert scalar.saturating_rounding_doubling_high_mul(a, 2**30) == expected


@given(x=INT32, exponent=st.integers(0, 31))
@settings(max_examples=500, derandomize=True)
def test_divide_by_power_of_two(x, exponent):
    result = scalar.rounding_divide_by_pot(x, exponent)
    assert result == nearest(Fraction(x, 2**exponent), up=False)
    assert arrays.rounding_divide_by_pot(np.int64([x]), exponent).tolist() == [result]


@given(x=st.integers(-(2**40), 2**40))
@settings(max_examples=200, derandomize=True)
def test_wrap(x):
    result = scalar.wrap_int32(x)
    assert (result - x) % 2**32 == 0
    assert -(2**31) <= result < 2**31
    assert arrays.wrap_int32(np.int64([x])).tolist() == [result]


@given(real=FACTORS)
@settings(max_examples=500, derandomize=True)
def test_multiplier(real):
    integer, exponent = scalar.quantize_multiplier(real)
    pair = arrays.quantize_multiplier([real])
    assert [value.tolist() for value in pair] == [[integer], [exponent]]
    if integer == 0:
        assert exponent == 0
        assert real < 2.0**-32
    else:
        assert 2**30 <= integer < 2**31
        value = Fraction(integer, 2**31) * Fraction(2) ** exponent
        assert abs(value / Fraction(real) - 1) <= Fraction(1, 2**31)


def test_multiplier_carries():
    assert scalar.quantize_multiplier(math.nextafter(1.0, 0)) == (2**30, 1)
    assert scalar.quantize_multiplier(1.0) == (2**30, 1)


@given(x=INT32, real=FACTORS)
@settings(max_examples=500, derandomize=True)
def test_multiplication(x, real):
    pair = scalar.quantize_multiplier(real)
    result = scalar.multiply_by_quantized_multiplier(x, *pair)
    values = arrays.multiply_by_quantized_multiplier(np.int64([x]), *pair)
    assert values.tolist() == [result]
    exact = Fraction(x) * Fraction(pair[0], 2**31) * Fraction(2) ** pair[1]
    if abs(x) < 2 ** (31 - max(pair[1], 0)):
        assert abs(result - exact) <= 1


@pytest.mark.parametrize(
    ("x", "pair", "expected"),
    [
        (5, (2**30, 0), 3),
        (-5, (2**30, 0), -2),
        (5, (2**30, -1), 2),
        (11, (2**30, -2), 2),
        (1, (2**30, 1), 1),
        (2**30 + 1, (2**30, 2), 2),
    ],
    ids=["half up", "negative half up", "twice", "twice, up", "one", "wraps"],
)
def test_multiplication_by_hand(x, pair, expected):
    assert scalar.multiply_by_quantized_multiplier(x, *pair) == expected
