"""All values of a format."""

import pytest

from golden.errors import UserError
from golden.formats import parse_format
from golden.quantization.levels import format_levels


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("int2", [-2, -1, 0, 1]),
        ("uint2", [0, 1, 2, 3]),
        ("ternary", [-1, 0, 1]),
        ("bipolar2", [-3, -1, 1, 3]),
        ("flint4", [-16, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 16]),
    ],
)
def test_each_value_once_in_ascending_order(name: str, levels: list[int]) -> None:
    assert format_levels(parse_format(name)).tolist() == levels


def test_wide_formats_are_refused() -> None:
    assert len(format_levels(parse_format("int8"))) == 256
    with pytest.raises(UserError, match="int9 has over 8 bits"):
        format_levels(parse_format("int9"))
