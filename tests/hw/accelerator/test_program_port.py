"""The program port around programs."""

import pytest
from amaranth.hdl import Module
from amaranth.sim import Simulator

from hw.accelerator.fetch import BURST_BEATS, Fetch
from hw.accelerator.program_port import ProgramPort


@pytest.mark.parametrize("late", [0, 1, 5])
def test_silence_between_programs(late):
    """Nothing is asked for before a start, nor until an earlier program's beats have come."""
    m = Module()
    m.submodules.port = port = ProgramPort()

    async def testbench(ctx):
        fetch, bus = port.fetch, port.bus
        ctx.set(bus.ar.ready, 1)
        # A fetch unit in reset offers its first burst.
        ctx.set(fetch.ar.valid, 1)
        ctx.set(fetch.ar.payload.beats, BURST_BEATS)
        ctx.set(port.clear, 1)
        for _ in range(5):
            assert not ctx.get(bus.ar.valid)
            await ctx.tick()
        ctx.set(port.clear, 0)
        assert ctx.get(bus.ar.valid)
        assert ctx.get(fetch.ar.ready)
        await ctx.tick()
        ctx.set(fetch.ar.valid, 0)
        ctx.set(bus.r.valid, 1)
        for _ in range(BURST_BEATS - late):
            assert ctx.get(fetch.r.valid)
            await ctx.tick()
        ctx.set(bus.r.valid, 0)
        ctx.set(port.clear, 1)
        await ctx.tick().repeat(2)
        ctx.set(port.clear, 0)
        ctx.set(fetch.ar.valid, 1)
        ctx.set(bus.r.valid, 1)
        for _ in range(late):
            assert not ctx.get(bus.ar.valid)
            assert not ctx.get(fetch.r.valid)
            await ctx.tick()
        ctx.set(bus.r.valid, 0)
        assert ctx.get(bus.ar.valid)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def test_the_address_of_a_program_is_looked_at_once():
    fetch = Fetch(bytes(8))

    async def testbench(ctx):
        ar = fetch.bus.ar
        ctx.set(fetch.program, 0x1200)
        await ctx.tick()
        ctx.set(fetch.program, 0x3400)
        await ctx.tick()
        assert ctx.get(ar.valid)
        assert ctx.get(ar.payload.address) == 0x1200

    simulator = Simulator(fetch)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
