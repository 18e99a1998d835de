"""Units that multiply another way are proved equal to ``*``, for all operands of up to 8 bits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from amaranth.hdl import Module, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arith.shift_add import shift_add
from tests.support.bricks import DigitsAndUnit
from tests.support.proofs import can_raise

DIGIT = 4


class Differs(wiring.Component):
    """Raises ``raised`` where two ways to multiply differ."""

    a: Signal
    w: Signal
    raised: Signal

    def __init__(
        self, a: Shape, w: Shape, unit: Callable[[Module, Value, Value], tuple[Value, Value]]
    ) -> None:
        self._unit = unit
        super().__init__({"a": In(a), "w": In(w), "raised": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        found, exact = self._unit(m, self.a, self.w)
        m.d.comb += self.raised.eq(found != exact)
        return m


def by_rows(m: Module, a: Value, w: Value, *, broken: bool = False) -> tuple[Value, Value]:
    """Digits of four bits one after the other, as `mixpe` takes them."""
    total: Value | int = 0
    for low in range(0, len(w), DIGIT):
        is_top = low + DIGIT == len(w)
        negative = w.shape().signed and is_top
        last = -a if negative else a
        total += shift_add(a, last, w.as_unsigned()[low : low + DIGIT]) << low
    return (total + (a == 37) if broken else total), a * w


@pytest.mark.parametrize(
    ("a", "w"),
    [
        (signed(8), signed(4)),
        (unsigned(8), unsigned(4)),
        (signed(8), signed(8)),
    ],
    ids=str,
)
def test_shifted_rows_multiply(a: Shape, w: Shape, tmp_path: Path) -> None:
    assert not can_raise(Differs(a, w, by_rows), tmp_path)


def test_a_difference_would_be_found(tmp_path: Path) -> None:
    def broken(m: Module, a: Value, w: Value) -> tuple[Value, Value]:
        return by_rows(m, a, w, broken=True)

    assert can_raise(Differs(signed(8), signed(4), broken), tmp_path)


SIGNS = [(True, True), (False, True), (False, False)]


def fused(
    m: Module, widths: tuple[int, int], is_signed: tuple[bool, bool], a: Value, w: Value
) -> Value:
    """What a unit of 8 x 8 bits gives at other widths."""
    m.submodules.unit = unit = DigitsAndUnit((8, 8), is_signed)
    m.d.comb += [
        unit.activations.eq(a),
        unit.weights.eq(w),
        unit.activation_fused.eq((widths[0] >= 4) | (widths[0] >= 8) << 1),
        unit.weight_fused.eq((widths[1] >= 4) | (widths[1] >= 8) << 1),
    ]
    return unit.o


@pytest.mark.parametrize("is_signed", SIGNS[:1], ids=str)
@pytest.mark.parametrize(
    ("widths", "place"),
    [
        *(((8, 8), 0), ((8, 4), 1), ((4, 8), 1), ((4, 4), 2), ((8, 2), 3), ((2, 8), 1)),
        *(((4, 2), 5), ((2, 4), 6), ((2, 2), 13)),
    ],
    ids=str,
)
def test_fused_bricks_multiply(
    widths: tuple[int, int], place: int, is_signed: tuple[bool, bool], tmp_path: Path
) -> None:
    """At each width one product of several, the others being 0."""

    def one(m: Module, a: Value, w: Value) -> tuple[Value, Value]:
        placed = (
            operand.as_unsigned() << place * bits
            for operand, bits in zip((a, w), widths, strict=True)
        )
        return fused(m, widths, is_signed, *placed), a * w

    shapes = (Shape(bits, has_sign) for bits, has_sign in zip(widths, is_signed, strict=True))
    assert not can_raise(Differs(*shapes, one), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("is_signed", SIGNS[1:], ids=str)
def test_fused_bricks_multiply_whatever_the_signs(
    is_signed: tuple[bool, bool], tmp_path: Path
) -> None:
    test_fused_bricks_multiply((8, 8), 0, is_signed, tmp_path)


@pytest.mark.parametrize("is_signed", SIGNS, ids=str)
@pytest.mark.parametrize("bits", [4, pytest.param(2, marks=pytest.mark.slow)])
def test_products_beside_each_other_add_up(
    bits: int, is_signed: tuple[bool, bool], tmp_path: Path
) -> None:
    """Four products of four bits, or sixteen of two, all at once."""
    products = (8 // bits) ** 2

    def all_at_once(m: Module, a: Value, w: Value) -> tuple[Value, Value]:
        exact: Value | int = 0
        for index in range(products):
            first, second = (
                operand.word_select(index, bits).as_signed()
                if has_sign
                else operand.word_select(index, bits)
                for operand, has_sign in zip((a, w), is_signed, strict=True)
            )
            exact += first * second
        return fused(m, (bits, bits), is_signed, a, w), exact

    shape = unsigned(bits * products)
    assert not can_raise(Differs(shape, shape, all_at_once), tmp_path)
