"""Number formats, against ml_dtypes, NumPy and Python's own integers."""

import re

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from golden.errors import UserError
from golden.formats import (
    INT8,
    UINT8,
    Format,
    IntFormat,
    code_dtype,
    operand_format,
    parse_format,
    smallest_int,
)

NARROW = [IntFormat(bits, signed=signed) for bits in range(1, 9) for signed in (True, False)]

OUTSIDE: dict[str, DTypeLike] = {
    **{
        name: getattr(ml_dtypes, name)
        for name in ("int1", "int2", "int4", "uint1", "uint2", "uint4")
        if hasattr(ml_dtypes, name)
    },
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""The same formats as others have them."""

formats = st.builds(IntFormat, st.integers(1, 64), signed=st.booleans())
anything = st.integers(-(1 << 80), 1 << 80)


def name_of(format: IntFormat) -> str:
    return format.name


def all_codes(format: IntFormat) -> np.ndarray:
    return np.arange(1 << format.bits, dtype=np.uint64)


def value_of(code: int, format: IntFormat) -> int:
    """By the definition of two's complement."""
    negative = format.signed and code >> (format.bits - 1)
    return code - (1 << format.bits) if negative else code


@pytest.mark.parametrize("name", OUTSIDE)
def test_ranges_are_those_of_others(name: str) -> None:
    format = parse_format(name)
    info = ml_dtypes.iinfo(OUTSIDE[name])  # type: ignore[no-untyped-call]  # has no types
    assert (format.min, format.max) == (int(info.min), int(info.max))
    assert format.bits == int(info.bits)


@pytest.mark.parametrize("name", [name for name in OUTSIDE if parse_format(name).bits <= 16])
def test_codes_are_the_bits_of_others(name: str) -> None:
    format = parse_format(name)
    values = np.arange(format.min, format.max + 1)
    theirs = values.astype(OUTSIDE[name]).view(np.dtype(f"u{max(1, format.bits // 8)}"))
    mask = (1 << format.bits) - 1
    assert np.array_equal(format.encode(values), theirs & mask)
    assert np.array_equal(format.decode(format.encode(values)), values)


@pytest.mark.parametrize("name", ["int8", "int16", "int32", "int64", "uint32", "uint64"])
@given(values=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20))
def test_wrapping_is_a_cast_of_numpy(name: str, values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    wrapped = parse_format(name).wrap(array)
    assert np.array_equal(wrapped, array.astype(name))


@pytest.mark.parametrize("format", NARROW, ids=name_of)
def test_every_narrow_code_is_a_value_and_back(format: IntFormat) -> None:
    codes = all_codes(format)
    values = format.decode(codes)
    assert values.tolist() == [value_of(int(code), format) for code in codes]
    assert np.array_equal(format.encode(values), codes)
    assert format.encode(values).dtype == np.uint8
    assert (values.min(), values.max()) == (format.min, format.max)
    assert format.decode(format.extremes).tolist() == [format.min, format.max]


@pytest.mark.parametrize("format", NARROW, ids=name_of)
def test_narrow_formats_wrap_and_saturate_every_byte_and_more(format: IntFormat) -> None:
    values = np.arange(-600, 600)
    assert format.wrap(values).tolist() == [
        value_of(int(value) % (1 << format.bits), format) for value in values
    ]
    assert format.saturate(values).tolist() == [
        min(max(int(value), format.min), format.max) for value in values
    ]
    inside = (values >= format.min) & (values <= format.max)
    assert np.array_equal(format.wrap(values[inside]), values[inside])


@given(format=formats, data=st.data())
def test_values_survive_coding(format: IntFormat, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(format.min, format.max), min_size=1, max_size=9))
    codes = format.encode(values)
    assert codes.dtype == code_dtype(format.bits)
    assert [int(code) for code in codes] == [value % (1 << format.bits) for value in values]
    decoded = format.decode(codes)
    assert decoded.dtype == format.value_dtype
    assert decoded.tolist() == values


@given(format=formats, values=st.lists(anything, min_size=1, max_size=9))
def test_wrap_and_saturate_integers_of_any_size(format: IntFormat, values: list[int]) -> None:
    modulus = 1 << format.bits
    assert format.wrap(values).tolist() == [value_of(v % modulus, format) for v in values]
    assert format.saturate(values).tolist() == [min(max(v, format.min), format.max) for v in values]
    assert format.wrap(values).dtype == format.saturate(values).dtype == format.value_dtype


@given(format=formats, data=st.data())
def test_values_outside_are_refused(format: IntFormat, data: st.DataObject) -> None:
    wrong = data.draw(st.one_of(st.integers(max_value=format.min - 1), st.integers(format.max + 1)))
    with pytest.raises(ValueError, match=re.escape(f"{wrong} is not a value of {format.name}")):
        format.encode([0, wrong])


@pytest.mark.parametrize("format", [IntFormat(3), IntFormat(7, signed=False), IntFormat(63)])
def test_codes_too_wide_are_refused(format: IntFormat) -> None:
    code = np.array([1 << format.bits], dtype=np.uint64)
    with pytest.raises(ValueError, match=f"not a code of {format.name}: over {format.bits} bits"):
        format.decode(code)


def test_negative_codes_are_refused() -> None:
    with pytest.raises(ValueError, match="code of int8"):
        INT8.decode([-1])


def test_shapes_are_kept() -> None:
    for shape in ((), (0,), (3, 0), (2, 3, 4)):
        values = np.zeros(shape, dtype=np.int64)
        assert INT8.encode(values).shape == shape
        assert INT8.decode(INT8.encode(values)).shape == shape
        assert INT8.wrap(values).shape == shape
        assert INT8.saturate(values).shape == shape


def test_whole_floats_and_booleans_are_integers() -> None:
    assert INT8.encode([1.0, -2.0]).tolist() == [1, 254]
    assert UINT8.encode([True, False]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.5], "takes whole numbers: round first"),
        ([float("nan")], "takes whole numbers"),
        ([float("inf")], "takes whole numbers"),
        (["1"], "takes numbers, not <U1"),
    ],
)
def test_other_things_are_refused(values: list[object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        INT8.encode(values)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ValueError, match="codes are unsigned integers, not float64"):
        INT8.decode([1.0])


@pytest.mark.parametrize("bits", [0, -1, 65])
def test_widths_out_of_range_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=f"has 1 to 64 bits, not {bits}"):
        IntFormat(bits)
    with pytest.raises(ValueError, match=f"a code has 1 to 64 bits, not {bits}"):
        code_dtype(bits)


def test_code_dtypes_are_the_smallest() -> None:
    for bits in range(1, 65):
        dtype = code_dtype(bits)
        assert dtype.kind == "u"
        assert 8 * dtype.itemsize >= bits
        assert dtype.itemsize == 1 or 4 * dtype.itemsize < bits


@given(format=formats)
def test_names_are_read_in_any_case(format: IntFormat) -> None:
    assert isinstance(format, Format)
    for name in (format.name, format.name.upper(), f" {format} "):
        assert parse_format(name) == format


@pytest.mark.parametrize("name", ["", "int", "int0", "int65", "uint999", "float", "i8", "int-8"])
def test_unknown_names_are_refused(name: str) -> None:
    said = f"{name!r} is not a number format: allowed are int1 to int64"
    with pytest.raises(UserError, match=re.escape(said)):
        parse_format(name)


def test_operands_have_at_most_16_bits() -> None:
    assert operand_format("weight", INT8) is INT8
    with pytest.raises(UserError, match="weight must be an integer format of 1 to 16 bits, not"):
        operand_format("weight", IntFormat(17))


@given(values=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=5))
def test_the_smallest_format_holds_all_and_no_narrower_does(values: list[int]) -> None:
    low, high = min(values), max(values)
    found = smallest_int(low, high)
    assert found.contains(low, high)
    assert found.bits == 1 or not IntFormat(found.bits - 1).contains(low, high)


def test_no_format_holds_more_than_64_bits() -> None:
    with pytest.raises(ValueError, match="64 bits"):
        smallest_int(0, 1 << 63)
