"""Programs on the Verilog with the cocotb bench, which checks the rules of AXI as well."""

import numpy as np
import pytest

from hw.accelerator.bench.runs import run_program
from hw.accelerator.bench.script import Script
from hw.simulate import BenchError
from tests.accelerator import programs
from tests.accelerator.comparison import LIMIT_CYCLES, compare, contended


@pytest.mark.parametrize("memory", programs.MEMORIES)
@pytest.mark.parametrize(("seed", "length"), [(10, 20), (11, 50)])
def test_random_programs(play_verilator, seed, length, memory):
    found, simulation = compare(play_verilator, seed, length, memory)
    assert not found
    assert contended(simulation)


@pytest.mark.parametrize("permille", [50, 700])
def test_stalls_on_every_channel_change_no_bit(play_verilator, permille):
    found, _ = compare(play_verilator, 12, 30, "fixed", stalls=(permille, permille))
    assert not found


@pytest.mark.parametrize("memory", programs.MEMORIES)
def test_a_short_program_on_icarus(play_icarus, memory):
    """Icarus knows undefined bits: a control signal with one is an error of the bench."""
    found, _ = compare(play_icarus, 13, 12, memory)
    assert not found


def test_stalls_on_icarus(play_icarus):
    found, _ = compare(play_icarus, 14, 10, "fixed", stalls=(3, 300))
    assert not found


def results(play, design, program, dram, work):
    """What a bench says to a script with most commands."""
    dram.tofile(work / "dram.bin")
    script = Script()
    script.add("size", dram.size)
    script.add("image", 0, work / "dram.bin")
    script.memory(design)
    script.add("watch", 1, "activations", work / "activations")
    script.run(programs.PROGRAM, programs.BASES, LIMIT_CYCLES)
    script.add("reset", 3)
    script.add("errors", "read", 2)
    script.run(programs.PROGRAM, programs.BASES, LIMIT_CYCLES)
    for name in ("IDENTITY", "TARGET", "STATUS", "BASE1", "READ_BYTES"):
        script.read_register(name)
    script.add("errors", "read")
    script.prepare(programs.PROGRAM, programs.BASES)
    script.add("start")
    script.add("step", 200)
    script.abort()
    script.add("wait", 1)
    script.add("wait", LIMIT_CYCLES)
    script.read_register("STATUS")
    script.read_register("CYCLES")
    said = play(script, work)
    return said, (work / "activations").read_bytes(), (work / "results.txt").read_text()


def test_both_benches_say_the_same_to_a_script(play, play_verilator, tmp_path):
    design = programs.accelerator("banked")
    program = programs.random_program(15, 25, design)
    dram = programs.memory_image(15, program)
    for name in ("native", "cocotb"):
        (tmp_path / name).mkdir()
    native = results(play, design, program, dram, tmp_path / "native")
    assert native == results(play_verilator, design, program, dram, tmp_path / "cocotb")
    assert "reached 1 " in native[2]


def test_what_the_bench_can_not_play_is_an_error(play_verilator, tmp_path):
    script = Script()
    script.add("checkpoint", 1, 2)
    with pytest.raises(BenchError, match="this bench has no command checkpoint"):
        play_verilator(script, tmp_path)


def test_a_program_that_does_not_end(play_verilator):
    design = programs.accelerator()
    program = programs.random_program(16, 8, design)
    dram = programs.memory_image(16, program)
    outcome = run_program(
        play_verilator,
        design,
        dram,
        program=programs.PROGRAM,
        bases=programs.BASES,
        limit_cycles=100,
    )
    assert outcome.cycles == 0
    assert np.array_equal(outcome.dram, dram)
