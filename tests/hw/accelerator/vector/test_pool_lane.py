from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from amaranth.hdl import Module
from amaranth.sim import Simulator

from hw.accelerator.vector.pool_lane import DIVISION_STEPS, PoolLane
from tests.support.pysim import CLOCK_PERIOD

TAPS = 1024

PATTERNS: tuple[Callable[[int, Random], int], ...] = (
    lambda tap, random: -128,
    lambda tap, random: 127,
    lambda tap, random: tap % 2,
    lambda tap, random: -(tap % 2),
    lambda tap, random: random.randint(-128, 127),
    lambda tap, random: random.randint(-3, 2),
)


def rounded(total: int, count: int) -> int:
    """Halves away from zero."""
    return int(np.sign(total)) * ((2 * abs(total) + count) // (2 * count))


def test_averages_of_every_count_are_exact_and_maxima_too() -> None:
    """One window that never ends, divided after each of its taps; a lane for each pattern."""
    random = Random(1)
    m = Module()
    lanes = [PoolLane() for _ in PATTERNS]
    m.submodules += lanes

    async def bench(ctx: Any) -> None:
        totals, largest = [0] * len(lanes), [-128] * len(lanes)
        averages: list[int] = []
        for tap in range(TAPS):
            for number, (lane, pattern) in enumerate(zip(lanes, PATTERNS, strict=True)):
                value = pattern(tap, random)
                totals[number] += value
                largest[number] = max(largest[number], value)
                ctx.set(lane.value, value)
                ctx.set(lane.first, tap == 0)
                ctx.set(lane.inside, 1)
                ctx.set(lane.divide, 0)
                ctx.set(lane.divisor, max(tap, 1))
            await ctx.tick()
            assert tap == 0 or [ctx.get(lane.average) for lane in lanes] == averages
            assert [ctx.get(lane.largest) for lane in lanes] == largest
            averages = [rounded(total, tap + 1) for total in totals]
            for lane in lanes:
                ctx.set(lane.inside, 0)
                ctx.set(lane.first, 0)
                ctx.set(lane.divide, 1)
                ctx.set(lane.count, tap + 1)
            await ctx.tick()
            for lane in lanes:
                ctx.set(lane.divide, 0)
                ctx.set(lane.divisor, tap + 1)
            for _ in range(DIVISION_STEPS - 1):
                await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()


def test_a_window_without_taps_is_empty() -> None:
    lane = PoolLane()

    async def bench(ctx: Any) -> None:
        ctx.set(lane.value, 55)
        ctx.set(lane.first, 1)
        await ctx.tick()
        assert ctx.get(lane.largest) == -128
        ctx.set(lane.first, 0)
        ctx.set(lane.divide, 1)
        ctx.set(lane.divisor, 1)
        await ctx.tick()
        ctx.set(lane.divide, 0)
        for _ in range(DIVISION_STEPS):
            await ctx.tick()
        assert ctx.get(lane.average) == 0

    simulator = Simulator(lane)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
