from random import Random
from typing import Any

import pytest
from amaranth.sim import Simulator

from golden.arith.fixed_point import multiply_by_quantized_multiplier, wrap_int32
from hw.accelerator.vector.scaling_lane import LATENCY, ScalingLane
from tests.support.pysim import CLOCK_PERIOD

LOW, HIGH = -(2**31), 2**31 - 1
EXTREMES = (LOW, LOW + 1, -(2**30), -2, -1, 0, 1, 2, 2**30, HIGH - 1, HIGH)

Operation = tuple[int, int, int, int]


def corners() -> list[Operation]:
    """Extremes with extremes, and each shift with those that round or wrap."""
    found = [(x, 0, by, shift) for x in EXTREMES for by in EXTREMES for shift in (-1, 0, 1)]
    found += [(x, x, by, 0) for x in EXTREMES for by in (LOW, HIGH)]
    found += [(HIGH, 1, LOW, 0), (LOW, -1, HIGH, -31), (-1, 1, HIGH, 31)]
    for shift in range(-128, 128):
        found += [(x, 0, by, shift) for x in (LOW, -3, HIGH) for by in (LOW, HIGH)]
    return found


def halves() -> list[Operation]:
    """Products around halves of what is cut off, by either rounding."""
    found = []
    for shift in range(1, 32):
        half = 1 << shift - 1
        found += [(sign * half + step, 0, HIGH, -shift) for sign in (-1, 1) for step in (-1, 0, 1)]
    for x in (-3, -1, 1, 3):
        found += [(x, 0, sign * 2**30 + step, 0) for sign in (-1, 1) for step in (-1, 0, 1)]
    return found


def anything(seed: int) -> list[Operation]:
    """Numbers of all sizes."""
    random = Random(seed)

    def number() -> int:
        return wrap_int32(random.getrandbits(32)) >> random.choice([0, 0, random.randrange(32)])

    return [(number(), number(), number(), random.randint(-35, 35)) for _ in range(1500)]


def scaled(x: int, addend: int, multiplier: int, shift: int) -> int:
    total = wrap_int32(x + addend)
    return multiply_by_quantized_multiplier(total, multiplier, max(-31, min(31, shift)))


@pytest.mark.parametrize("operations", [corners(), halves(), anything(1), anything(2)])
def test_every_result_is_that_of_the_definition(operations: list[Operation]) -> None:
    lane = ScalingLane()
    results: list[int] = []

    async def bench(ctx: Any) -> None:
        for x, addend, multiplier, shift in operations + operations[:LATENCY]:
            ctx.set(lane.x, x)
            ctx.set(lane.addend, addend)
            ctx.set(lane.multiplier, multiplier)
            ctx.set(lane.shift, shift)
            results.append(ctx.get(lane.result))
            await ctx.tick()

    simulator = Simulator(lane)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert results[LATENCY:] == [scaled(*operation) for operation in operations]
