from random import Random
from typing import Any

import pytest
from amaranth.hdl import Shape, signed, unsigned
from amaranth.sim import Simulator

from hw.lib.skew import Skew
from tests.support.pysim import CLOCK_PERIOD

CYCLES = 60


@pytest.mark.parametrize(
    ("shape", "delays"),
    [
        (signed(8), (0, 1, 2, 3)),
        (unsigned(5), (3, 2, 1, 0)),
        (signed(3), (1, 2, 4)),
        (unsigned(1), (0, 9)),
        (unsigned(4), (7,)),
        (signed(2), (2, 2, 2)),
    ],
)
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_each_lane_is_delayed_by_its_own_number_of_enabled_cycles(
    shape: Shape, delays: tuple[int, ...], stall: float
) -> None:
    random = Random(1)
    skew = Skew(shape, delays)
    low = -(1 << shape.width - 1) if shape.signed else 0
    entered: list[list[int]] = []

    async def bench(ctx: Any) -> None:
        for _ in range(CYCLES):
            enable = random.random() >= stall
            beat = [random.randrange(1 << shape.width) + low for _ in delays]
            ctx.set(skew.enable, enable)
            for lane, value in enumerate(beat):
                ctx.set(skew.i[lane], value)
            for lane, delay in enumerate(delays):
                if delay == 0:
                    assert ctx.get(skew.o[lane]) == beat[lane]
                elif len(entered) >= delay:
                    assert ctx.get(skew.o[lane]) == entered[-delay][lane]
            await ctx.tick()
            if enable:
                entered.append(beat)

    simulator = Simulator(skew)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(entered) > CYCLES // 4


def test_a_triangle_without_delay_needs_no_clock() -> None:
    skew = Skew(unsigned(4), (0, 0))

    async def bench(ctx: Any) -> None:
        ctx.set(skew.enable, 0)
        for lane, value in enumerate((3, 12)):
            ctx.set(skew.i[lane], value)
            assert ctx.get(skew.o[lane]) == value

    simulator = Simulator(skew)
    simulator.add_testbench(bench)
    simulator.run()
