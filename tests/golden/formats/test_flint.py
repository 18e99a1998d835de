"""Flint, against the published lists and against how its numbers are spaced."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import FlintFormat, Format, parse_format

EVERY = [FlintFormat(bits, signed=signed) for bits in range(3, 9) for signed in (True, False)]

UFLINT3 = [0, 1, 2, 3, 4, 6, 8, 16]
UFLINT4 = [*range(9), 10, 12, 14, 16, 24, 32, 64]
UFLINT5 = [*range(17), *range(18, 32, 2), 32, 40, 48, 56, 64, 96, 128, 256]


def spaced(bits: int) -> list[int]:
    """Magnitudes: each octave beyond the integers has half as many as the one before, then one."""
    half = 1 << (bits - 1)
    octaves = [
        np.linspace(half << i, half << (i + 1), 1 << (bits - 2 - i), endpoint=False).tolist()
        for i in range(bits - 1)
    ]
    return [*range(half), *(int(value) for octave in octaves for value in octave), half * half]


@pytest.mark.parametrize("format", EVERY, ids=str)
def test_every_code_there_and_back(format: FlintFormat) -> None:
    codes = np.arange(1 << format.bits)
    values = format.decode(codes)
    magnitudes = spaced(format.bits - format.signed)
    expected = {*magnitudes, *(-value for value in magnitudes if format.signed)}
    assert sorted(set(values.tolist())) == sorted(expected)
    again = format.encode(values)
    assert again.dtype == np.uint8
    assert np.array_equal(format.decode(again), values)
    # Only zero has two codes, and only with a sign.
    other = np.flatnonzero(again != codes).tolist()
    assert other == ([1 << (format.bits - 1)] if format.signed else [])
    assert values[other].tolist() == [0] * len(other)
    assert (format.min, format.max) == (min(expected), max(expected))
    assert format.decode(format.extremes).tolist() == [format.min, format.max]


def test_the_published_lists() -> None:
    assert sorted(FlintFormat(3, signed=False).decode(range(8))) == UFLINT3
    assert sorted(FlintFormat(4, signed=False).decode(range(16))) == UFLINT4
    assert sorted(FlintFormat(5, signed=False).decode(range(32))) == UFLINT5
    for bits, magnitudes in ((4, UFLINT3), (5, UFLINT4), (6, UFLINT5)):
        values = FlintFormat(bits).decode(range(1 << bits)).tolist()
        assert sorted(map(abs, values)) == sorted([*magnitudes, *magnitudes])
        assert values[len(magnitudes) :] == [-value for value in values[: len(magnitudes)]]


def test_codes_do_not_count_upwards() -> None:
    codes = range(8, 16)
    assert FlintFormat(4, signed=False).decode(codes).tolist() == [64, 32, 16, 24, 8, 10, 12, 14]
    assert FlintFormat(4).decode(range(8)).tolist() == [0, 1, 2, 3, 16, 8, 4, 6]


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^5 is not a value of flint4, which holds 15 integers from -16 to 16$"
    ):
        FlintFormat(4).encode([4, 5])
    assert FlintFormat(4).contains(-4, 4)
    assert not FlintFormat(4).contains(4, 6)


def test_names_and_widths() -> None:
    assert parse_format("Flint5") == FlintFormat(5)
    assert parse_format("uflint8") == FlintFormat(8, signed=False)
    assert str(FlintFormat(3, signed=False)) == "uflint3"
    assert FlintFormat(4, signed=False).with_bits(5) == FlintFormat(5, signed=False)
    assert isinstance(FlintFormat(4), Format)
    for bits in (2, 9):
        with pytest.raises(ValueError, match=rf"^a flint format has 3 to 8 bits, not {bits}$"):
            FlintFormat(bits)
        with pytest.raises(UserError, match=r"flint3 to flint8, uflint3 to uflint8"):
            parse_format(f"flint{bits}")


def test_codes_beyond_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^16 is not a code of flint4: over 4 bits$"):
        FlintFormat(4).decode([16])


def test_draws_have_every_code() -> None:
    codes = FlintFormat(3).draw(np.random.default_rng(0), (20, 20))
    assert codes.shape == (20, 20)
    assert set(codes.ravel().tolist()) == set(range(8))
