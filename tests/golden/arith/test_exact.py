"""Exact matrix products against Python integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.arith.exact import exact_matmul


@given(
    bits=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    shape=st.tuples(st.integers(0, 4), st.integers(0, 7), st.integers(0, 4)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_equals_python_integers(bits, shape, seed):
    rng = np.random.default_rng(seed)
    m, k, n = shape
    a = rng.integers(-(1 << bits[0]), 1 << bits[0], (m, k))
    w = rng.integers(-(1 << bits[1]), 1 << bits[1], (k, n))
    result = exact_matmul(a, w)
    assert result.dtype == np.int64
    assert result.shape == (m, n)
    assert np.array_equal(result, (a.astype(object) @ w.astype(object)).astype(np.int64))


@pytest.mark.parametrize("bound", [1 << 24, 1 << 53, (1 << 63) - 1])
@pytest.mark.parametrize("past", [-1, 0, 1])
def test_at_the_limits_of_each_arithmetic(bound, past):
    """Sums that a float of the next smaller size would round."""
    value = min(bound + past, (1 << 63) - 1)
    a = np.array([[value, 1]])
    w = np.array([[1], [-1]])
    if 2 * value >= 1 << 63:
        a = a[:, :1]
        w = w[:1]
        assert exact_matmul(a, w).tolist() == [[value]]
    else:
        assert exact_matmul(a, w).tolist() == [[value - 1]]


def test_small_dtypes_do_not_wrap():
    a = np.full((1, 3), -128, np.int8)
    assert exact_matmul(a, np.full((3, 1), 255, np.uint8)).tolist() == [[-128 * 255 * 3]]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 3), (4, 5)), r"takes \(M, K\) and \(K, N\), not \(2, 3\) and \(4, 5\)"),
        (((3,), (3, 1)), r"takes \(M, K\) and \(K, N\), not \(3,\)"),
    ],
)
def test_refuses_shapes(shapes, message):
    with pytest.raises(ValueError, match=message):
        exact_matmul(*(np.zeros(shape, np.int64) for shape in shapes))


def test_refuses_sums_beyond_64_bits():
    with pytest.raises(ValueError, match="do not fit 64 bits"):
        exact_matmul(np.array([[1 << 32]]), np.array([[1 << 31]]))
