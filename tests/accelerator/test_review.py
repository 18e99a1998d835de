"""Programs that end or are stopped while the bus is busy, and software that does not wait."""

from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.encoding import Program, encode_program
from golden.accelerator.instructions import Gemm, Load, Units
from golden.accelerator.registers import Control, ErrorCode, Status
from hw.accelerator.bench.script import Script
from tests.accelerator import programs

LIMIT_CYCLES = 50_000
FIRST = 1 << 15
"""Where the program is that comes before the one that is looked at."""


@pytest.fixture(scope="module")
def second():
    design = programs.accelerator()
    return design, programs.random_program(1, 30, design)


def prepared(work, second, *instructions):
    """A script with two programs in memory, and that memory."""
    design, program = second
    dram = programs.memory_image(1, program)
    octets = encode_program(Program(instructions=instructions, target=design.target))
    dram[FIRST : FIRST + len(octets)] = np.frombuffer(octets, dtype=np.uint8)
    dram.tofile(work / "dram.bin")
    script = Script()
    script.add("size", dram.size)
    script.add("image", 0, work / "dram.bin")
    script.memory(design)
    return script, dram


def finished(play, script, work, second, dram):
    """Whether the second program was the last one, and right."""
    script.add("wait", LIMIT_CYCLES)
    script.read_register("STATUS")
    script.add("save", 0, dram.size, work / "after.bin")
    results = play(script, work)
    design, program = second
    machine = programs.interpreted(design, program, dram)
    right = np.array_equal(np.fromfile(work / "after.bin", dtype=np.uint8), machine.dram)
    return results, right


@pytest.mark.parametrize("stalls", [0, 500, 900])
@pytest.mark.parametrize("loads", [0, 1, 8])
def test_a_start_right_after_an_end(play, second, tmp_path, stalls, loads):
    """What is left of the first program's last burst is none of the second program."""
    script, dram = prepared(tmp_path, second, *[Load()] * loads)
    script.add("stalls", 1, stalls)
    script.run(FIRST, programs.BASES, LIMIT_CYCLES)
    script.write_register("PROGRAM", programs.PROGRAM)
    script.write_register("INTERRUPT_STATUS", 1)
    # Not the bench's own start, which begins with a bus that has forgotten what was asked for.
    script.write_register("CONTROL", int(Control.START))
    results, right = finished(play, script, tmp_path, second, dram)
    assert results.last("STATUS") == Status.DONE
    assert right


@pytest.mark.parametrize("cycles", [0, 1, 5, 40])
def test_the_next_program_is_named_while_one_runs(play, second, tmp_path, cycles):
    script, dram = prepared(tmp_path, second)
    script.add("stalls", 1, 300)
    script.prepare(programs.PROGRAM, programs.BASES)
    script.add("start")
    script.add("step", cycles)
    script.write_register("PROGRAM", FIRST)
    results, right = finished(play, script, tmp_path, second, dram)
    assert results.last("STATUS") == Status.DONE
    assert right


@pytest.mark.parametrize("cycles", [0, 30, 200])
def test_a_start_while_a_program_runs_does_nothing(play, second, tmp_path, cycles):
    script, dram = prepared(tmp_path, second)
    script.prepare(programs.PROGRAM, programs.BASES)
    script.add("start")
    script.add("step", cycles)
    script.write_register("CONTROL", int(Control.START))
    results, right = finished(play, script, tmp_path, second, dram)
    assert results.last("STATUS") == Status.DONE
    assert right


def stopped(play, script, work, watchdog):
    """Why the first program is stopped, with a watchdog that is set late."""
    script.prepare(FIRST, programs.BASES)
    script.add("start")
    script.add("step", 100)
    script.write_register("WATCHDOG", watchdog)
    script.add("wait", LIMIT_CYCLES)
    script.read_register("STATUS")
    return ErrorCode(play(script, work).last("STATUS") >> 8)


@pytest.mark.parametrize("watchdog", [1, 5, 7, 8, 9, 20])
def test_a_short_watchdog_finds_no_hung_bus_where_all_is_quiet(play, second, tmp_path, watchdog):
    script, _ = prepared(tmp_path, second, Gemm(wait=Units.LOAD))
    assert stopped(play, script, tmp_path, watchdog) is ErrorCode.WATCHDOG


@pytest.mark.parametrize("stalls", [0, 800])
def test_a_bus_that_answers_slowly_is_not_hung(play, second, tmp_path, stalls):
    """Beats come more often than the watchdog barks, but not all that were asked for."""
    design, program = second
    slow = replace(design, memory=replace(design.memory, bytes_per_cycle=2, outstanding=16))
    load = Load(row_bytes=1024, group_bytes=1024)
    script, _ = prepared(tmp_path, (slow, program), load)
    script.add("stalls", 1, stalls)
    assert stopped(play, script, tmp_path, 50) is ErrorCode.WATCHDOG


@pytest.mark.parametrize("enabled", [0, 1])
def test_an_interrupt_that_is_enabled_late(play, second, tmp_path, enabled):
    script, dram = prepared(tmp_path, second)
    script.prepare(programs.PROGRAM, programs.BASES)
    script.write_register("INTERRUPT_ENABLE", enabled)
    script.add("start")
    script.add("step", 10_000)
    script.read_register("INTERRUPT_STATUS")
    script.write_register("INTERRUPT_ENABLE", 1)
    results, right = finished(play, script, tmp_path, second, dram)
    assert results.last("INTERRUPT_STATUS") == 1
    assert results.last("STATUS") == Status.DONE
    assert results.cycles[-1] > 0
    assert right
