"""Powers of two."""

import numpy as np
import pytest

from golden.formats import Format, PowerFormat, parse_format


@pytest.mark.parametrize("bits", [1, 2, 4, 5])
def test_a_code_is_the_exponent(bits: int) -> None:
    format = PowerFormat(bits)
    codes = list(range(1 << bits))
    assert format.decode(codes).tolist() == [2**code for code in codes]
    assert format.encode([2**code for code in codes]).tolist() == codes
    assert format.decode(format.extremes).tolist() == [format.min, format.max]
    assert format.max == 2 ** (2**bits - 1)


@pytest.mark.parametrize("value", [0, -1, 3, 6, 1 << 16])
def test_what_is_no_value_is_refused(value: int) -> None:
    message = f"^{value} is not a value of pow4, which holds the powers of two up to 32768$"
    with pytest.raises(ValueError, match=message):
        PowerFormat(4).encode([1, value])


def test_names_and_widths() -> None:
    assert parse_format("Pow4") == PowerFormat(4)
    assert PowerFormat(4).with_bits(2) == PowerFormat(2)
    assert isinstance(PowerFormat(1), Format)
    assert str(PowerFormat(3)) == "pow3"
    assert PowerFormat(4).contains(1, 2)
    assert not PowerFormat(4).contains(1, 3)
    assert not PowerFormat(4).contains(1 << 15, 1 << 16)
    with pytest.raises(ValueError, match=r"^a format of powers has 1 to 5 bits, not 6$"):
        PowerFormat(6)


def test_draws_have_every_code() -> None:
    codes = PowerFormat(2).draw(np.random.default_rng(0), (20, 20))
    assert set(codes.ravel().tolist()) == {0, 1, 2, 3}
