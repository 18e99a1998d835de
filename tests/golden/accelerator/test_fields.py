"""Fields of instructions."""

from dataclasses import dataclass

import pytest

from golden.accelerator.fields import FieldInfo, operand, operand_fields


def info(bits, *, signed=False, offset=0):
    return FieldInfo(name="count", bits=bits, signed=signed, offset=offset, doc="a number")


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        (info(1), 0, 1),
        (info(8), 0, 255),
        (info(8, signed=True), -128, 127),
        (info(8, offset=1), 1, 256),
        (info(13, signed=True), -4096, 4095),
        (info(32), 0, 2**32 - 1),
    ],
)
def test_range(field, low, high):
    assert (field.low, field.high) == (low, high)
    for value in (low, high):
        assert field.decode(field.encode(value)) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^count must be {low} to {high}, not {value}$"):
            field.encode(value)


@pytest.mark.parametrize(
    "field", [info(5), info(5, signed=True), info(5, offset=1), info(5, signed=True, offset=1)]
)
def test_every_value_has_one_code(field):
    values = range(field.low, field.high + 1)
    assert sorted(field.encode(value) for value in values) == list(range(32))
    assert [field.decode(field.encode(value)) for value in values] == list(values)


def test_codes_are_twos_complement_and_counts_less_one():
    assert info(8, signed=True).encode(-1) == 0xFF
    assert info(8, signed=True).encode(-128) == 0x80
    assert info(8, offset=1).encode(1) == 0
    assert info(8, offset=1).encode(256) == 0xFF


@pytest.mark.parametrize("value", [1.0, "1", None])
def test_only_integers(value):
    with pytest.raises(ValueError, match="count must be 0 to 15, not "):
        info(4).encode(value)


def test_fields_of_a_class_in_order():
    @dataclass(frozen=True, kw_only=True)
    class Example:
        plain: int = 0
        first: int = operand(3, "one", default=2)
        second: int = operand(4, "two", signed=True, offset=1)

    assert Example().first == 2
    for source in (Example, Example(first=5)):
        assert operand_fields(source) == (
            FieldInfo(name="first", bits=3, signed=False, offset=0, doc="one"),
            FieldInfo(name="second", bits=4, signed=True, offset=1, doc="two"),
        )
