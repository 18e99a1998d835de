"""The drain of tiles against a queue of rows."""

from random import Random
from typing import Any

import pytest
from amaranth.sim import Simulator

from hw.lib.tile.drain import Drain
from tests.support.pysim import CLOCK_PERIOD

ROWS = 4
CYCLES = 300


@pytest.mark.parametrize(("wants", "takes"), [(1.0, 1.0), (0.3, 1.0), (1.0, 0.4), (0.5, 0.5)])
def test_rows_leave_once_each_and_a_tile_enters_as_soon_as_there_is_room(
    wants: float, takes: float
) -> None:
    random = Random(1)
    drain = Drain(ROWS)
    entered = left = rows = 0

    async def bench(ctx: Any) -> None:
        nonlocal entered, left, rows
        finish, height = False, 1
        for _ in range(CYCLES):
            if not finish:
                finish, height = random.random() < wants, random.randint(1, ROWS)
            ready = random.random() < takes
            ctx.set(drain.finish, finish)
            ctx.set(drain.m, height)
            ctx.set(drain.ready, ready)
            assert bool(ctx.get(drain.valid)) == (rows > 0)
            assert bool(ctx.get(drain.shift)) == (rows > 0 and ready)
            free = rows == 0 or (rows == 1 and ready)
            assert bool(ctx.get(drain.free)) == free
            await ctx.tick()
            left += rows > 0 and ready
            rows -= rows > 0 and ready
            if finish and free:
                rows, finish = height, False
                entered += height

    simulator = Simulator(drain)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    assert entered == left + rows
    assert left > CYCLES // 10
