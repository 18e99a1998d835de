"""Requantization: rounding, saturation, clamps."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.arith.requantize import Clamp, Requantization, Term, requantize
from golden.formats import INT8, UINT8, IntFormat
from golden.tensors import Quantization, Tensor

ONNX = Requantization.ONNX


def _output(scale=1.0, zero_point=0, element=INT8):
    return Tensor(
        name="y", shape=(), element=element, quantization=Quantization.of(scale, zero_point)
    )


def _term(values, *scales, divisor=1):
    return Term(
        values=np.asarray(values, np.int64),
        scales=tuple(np.asarray(scale, np.float32) for scale in scales),
        divisor=np.asarray(divisor, np.int64),
    )


def test_rounds_halves_to_even_before_the_zero_point():
    result = requantize([_term([1, 3, 5, -1, -3], 0.5)], _output(zero_point=3), ONNX)
    assert result.tolist() == [3, 5, 5, 3, 1]
    assert result.dtype == np.int8


def test_saturates_to_the_format():
    values = [-(1 << 40), -200, 0, 200, 1 << 40]
    assert requantize([_term(values, 1)], _output(), ONNX).tolist() == [-128, -128, 0, 127, 127]
    int4 = requantize([_term(values, 1)], _output(element=IntFormat(4)), ONNX)
    assert int4.tolist() == [-8, -8, 0, 7, 7]
    uint8 = requantize([_term(values, 1)], _output(zero_point=100, element=UINT8), ONNX)
    assert uint8.tolist() == [0, 0, 100, 255, 255]


def test_factor_is_rounded_to_float32_step_by_step():
    """Each step rounds: a_scale * w_scale, the quotient by the output's scale, the product."""
    scales = np.float32([0.1, 0.3])
    out = np.float32(0.7)
    factor = np.float32(np.float32(scales[0] * scales[1]) / out)
    sums = np.arange(-3000, 3000)
    expected = np.rint(sums.astype(np.float32) * factor)
    result = requantize([_term(sums, *scales)], _output(out), ONNX)
    assert np.array_equal(result, np.clip(expected, -128, 127))


def test_averages_divide_the_factor():
    result = requantize([_term([9, 9], 1, divisor=[2, 3])], _output(), ONNX)
    assert result.tolist() == [4, 3]


def test_terms_add_after_scaling():
    result = requantize([_term([10, 20], 0.5), _term([3], 2)], _output(), ONNX)
    assert result.tolist() == [11, 16]


def test_clamp_keeps_integers_within_the_range():
    clamp = Clamp(low=0.0, high=6.0)
    output = _output(scale=0.1, zero_point=-10)
    assert clamp.codes(output) == (-10, 50)
    result = requantize([_term([-100, 0, 10, 100], 0.1)], output, ONNX, clamp)
    assert result.tolist() == [-10, -10, 0, 50]


bounds = st.integers(-8, 8).map(lambda n: n / 2) | st.sampled_from([-np.inf, np.inf])


@given(
    st.tuples(bounds, bounds).map(sorted),
    st.tuples(bounds, bounds).map(sorted),
    st.integers(-20, 20),
)
def test_then_is_one_clamp_after_the_other(first, second, value):
    a, b = Clamp(low=first[0], high=first[1]), Clamp(low=second[0], high=second[1])
    both = a.then(b)
    x = float(Fraction(value, 3))
    expected = min(max(min(max(x, a.low), a.high), b.low), b.high)
    assert min(max(x, both.low), both.high) == expected


@pytest.mark.parametrize("bounds_given", [(1.0, 0.0), (np.nan, 0.0)])
def test_clamp_refuses(bounds_given):
    with pytest.raises(ValueError, match="a clamp goes from a low to a high bound, not"):
        Clamp(low=bounds_given[0], high=bounds_given[1])
