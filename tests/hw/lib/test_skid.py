from collections import deque
from random import Random
from typing import Any

import pytest
from amaranth.hdl import unsigned
from amaranth.lib import data
from amaranth.sim import Simulator

from hw.lib.skid import SkidBuffer
from tests.support.pysim import CLOCK_PERIOD

BITS = 8
BEATS = 200


def run(buffer: SkidBuffer, bench: Any) -> None:
    simulator = Simulator(buffer)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("source_pause", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("sink_pause", [0.0, 0.3, 0.8])
def test_every_beat_leaves_once_and_in_order(source_pause: float, sink_pause: float) -> None:
    buffer = SkidBuffer(unsigned(BITS))
    random = Random(2)
    beats = [random.getrandbits(BITS) for _ in range(BEATS)]
    waiting, arrived = deque(beats), []
    cycles = 0

    async def bench(ctx: Any) -> None:
        nonlocal cycles
        offered, held = False, None
        while len(arrived) < BEATS:
            offered = offered or (bool(waiting) and random.random() >= source_pause)
            ready = random.random() >= sink_pause
            ctx.set(buffer.i.valid, offered)
            ctx.set(buffer.i.payload, waiting[0] if offered else random.getrandbits(BITS))
            seen = []
            for value in (not ready, ready):
                ctx.set(buffer.o.ready, value)
                seen.append((ctx.get(buffer.o.valid), ctx.get(buffer.i.ready)))
            assert seen[0] == seen[1], "valid and the ready of the source follow no ready at once"
            valid, payload = ctx.get(buffer.o.valid), ctx.get(buffer.o.payload)
            if held is not None:
                assert (valid, payload) == (1, held)
            held = payload if valid and not ready else None
            if valid and ready:
                arrived.append(payload)
            if offered and ctx.get(buffer.i.ready):
                waiting.popleft()
                offered = False
            cycles += 1
            await ctx.tick()

    run(buffer, bench)
    assert arrived == beats
    if source_pause == sink_pause == 0:
        assert cycles == BEATS


def test_a_beat_passes_in_the_cycle_in_which_it_comes() -> None:
    buffer = SkidBuffer(unsigned(BITS))

    async def bench(ctx: Any) -> None:
        assert ctx.get(buffer.o.valid) == 0
        assert ctx.get(buffer.i.ready) == 1
        ctx.set(buffer.i.payload, 77)
        ctx.set(buffer.i.valid, 1)
        assert (ctx.get(buffer.o.valid), ctx.get(buffer.o.payload)) == (1, 77)

    run(buffer, bench)


def test_the_source_sees_a_stop_one_cycle_later() -> None:
    buffer = SkidBuffer(unsigned(BITS))

    async def bench(ctx: Any) -> None:
        ctx.set(buffer.i.valid, 1)
        ctx.set(buffer.o.ready, 0)
        assert ctx.get(buffer.i.ready) == 1
        await ctx.tick()
        assert ctx.get(buffer.i.ready) == 0
        ctx.set(buffer.o.ready, 1)
        assert ctx.get(buffer.i.ready) == 0
        await ctx.tick()
        assert ctx.get(buffer.i.ready) == 1

    run(buffer, bench)


def test_structured_payloads_pass_whole() -> None:
    buffer = SkidBuffer(data.StructLayout({"left": 3, "right": 5}))

    async def bench(ctx: Any) -> None:
        ctx.set(buffer.i.payload, {"left": 5, "right": 19})
        ctx.set(buffer.i.valid, 1)
        await ctx.tick()
        ctx.set(buffer.i.payload, {"left": 0, "right": 0})
        assert (ctx.get(buffer.o.payload.left), ctx.get(buffer.o.payload.right)) == (5, 19)

    run(buffer, bench)
