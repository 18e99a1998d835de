"""Sums of signs."""

from itertools import product

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import Format, SignsFormat, parse_format


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_every_code_is_the_sum_of_its_signs(bits: int) -> None:
    format = SignsFormat(bits)
    every = list(product((-1, 1), repeat=bits))
    codes = [sum((sign > 0) << place for place, sign in enumerate(signs)) for signs in every]
    assert format.decode(codes).tolist() == [sum(signs) for signs in every]
    values = sorted({sum(signs) for signs in every})
    assert format.decode(format.encode(values)).tolist() == values
    assert format.decode(format.extremes).tolist() == [-bits, bits] == [format.min, format.max]


def test_two_signs_are_ternary_numbers_doubled() -> None:
    format = SignsFormat(2)
    assert format.encode([-2, 0, 2]).tolist() == [0b00, 0b01, 0b11]
    assert format.decode([0b10]).tolist() == [0]
    assert format.contains(0, 0)
    assert not format.contains(-2, 2)
    assert not format.contains(1, 1)


@pytest.mark.parametrize("value", [1, -4, 4])
def test_what_is_no_value_is_refused(value: int) -> None:
    message = f"^{value} is not a value of signs2, which holds every second integer from -2 to 2$"
    with pytest.raises(ValueError, match=message):
        SignsFormat(2).encode([value])


def test_names_and_widths() -> None:
    assert parse_format("Signs2") == SignsFormat(2)
    assert SignsFormat(2).with_bits(1) == SignsFormat(1)
    assert isinstance(SignsFormat(1), Format)
    assert str(SignsFormat(3)) == "signs3"
    with pytest.raises(ValueError, match=r"^a format of signs has 1 to 16 bits, not 17$"):
        SignsFormat(17)
    with pytest.raises(UserError, match="is not a number format"):
        parse_format("signs17")


def test_draws_have_every_code() -> None:
    codes = SignsFormat(2).draw(np.random.default_rng(0), (20, 20))
    assert set(codes.ravel().tolist()) == {0, 1, 2, 3}
