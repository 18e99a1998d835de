"""Floats against exact fractions, NumPy and ml_dtypes."""

from fractions import Fraction
from math import isinf, isnan

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from golden.arith.floats import add, from_integers, multiply
from golden.formats import BF16, FP16, FP32, Codes, FloatFormat

SMALL = {
    FloatFormat(5, 2): ml_dtypes.float8_e5m2,
    FloatFormat(4, 3): ml_dtypes.float8_e4m3,
    FloatFormat(3, 4): ml_dtypes.float8_e3m4,
}
COUNT = 200_000


def canonical(format: FloatFormat, values: NDArray[np.generic], codes: Codes) -> Codes:
    return np.where(np.isnan(values.astype(np.float64)), format.nan, codes).astype(codes.dtype)


@pytest.mark.parametrize("format", SMALL, ids=str)
def test_every_pair_of_eight_bits(format: FloatFormat) -> None:
    """ml_dtypes rounds the exact result, which float64 holds."""
    a, b = (axis.ravel() for axis in np.meshgrid(*[np.arange(256).astype(np.uint8)] * 2))
    with np.errstate(all="ignore"):
        wide = [codes.view(SMALL[format]).astype(np.float64) for codes in (a, b)]
        for found, exact in (
            (multiply(format, a, b), wide[0] * wide[1]),
            (add(format, a, b), wide[0] + wide[1]),
        ):
            rounded = exact.astype(SMALL[format])
            assert np.array_equal(found, canonical(format, rounded, rounded.view(np.uint8)))


def nearest(format: FloatFormat, exact: Fraction) -> int:
    """Code nearest to a fraction, by a search through all codes."""
    codes = range(format.infinity)
    below = max(
        (code for code in codes if Fraction(float(format.decode(code))) <= abs(exact)), default=0
    )
    low = Fraction(float(format.decode(below)))
    if below + 1 == format.infinity:
        step = low - Fraction(float(format.decode(below - 1)))
    else:
        step = Fraction(float(format.decode(below + 1))) - low
    rest = abs(exact) - low
    up = rest * 2 > step or (rest * 2 == step and below % 2)
    return below + int(up) + (format.sign if exact < 0 else 0)


def test_small_pairs_by_fractions() -> None:
    """Of a format of six bits, with the rules for zeros and infinities spelled out."""
    format = FloatFormat(3, 2)
    numbers = [float(format.decode(code)) for code in range(1 << format.bits)]
    for a, x in enumerate(numbers[::3]):
        for b, y in enumerate(numbers):
            code = int(add(format, 3 * a, b)), int(multiply(format, 3 * a, b))
            if isnan(x) or isnan(y):
                assert code == (format.nan, format.nan)
            elif isinf(x) or isinf(y):
                opposite = isinf(x) and isinf(y) and x != y
                infinite = format.infinity | (format.sign if (x if isinf(x) else y) < 0 else 0)
                assert code[0] == (format.nan if opposite else infinite)
            else:
                total = nearest(format, Fraction(x) + Fraction(y))
                both_negative_zero = 3 * a == b == format.sign
                assert code[0] == (format.sign if both_negative_zero else total)
                sign = (3 * a ^ b) & format.sign
                assert code[1] == nearest(format, abs(Fraction(x) * Fraction(y))) | sign


def test_random_and_special_pairs_of_single_precision() -> None:
    rng = np.random.default_rng(0)
    a, b = (_codes(rng) for _ in range(2))
    # Half of the pairs are near each other in size, where sums cancel and products lie near one.
    b[: COUNT // 2] = (a[: COUNT // 2] ^ rng.integers(0, 1 << 25, COUNT // 2)) & 0xFFFFFFFF
    b[: COUNT // 4] ^= 1 << 31
    with np.errstate(all="ignore"):
        x, y = a.view(np.float32), b.view(np.float32)
        for found, expected in ((multiply(FP32, a, b), x * y), (add(FP32, a, b), x + y)):
            assert np.array_equal(found, canonical(FP32, expected, expected.view(np.uint32)))


def _codes(rng: np.random.Generator) -> NDArray[np.uint32]:
    codes = FP32.draw(rng, (COUNT,)).astype(np.uint32)
    special = [0, 1, 0x7FFFFF, 0x800000, 0x3F800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000, 0x7F800001]
    signed = np.array([code | sign for code in special for sign in (0, 1 << 31)], dtype=np.uint32)
    return np.where(rng.random(COUNT) < 0.2, rng.choice(signed, COUNT), codes).astype(np.uint32)


@pytest.mark.parametrize(("format", "dtype"), [(FP32, np.float32), (FP16, np.float16)], ids=str)
def test_integers(format: FloatFormat, dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(-(1 << 48), 1 << 48, 10_000) >> rng.integers(0, 48, 10_000)
    values[:4] = 0, 1, -1, 1 << 53
    with np.errstate(over="ignore"):
        expected = values.astype(dtype)
    assert np.array_equal(from_integers(format, values), expected.view(f"u{format.bits // 8}"))
    assert from_integers(BF16, [257, 259, -3]).tolist() == [0x4380, 0x4382, 0xC040]


def test_integers_beyond_float64_are_refused() -> None:
    with pytest.raises(ValueError, match="beyond 9007199254740992"):
        from_integers(FP32, [-(1 << 53) - 1])
