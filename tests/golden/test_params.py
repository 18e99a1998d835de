"""Params as text, as JSON values and as lists for people."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.errors import UserError
from golden.formats import INT8, TERNARY, BipolarFormat, Format, IntFormat
from golden.params import ParamInfo, describe_params, param, parse_params, to_plain


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Params:
    size: int = param(4, "how large")
    colour: Colour = param(Colour.RED, "which")
    format: IntFormat = param(INT8, "of what")
    sums: IntFormat | None = param(None, "of sums")
    fast: bool = param(False, "or not")
    digits: Format = param(BipolarFormat(2), "of any kind")


def test_params_are_described_in_order() -> None:
    assert describe_params(Params) == (
        ParamInfo(name="size", default=4, doc="how large"),
        ParamInfo(name="colour", default="red", doc="which", choices=("red", "blue")),
        ParamInfo(name="format", default="int8", doc="of what"),
        ParamInfo(name="sums", default=None, doc="of sums"),
        ParamInfo(name="fast", default=False, doc="or not", choices=("true", "false")),
        ParamInfo(name="digits", default="bipolar2", doc="of any kind"),
    )


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"size": "12"}, "size", 12),
        ({"size": 12}, "size", 12),
        ({"size": " 12 "}, "size", 12),
        ({"colour": "BLUE"}, "colour", Colour.BLUE),
        ({"format": "UINT4"}, "format", IntFormat(4, signed=False)),
        ({"digits": "uint3"}, "digits", IntFormat(3, signed=False)),
        ({"digits": "Bipolar4"}, "digits", BipolarFormat(4)),
        ({"digits": "ternary"}, "digits", TERNARY),
        ({"sums": "int20"}, "sums", IntFormat(20)),
        ({"sums": "auto"}, "sums", None),
        ({"sums": "None"}, "sums", None),
        ({"sums": None}, "sums", None),
        *(({"fast": text}, "fast", True) for text in ("true", "True", "1", "yes", True)),
        *(({"fast": text}, "fast", False) for text in ("false", "FALSE", "0", "no", False)),
    ],
)
def test_values_are_read(given: dict[str, Any], name: str, value: object) -> None:
    assert getattr(parse_params(Params, given), name) == value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"weight": "1"},
            "there is no param 'weight': allowed are size, colour, format, sums, fast",
        ),
        ({"size": "big"}, "size must be an integer, not 'big'"),
        ({"size": "1.5"}, "size must be an integer, not '1.5'"),
        ({"size": ""}, "size must be an integer, not ''"),
        ({"colour": "green"}, "colour must be one of red, blue, not 'green'"),
        ({"format": "int99"}, "format: 'int99' is not a number format: allowed are int1"),
        ({"sums": "wide"}, "sums: 'wide' is not a number format"),
        ({"digits": "bipolar99"}, "digits: 'bipolar99' is not a number format"),
        ({"fast": "maybe"}, "fast must be true or false, not 'maybe'"),
    ],
)
def test_what_can_not_be_read_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse_params(Params, given)
    assert said in str(refusal.value)


def test_params_left_out_come_from_the_base() -> None:
    base = Params(size=9, colour=Colour.BLUE)
    assert parse_params(Params, {"fast": "yes"}, base=base) == Params(
        size=9, colour=Colour.BLUE, fast=True
    )
    assert parse_params(Params, {}) == Params()


@given(
    st.builds(
        Params,
        size=st.integers(),
        colour=st.sampled_from(Colour),
        format=st.builds(IntFormat, st.integers(1, 64), signed=st.booleans()),
        sums=st.none() | st.builds(IntFormat, st.integers(1, 64)),
        fast=st.booleans(),
        digits=st.sampled_from([INT8, BipolarFormat(3), TERNARY]),
    )
)
def test_plain_values_and_their_text_are_read_back(params: Params) -> None:
    plain = to_plain(params)
    assert all(value is None or isinstance(value, (str, int)) for value in plain.values())
    assert parse_params(Params, plain) == params
    assert parse_params(Params, {name: str(value) for name, value in plain.items()}) == params
