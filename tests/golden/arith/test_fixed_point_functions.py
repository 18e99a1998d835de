"""Exponential, reciprocal and softmax in fixed point, against float64."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.arith import fixed_point as scalar
from golden.arith.fixed_point_functions import (
    exp_on_negative_values,
    reciprocal,
    softmax_codes,
)


@pytest.mark.parametrize("integer_bits", [0, 2, 5])
def test_exp(integer_bits):
    """As near as a Taylor polynomial of degree 4 within 1/8 of its centre."""
    unit = 2.0 ** (integer_bits - 31)
    x = np.concatenate([-np.arange(1000), -np.geomspace(1, 2**31 - 1, 5000).astype(np.int64)])
    result = exp_on_negative_values(x, integer_bits) / 2**31
    assert np.abs(result - np.exp(x * unit)).max() < (1 / 8) ** 5 / 120


def exp_of_scalar(x, integer_bits):
    """The definition, one number at a time."""
    multiply = scalar.saturating_rounding_doubling_high_mul
    halved = scalar.rounding_divide_by_pot
    if x == 0:
        return 2**31 - 1
    quarter = 2 ** (29 - integer_bits)
    rest = x % quarter - quarter
    t = (rest << integer_bits) + 2**28
    square = multiply(t, t)
    higher = halved(multiply(square, square), 2) + multiply(square, t)
    polynomial = t + halved(multiply(higher, round(2**31 / 3)) + square, 1)
    centre = round(math.exp(-1 / 8) * 2**31)
    result = centre + multiply(centre, polynomial)
    quarters = (rest - x) // quarter
    for bit in range(quarters.bit_length()):
        if quarters >> bit & 1:
            result = multiply(result, round(math.exp(-(2.0 ** (bit - 2))) * 2**31))
    return result


@given(x=st.integers(-(2**31) + 1, 0), integer_bits=st.integers(0, 5))
@settings(max_examples=500, derandomize=True)
def test_exp_is_the_scalar_definition(x, integer_bits):
    assert exp_on_negative_values(np.int64([x]), integer_bits) == exp_of_scalar(x, integer_bits)


def test_exp_of_zero_is_the_largest_number():
    assert exp_on_negative_values(np.int64([0]), 5).tolist() == [2**31 - 1]


@pytest.mark.parametrize("integer_bits", [0, 5, 12])
def test_reciprocal(integer_bits):
    x = np.concatenate([np.arange(1, 1000), np.geomspace(1, 2**31 - 1, 5000).astype(np.int64)])
    mantissa, bits = reciprocal(x, integer_bits)
    real = x * 2.0 ** (integer_bits - 31)
    assert np.abs(mantissa / 2**31 * 2.0**-bits * real - 1).max() < 2**-26
    assert mantissa.max() < 2**31


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("beta", [0.25, 1.0, 3.0])
def test_softmax(axis, beta):
    codes = np.random.default_rng(1).integers(-128, 128, (20, 30))
    powers = np.exp(beta * 0.05 * codes)
    exact = 256 * powers / powers.sum(axis=axis, keepdims=True) - 128
    result = softmax_codes(codes, 0.05, beta, axis)
    assert np.abs(result - np.clip(exact, -128, 127)).max() < 0.51


def test_softmax_of_one_is_saturated():
    assert softmax_codes(np.int64([[3]]), 0.1, 1.0, 1).tolist() == [[127]]


def test_softmax_of_very_many():
    """The exponentials sum up to more than 512."""
    assert (softmax_codes(np.zeros((1, 600), np.int64), 0.1, 1.0, 1) == -128).all()


def test_softmax_of_distant_codes():
    """Differences beyond the range of Q5.26 count for nothing."""
    assert softmax_codes(np.int64([[127, -128, 126]]), 40.0, 1.0, 1).tolist() == [[127, -128, -128]]
