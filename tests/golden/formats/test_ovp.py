"""Elements of outlier–victim pairs."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import FlintFormat, Format, IntFormat, OvpFormat, parse_format

INT4, FLINT4, INT8 = (OvpFormat(IntFormat(4)), OvpFormat(FlintFormat(4)), OvpFormat(IntFormat(8)))


def test_codes_are_those_of_normal_numbers_and_above_them_those_of_outliers() -> None:
    for format in (INT4, FLINT4, INT8):
        size = 1 << format.normal.bits
        normal = [code for code in range(size) if code != size // 2]
        outliers = [code for code in range(size) if code % (size // 2)]
        assert format.decode(normal).tolist() == format.normal.decode(normal).tolist()
        above = [size + code for code in outliers]
        assert format.decode(above).tolist() == format.outlier.decode(outliers).tolist()
        for code in (size // 2, size, size + size // 2):
            with pytest.raises(ValueError, match=rf"^{code} is not a code of {format}$"):
                format.decode([code])


@pytest.mark.parametrize(
    ("format", "normal", "first", "last"),
    [(INT4, 7, 12, 96), (FLINT4, 16, 24, 192), (INT8, 127, 144, 1 << 15)],
    ids=str,
)
def test_outliers_begin_above_the_normal_numbers(
    format: OvpFormat, normal: int, first: int, last: int
) -> None:
    codes = format.draw(np.random.default_rng(0), (4000,))
    sizes = np.abs(format.decode(codes))
    outlier = codes >> format.normal.bits == 1
    assert sizes[~outlier].max() == normal
    assert (sizes[outlier].min(), sizes[outlier].max()) == (first, last)
    assert format.decode(format.extremes).tolist() == [-last, last]
    assert np.array_equal(format.decode(format.encode(format.decode(codes))), format.decode(codes))


def test_names() -> None:
    assert parse_format("OVP_int4") == INT4
    assert parse_format("ovp_flint4") == FLINT4
    assert str(INT8) == "ovp_int8"
    assert (INT4.bits, INT8.bits) == (5, 9)
    assert INT8.encode([1]).dtype == np.uint16
    assert INT4.with_bits(5) is INT4
    assert isinstance(INT4, Format)
    with pytest.raises(ValueError, match=r"^the normal numbers .* int4, flint4, int8, not int5$"):
        OvpFormat(IntFormat(5))
    with pytest.raises(UserError, match="ovp_int4, ovp_flint4, ovp_int8"):
        parse_format("ovp_int5")
