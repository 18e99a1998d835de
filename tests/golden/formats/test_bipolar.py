"""Bipolar integers, against their definition as sums of planes."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import BipolarFormat, Format, parse_format

NARROW = [BipolarFormat(bits) for bits in range(1, 17)]


def value_of(code: int, bits: int) -> int:
    """Plane b has −1 or +1, times 2^b."""
    return sum((1 if code >> b & 1 else -1) << b for b in range(bits))


@pytest.mark.parametrize("format", NARROW, ids=str)
def test_every_code_there_and_back(format: BipolarFormat) -> None:
    codes = np.arange(1 << format.bits, dtype=np.uint64)
    values = format.decode(codes)
    assert values.tolist() == [value_of(code, format.bits) for code in codes.tolist()]
    again = format.encode(values)
    assert again.tolist() == codes.tolist()
    assert again.dtype == np.dtype(np.uint8 if format.bits <= 8 else np.uint16)
    assert (format.min, format.max) == (values.min(), values.max())
    assert format.decode(format.extremes).tolist() == [format.min, format.max]


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_weights_are_reinterpreted_as_the_paper_does(bits: int) -> None:
    """LUT Tensor Core, equations 1 to 3: q' = 2q − (2^W − 1), s' = s/2, z' = 2z + 1 − 2^W."""
    q = np.arange(1 << bits)
    for zero in range(1 << bits):
        plain = q - zero
        bipolar = BipolarFormat(bits).decode(q)
        assert (2 * plain).tolist() == (bipolar - (2 * zero + 1 - (1 << bits))).tolist()


@pytest.mark.parametrize("value", [0, 2, -4, 5, -5])
def test_what_is_no_value_is_refused(value: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"^{value} is not a value of bipolar2, which holds the odd integers from -3 to 3$",
    ):
        BipolarFormat(2).encode([1, value])


def test_only_single_odd_integers_are_contained() -> None:
    assert BipolarFormat(2).contains(3, 3)
    assert not any(BipolarFormat(2).contains(*ends) for ends in [(2, 2), (1, 3), (5, 5)])


def test_names() -> None:
    assert parse_format("BiPolar3") == BipolarFormat(3)
    assert str(BipolarFormat(3)) == "bipolar3"
    assert BipolarFormat(3).with_bits(5) == BipolarFormat(5)
    assert isinstance(BipolarFormat(1), Format)


@pytest.mark.parametrize("bits", [0, 33])
def test_widths_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=rf"^a bipolar format has 1 to 32 bits, not {bits}$"):
        BipolarFormat(bits)
    with pytest.raises(UserError, match="is not a number format"):
        parse_format(f"bipolar{bits}")


def test_codes_beyond_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^4 is not a code of bipolar2: over 2 bits$"):
        BipolarFormat(2).decode([4])


def test_draws_have_every_code() -> None:
    codes = BipolarFormat(3).draw(np.random.default_rng(0), (20, 20))
    assert codes.shape == (20, 20)
    assert set(codes.ravel().tolist()) == set(range(8))
