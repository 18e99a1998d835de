"""Binary floats against NumPy and ml_dtypes."""

import ml_dtypes
import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import BF16, FP16, FP32, FloatFormat, parse_format

SMALL = {
    FP16: np.float16,
    BF16: ml_dtypes.bfloat16,
    FloatFormat(5, 2): ml_dtypes.float8_e5m2,
    FloatFormat(4, 3): ml_dtypes.float8_e4m3,
    FloatFormat(3, 4): ml_dtypes.float8_e3m4,
}
"""IEEE-like formats of which every code can be tried, and the dtype of the same numbers."""


@pytest.mark.parametrize("format", SMALL, ids=str)
def test_every_code_means_what_the_dtype_says(format: FloatFormat) -> None:
    codes = np.arange(1 << format.bits).astype(f"u{-(-format.bits // 8)}")
    with np.errstate(invalid="ignore"):  # NaN that signal are no reason to warn
        values = codes.view(SMALL[format]).astype(np.float64)
    found = format.decode(codes)
    assert np.array_equal(found, values, equal_nan=True)
    numbers = ~np.isnan(values)
    assert np.array_equal(np.signbit(found)[numbers], np.signbit(values)[numbers])
    assert np.array_equal(format.encode(values)[numbers], codes[numbers])
    assert set(format.encode(values)[~numbers].tolist()) == {format.nan}


@pytest.mark.parametrize("format", SMALL, ids=str)
def test_numbers_between_codes_round_to_even(format: FloatFormat) -> None:
    codes = np.arange(format.infinity)
    lower = format.decode(codes)
    upper = np.append(lower[1:], 2 * lower[-1] - lower[-2])
    middle = (lower + upper) / 2
    even = np.where(codes % 2, codes + 1, codes)
    assert np.array_equal(format.encode(middle), even)
    assert np.array_equal(format.encode(np.nextafter(middle, 0)), codes)
    assert np.array_equal(format.encode(np.nextafter(middle, np.inf)), codes + 1)
    assert np.array_equal(format.encode(-middle), even | format.sign)


def test_single_precision_is_that_of_numpy() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << 32, 100_000, dtype=np.uint64).astype(np.uint32)
    with np.errstate(invalid="ignore"):
        values = codes.view(np.float32).astype(np.float64)
    assert np.array_equal(FP32.decode(codes), values, equal_nan=True)
    wide = np.ldexp(rng.normal(size=100_000), rng.integers(-160, 140, 100_000))
    with np.errstate(over="ignore", under="ignore"):
        assert np.array_equal(FP32.encode(wide), wide.astype(np.float32).view(np.uint32))


def test_what_a_format_says_of_itself() -> None:
    assert [format.bits for format in (FP32, FP16, BF16)] == [32, 16, 16]
    assert FP32.decode(FP32.extremes).tolist() == [
        float(np.finfo(np.float32).min),
        float(np.finfo(np.float32).max),
    ]
    assert FP16.decode([FP16.infinity, FP16.sign]).tolist() == [np.inf, 0.0]
    assert np.isnan(FP16.decode(FP16.nan))
    assert FP16.with_bits(16) is FP16
    with pytest.raises(ValueError, match="has 16 bits, not 8"):
        FP16.with_bits(8)
    codes = FP16.draw(np.random.default_rng(0), (100, 2))
    assert codes.shape == (100, 2)
    assert codes.dtype == np.uint16


@pytest.mark.parametrize("format", [FP32, *SMALL], ids=str)
def test_names_are_read_back(format: FloatFormat) -> None:
    assert parse_format(format.name.upper()) == format


@pytest.mark.parametrize("sizes", [(1, 3), (9, 3), (4, 0), (4, 24)])
def test_sizes_without_a_format_are_refused(sizes: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a float has"):
        FloatFormat(*sizes)
    with pytest.raises(UserError, match="not a number format"):
        parse_format("ieee_e{}m{}".format(*sizes))
