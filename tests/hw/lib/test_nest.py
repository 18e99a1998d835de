from itertools import product
from random import Random
from typing import Any

import pytest
from amaranth.hdl import Module, Shape, signed, unsigned
from amaranth.sim import Simulator

from hw.lib.nest import Nest, Sum
from tests.support.pysim import CLOCK_PERIOD

LEVELS = {"outer": 2, "middle": 3, "inner": 2}


@pytest.mark.parametrize(
    ("shape", "moved_by"),
    [
        (unsigned(20), ("outer", "middle", "inner")),
        (unsigned(7), ("outer", "middle", "inner")),
        (signed(14), ("middle", "inner")),
        (signed(14), ("outer", "inner")),
        (unsigned(20), ("outer",)),
        (unsigned(20), ("middle",)),
    ],
)
def test_sums_follow_the_loops_whenever_they_advance(
    shape: Shape, moved_by: tuple[str, ...]
) -> None:
    random = Random(1)
    m = Module()
    m.submodules.nest = nest = Nest(LEVELS)
    m.submodules.sum = total = Sum(shape, tuple(LEVELS), {name: unsigned(8) for name in moved_by})
    m.d.comb += [total.advance.eq(nest.advance), total.last.eq(nest.last)]

    def as_held(number: int) -> int:
        wrapped = number % (1 << shape.width)
        return wrapped - (1 << shape.width) * (shape.signed and wrapped >> shape.width - 1)

    async def bench(ctx: Any) -> None:
        for _ in range(8):
            most = {name: random.randrange(1 << bits) for name, bits in LEVELS.items()}
            steps = {name: random.randrange(256) for name in moved_by}
            start = random.randrange(-200, 200) if shape.signed else random.randrange(100)
            ctx.set(nest.most, most)
            ctx.set(total.steps, steps)
            ctx.set(total.start, start)
            ctx.set(total.restart, 1)
            await ctx.tick()
            ctx.set(total.restart, 0)
            for place in product(*(range(count + 1) for count in most.values())):
                at = dict(zip(LEVELS, place, strict=True))
                while random.random() < 0.3:
                    await ctx.tick()
                value = start + sum(at[name] * step for name, step in steps.items())
                assert ctx.get(total.value) == as_held(value)
                ends = [at[name] == most[name] for name in LEVELS]
                for level, name in enumerate(LEVELS):
                    assert ctx.get(nest.last[name]) == all(ends[level:])
                ctx.set(nest.advance, 1)
                await ctx.tick()
                ctx.set(nest.advance, 0)

    simulator = Simulator(m)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
