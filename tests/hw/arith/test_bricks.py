"""Fused units against products of Python, for all operands of small ones."""

from typing import Any

import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from hw.arith.bricks import fused_levels
from tests.support.bricks import DigitsAndUnit


def value(code: int, bits: int, is_signed: bool) -> int:
    return code - (1 << bits) if is_signed and code >> (bits - 1) else code


@pytest.mark.parametrize("is_signed", [(True, True), (False, True), (False, False)], ids=str)
@pytest.mark.parametrize(
    ("unit_bits", "bits"),
    [
        ((2, 2), (2, 2)),
        ((4, 4), (4, 4)),
        ((4, 4), (2, 4)),
        ((4, 4), (4, 2)),
        ((4, 2), (2, 2)),
        pytest.param((4, 8), (4, 8), marks=pytest.mark.slow),
        pytest.param((8, 4), (8, 4), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_sum_of_products(
    unit_bits: tuple[int, int], bits: tuple[int, int], is_signed: tuple[bool, bool]
) -> None:
    unit = DigitsAndUnit(unit_bits, is_signed)
    products = (unit_bits[0] // bits[0]) * (unit_bits[1] // bits[1])
    sizes = [products * width for width in bits]

    async def bench(ctx: Any) -> None:
        for name, side in (("activation_fused", 0), ("weight_fused", 1)):
            if hasattr(unit, name):
                ctx.set(getattr(unit, name), (1 << fused_levels(bits[side])) - 1)
        for a in range(1 << sizes[0]):
            ctx.set(Value.cast(unit.activations), a)
            for w in range(1 << sizes[1]):
                ctx.set(Value.cast(unit.weights), w)
                exact = sum(
                    value(a >> index * bits[0] & (1 << bits[0]) - 1, bits[0], is_signed[0])
                    * value(w >> index * bits[1] & (1 << bits[1]) - 1, bits[1], is_signed[1])
                    for index in range(products)
                )
                assert ctx.get(unit.o) == exact, (a, w)

    simulator = Simulator(unit)
    simulator.add_testbench(bench)
    simulator.run()
