"""Halves away from 0."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.arith.rounding import divide_half_away, round_half_away


def test_halves():
    values = np.array([-2.5, -1.5, -0.5, -0.2, 0.2, 0.5, 1.5, 2.5])
    assert round_half_away(values).tolist() == [-3, -2, -1, 0, 0, 1, 2, 3]


def test_nearly_halves_and_large_numbers():
    below = math.nextafter(0.5, 0)
    assert round_half_away(np.array([below, -below])).tolist() == [0, 0]
    large = np.array([2.0**52 + 1, -(2.0**53), np.inf, -np.inf])
    assert round_half_away(large).tolist() == large.tolist()


@given(x=st.integers(-(2**40), 2**40), divisor=st.integers(1, 2**20))
@settings(max_examples=300, derandomize=True)
def test_division(x, divisor):
    result = int(divide_half_away(np.int64([x]), np.int64([divisor]))[0])
    twice = abs(2 * abs(x) - 2 * abs(result) * divisor)
    assert twice <= divisor
    assert result * x >= 0
    if twice == divisor:
        assert abs(result) * divisor > abs(x)
