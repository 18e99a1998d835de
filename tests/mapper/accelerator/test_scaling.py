"""Integers and shifts: against arithmetic in float64, sum by sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.arith.fixed_point_arrays import multiply_by_quantized_multiplier
from golden.arith.rounding import round_half_away
from mapper.accelerator.scaling import fixed_point_mean, like_float64, reachable


@given(
    factors=st.lists(st.floats(0.0005, 3), min_size=1, max_size=3),
    low=st.integers(-30000, 0),
    high=st.integers(0, 30000),
    zero_point=st.integers(-128, 127),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_like_float64_on_all_sums(factors, low, high, zero_point):
    factor = np.array(factors)
    ends = np.full(len(factors), low), np.full(len(factors), high)
    steps = (-128 - zero_point, 127 - zero_point)
    found = like_float64(factor, ends, steps)
    if found is None:
        return
    sums = np.arange(low, high + 1)[:, None]
    expected = np.clip(round_half_away(sums * factor), *steps)
    assert np.array_equal(np.clip(multiply_by_quantized_multiplier(sums, *found), *steps), expected)
    assert np.all((found[0] >= 0) & (found[0] < 2**31) & (found[1] >= -31) & (found[1] <= 31))


def test_like_float64_mostly_finds_numbers():
    rng = np.random.default_rng(0)
    factors = rng.uniform(0.002, 0.02, 100)
    ends = np.array([-20000]), np.array([20000])
    found = sum(like_float64(np.array([f]), ends, (-128, 127)) is not None for f in factors)
    assert found > 70


def test_like_float64_finds_nothing_where_there_is_nothing():
    # A sum is worth so little that two roundings show, and a single one needs more bits.
    ends = np.array([-(2**22)]), np.array([2**22])
    assert like_float64(np.array([2.0**-15 + 2.0**-40]), ends, (-128, 127)) is None


@pytest.mark.parametrize("count", [1, 2, 3, 49, 64])
@pytest.mark.parametrize("factor", [0.3, 1.0, 1.7])
def test_mean(count, factor):
    integer, shift = fixed_point_mean(factor, count)
    assert abs(integer / 2**31 * 2.0**shift / (factor / count) - 1) < 2**-29
    assert 0 < integer < 2**31


def test_reachable_sums():
    weights = np.array([[3, -2], [0, 0], [-128, 127]], dtype=np.int8)
    low, high = reachable(weights, np.array([10, -1, 0]), -5, 7)
    assert low.tolist() == [10 - 15 - 14, -1, -128 * 7 - 127 * 5]
    assert high.tolist() == [10 + 21 + 10, -1, 128 * 5 + 127 * 7]
