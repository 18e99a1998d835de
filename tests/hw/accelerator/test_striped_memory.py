"""Memories that are written word by word and read in runs of words."""

from random import Random
from typing import Any

import pytest
from amaranth.hdl import Value, unsigned
from amaranth.lib import data
from amaranth.sim import Simulator

from hw.accelerator.memories import LocalMemory, StripedMemory, run_memory
from tests.support.pysim import CLOCK_PERIOD

WORD = data.ArrayLayout(unsigned(8), 4)
WORDS = 16


@pytest.mark.parametrize("at_once", [2, 4, 8])
def test_runs_of_words(at_once: int) -> None:
    memory = StripedMemory(WORD, words=WORDS, at_once=at_once)
    reader, writer = memory.readers[0], memory.writers[0]
    random = Random(at_once)
    held = [0] * WORDS
    shown: int | None = None

    async def testbench(ctx: Any) -> None:
        nonlocal shown
        for _ in range(300):
            reads, writes = random.random() < 0.5, random.random() < 0.7
            run, address, word = (
                random.randrange(WORDS // at_once),
                random.randrange(WORDS),
                random.getrandbits(32),
            )
            ctx.set(reader.en, reads)
            ctx.set(reader.address, run if reads else random.getrandbits(30))
            ctx.set(writer.en, writes)
            ctx.set(writer.address, address if writes else random.getrandbits(30))
            ctx.set(Value.cast(writer.data), word)
            assert not ctx.get(memory.fault)
            if shown is not None:
                assert ctx.get(Value.cast(reader.data)) == shown
            if reads:
                words = held[run * at_once : (run + 1) * at_once]
                shown = sum(entry << 32 * number for number, entry in enumerate(words))
            if writes:
                held[address] = word
            await ctx.tick()

    simulator = Simulator(memory)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(testbench)
    simulator.run()


def test_an_address_beyond_is_a_fault() -> None:
    memory = StripedMemory(WORD, words=WORDS, at_once=4)
    reader, writer = memory.readers[0], memory.writers[0]

    async def testbench(ctx: Any) -> None:
        for port, last in ((reader, WORDS // 4 - 1), (writer, WORDS - 1)):
            ctx.set(port.en, 1)
            for address, fault in ((0, 0), (last, 0), (last + 1, 1), ((1 << 30) - 1, 1)):
                ctx.set(port.address, address)
                assert ctx.get(memory.fault) == fault
            ctx.set(port.en, 0)
            assert not ctx.get(memory.fault)

    simulator = Simulator(memory)
    simulator.add_testbench(testbench)
    simulator.run()


def test_one_word_at_a_time_takes_no_stripes() -> None:
    assert isinstance(run_memory(WORD, words=WORDS, at_once=1), LocalMemory)
    assert isinstance(run_memory(WORD, words=WORDS, at_once=2), StripedMemory)
