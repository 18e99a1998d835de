"""Ternary numbers."""

import numpy as np
import pytest

from golden.formats import TERNARY, Format, IntFormat, parse_format


def test_codes_are_those_of_int2() -> None:
    assert TERNARY.encode([-1, 0, 1]).tolist() == IntFormat(2).encode([-1, 0, 1]).tolist()
    assert TERNARY.decode([0, 1, 3]).tolist() == [0, 1, -1]
    assert TERNARY.decode(TERNARY.extremes).tolist() == [-1, 1]
    assert TERNARY.encode([1]).dtype == np.uint8


def test_code_2_is_none() -> None:
    with pytest.raises(ValueError, match=r"^2 is not a code of ternary: allowed are 0, 1 and 3$"):
        TERNARY.decode([0, 2])
    with pytest.raises(ValueError, match=r"^4 is not a code of ternary: over 2 bits$"):
        TERNARY.decode([4])


@pytest.mark.parametrize("value", [2, -2])
def test_what_is_no_value_is_refused(value: int) -> None:
    with pytest.raises(
        ValueError, match=rf"^{value} is not a value of ternary, which holds -1, 0, 1$"
    ):
        TERNARY.encode([value])


def test_name_and_width() -> None:
    assert parse_format("Ternary") == TERNARY
    assert TERNARY.with_bits(2) is TERNARY
    with pytest.raises(ValueError, match=r"^a ternary format has 2 bits, not 3$"):
        TERNARY.with_bits(3)
    assert isinstance(TERNARY, Format)
    assert TERNARY.contains(-1, 1)
    assert not TERNARY.contains(-1, 2)


def test_draws_have_every_value() -> None:
    codes = TERNARY.draw(np.random.default_rng(0), (20, 20))
    assert set(codes.ravel().tolist()) == {0, 1, 3}
