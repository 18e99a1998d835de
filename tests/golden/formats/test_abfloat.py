"""Abfloat, against the published lists and against floating-point arithmetic."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import AbfloatFormat, Format, parse_format

SOME = [AbfloatFormat(*sizes) for sizes in ((2, 1, 0), (2, 1, 2), (2, 1, 3), (4, 3, 4), (3, 2, 0))]


@pytest.mark.parametrize("format", SOME, ids=str)
def test_every_code_is_a_float_with_a_bias(format: AbfloatFormat) -> None:
    half = 1 << (format.bits - 1)
    codes = [code for code in range(2 * half) if code % half]
    expected = []
    for code in codes:
        exponent, mantissa = divmod(code % half, 1 << format.mantissa_bits)
        fraction = 1 + mantissa / 2**format.mantissa_bits
        size = min(fraction * 2.0 ** (exponent + format.bias + format.mantissa_bits), 2.0**15)
        expected.append(-size if code > half else size)
    values = format.decode(codes)
    assert values.tolist() == expected
    again = format.encode(values)
    assert np.array_equal(format.decode(again), values)
    # Only those that are clipped share a code, the smallest.
    clipped = np.abs(values) == 1 << 15
    assert np.array_equal(again[~clipped], np.array(codes)[~clipped])
    assert len(set(again[clipped].tolist())) in (0, 2)
    assert format.decode(format.extremes).tolist() == [min(expected), max(expected)]


def test_the_published_lists() -> None:
    positive = range(1, 8)
    assert AbfloatFormat(2, 1, 2).decode(positive).tolist() == [12, 16, 24, 32, 48, 64, 96]
    assert AbfloatFormat(2, 1, 3).decode(positive).tolist() == [24, 32, 48, 64, 96, 128, 192]


@pytest.mark.parametrize("code", [0, 8])
def test_there_is_no_zero(code: int) -> None:
    with pytest.raises(ValueError, match=rf"^{code} is not a code of abfloat_e2m1b2$"):
        AbfloatFormat(2, 1, 2).decode([1, code])
    with pytest.raises(ValueError, match=r"^0 is not a value of abfloat_e2m1b2"):
        AbfloatFormat(2, 1, 2).encode([0])


def test_names_and_sizes() -> None:
    assert parse_format("ABFLOAT_e4m3b4") == AbfloatFormat(4, 3, 4)
    assert str(AbfloatFormat(2, 1, 2)) == "abfloat_e2m1b2"
    assert isinstance(AbfloatFormat(2, 1, 2), Format)
    with pytest.raises(ValueError, match=r"^abfloat_e2m1b2 has 4 bits, not 5$"):
        AbfloatFormat(2, 1, 2).with_bits(5)
    for sizes in ((0, 1), (1, 0), (5, 3)):
        with pytest.raises(ValueError, match="bit or more of exponent and of mantissa, and up to"):
            AbfloatFormat(*sizes, 0)
    with pytest.raises(ValueError, match=r"^the bias .* 1 bits of mantissa is 0 to 14, not 15$"):
        AbfloatFormat(2, 1, 15)
    with pytest.raises(UserError, match="abfloat_e2m1b2 and the like"):
        parse_format("abfloat_e5m3b0")
