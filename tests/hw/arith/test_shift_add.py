"""Products by shifted rows, for all operands of 4 x 4 and 8 x 4 bits."""

from typing import Any

import pytest
from amaranth.hdl import Module, Shape, Signal, signed, unsigned
from amaranth.sim import Simulator

from hw.arith.shift_add import shift_add


@pytest.mark.parametrize("number", [signed(4), unsigned(4), signed(8), unsigned(8)], ids=str)
@pytest.mark.parametrize("is_signed", [False, True])
def test_every_product(number: Shape, is_signed: bool) -> None:
    a, bits, o = Signal(number), Signal(4), Signal(signed(number.width + 6))
    m = Module()
    m.d.comb += o.eq(shift_add(a, -a if is_signed else a, bits))
    low = -(1 << (number.width - 1)) if number.signed else 0

    async def bench(ctx: Any) -> None:
        for digit in range(16):
            ctx.set(bits, digit)
            factor = digit - 16 if is_signed and digit > 7 else digit
            for first in range(low, low + (1 << number.width)):
                ctx.set(a, first)
                assert ctx.get(o) == first * factor

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
