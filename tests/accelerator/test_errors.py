"""What goes wrong, and that a good program runs right after it."""

from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.encoding import INSTRUCTION_BYTES, Program, encode_program
from golden.accelerator.instructions import Gemm, Load, Store, Units
from golden.accelerator.registers import ErrorCode, Status
from hw.accelerator.bench.script import Script
from tests.accelerator import programs

LIMIT_CYCLES = 50_000
WATCHDOG_CYCLES = 2_000
BAD = 1 << 15
"""Where the bad program is."""


@pytest.fixture(scope="module")
def good():
    design = programs.accelerator()
    program = programs.random_program(1, 30, design)
    return design, program, programs.memory_image(1, program)


class Scene:
    """A bad program, then a good one."""

    def __init__(self, play, good, work):
        self.play, self.work = play, work
        self.design, self.program, self.dram = good
        self.dram = self.dram.copy()
        self.script = Script()

    def put(self, octets):
        self.dram[BAD : BAD + len(octets)] = np.frombuffer(octets, dtype=np.uint8)

    def begin(self):
        self.dram.tofile(self.work / "dram.bin")
        self.script.add("size", self.dram.size)
        self.script.add("image", 0, self.work / "dram.bin")
        self.script.memory(self.design)
        self.script.write_register("WATCHDOG", WATCHDOG_CYCLES)

    def run_bad(self):
        self.script.run(BAD, programs.BASES, LIMIT_CYCLES)
        self.script.read_register("STATUS")

    def finish(self):
        """The error that the bad program gave, after the good one was right."""
        script = self.script
        script.add("errors", "read")
        script.add("errors", "write")
        script.add("errors", "program")
        # The bad program may have written to memory.
        script.add("image", 0, self.work / "dram.bin")
        script.run(programs.PROGRAM, programs.BASES, LIMIT_CYCLES)
        script.read_register("STATUS")
        script.add("save", 0, self.dram.size, self.work / "after.bin")
        results = self.play(script, self.work)
        after = np.fromfile(self.work / "after.bin", dtype=np.uint8)
        *before, last = [value for name, value in results.registers if name == "STATUS"]
        assert last == Status.DONE
        machine = programs.interpreted(self.design, self.program, self.dram)
        assert np.array_equal(after, machine.dram)
        self.results = results
        assert before[-1] & (Status.BUSY | Status.DONE | Status.ERROR) == Status.ERROR
        return ErrorCode(before[-1] >> 8)


@pytest.fixture
def scene(play, good, tmp_path):
    return Scene(play, good, tmp_path)


def encoded(design, *instructions, target=None):
    return encode_program(Program(instructions=instructions, target=target or design.target))


@pytest.mark.parametrize(
    ("port", "error"),
    [
        ("read", ErrorCode.DATA_READ),
        ("write", ErrorCode.DATA_WRITE),
        ("program", ErrorCode.PROGRAM_READ),
    ],
)
@pytest.mark.parametrize("burst", [0, 1])
def test_a_bus_error_stops_the_program(scene, port, error, burst):
    # A good program, but for the bus.
    scene.begin()
    scene.script.add("errors", port, burst)
    scene.script.run(programs.PROGRAM, programs.BASES, LIMIT_CYCLES)
    scene.script.read_register("STATUS")
    assert scene.finish() is error


def _flipped(octets, place):
    return octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :]


MALFORMED = {
    "no program": (lambda octets: _flipped(octets, 0), ErrorCode.NOT_A_PROGRAM),
    "other instruction set": (
        lambda octets: _flipped(octets, 12),
        ErrorCode.OTHER_INSTRUCTION_SET,
    ),
    "other accelerator": (lambda octets: _flipped(octets, 20), ErrorCode.OTHER_ACCELERATOR),
    "unknown opcode": (
        lambda octets: octets[:INSTRUCTION_BYTES] + b"\x0f" + octets[INSTRUCTION_BYTES + 1 :],
        ErrorCode.ILLEGAL_INSTRUCTION,
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_program_is_refused(scene, name):
    change, error = MALFORMED[name]
    scene.put(change(encoded(scene.design, Load(), Store())))
    scene.begin()
    scene.run_bad()
    assert scene.finish() is error


@pytest.mark.parametrize(
    ("instruction", "error"),
    [
        (Load(signal=Units.LOAD), ErrorCode.ILLEGAL_INSTRUCTION),
        (Load(local=255, row_bytes=16, group_bytes=16), ErrorCode.LOCAL_MEMORY),
        (Load(memory=3), ErrorCode.LOCAL_MEMORY),
        (Gemm(last_lanes=4, target=63, out_width=2, width=2), ErrorCode.LOCAL_MEMORY),
        (Gemm(wait=Units.LOAD), ErrorCode.WATCHDOG),
        (Store(local=4000), ErrorCode.LOCAL_MEMORY),
    ],
)
def test_an_illegal_instruction_is_an_error(scene, instruction, error):
    scene.put(encoded(scene.design, instruction))
    scene.begin()
    scene.run_bad()
    assert scene.finish() is error


@pytest.mark.parametrize("cycles", [1, 40, 77, 300, 900])
def test_an_abort_in_the_middle(scene, cycles):
    scene.begin()
    scene.script.prepare(programs.PROGRAM, programs.BASES)
    scene.script.add("start")
    scene.script.add("step", cycles)
    scene.script.abort()
    scene.script.add("wait", LIMIT_CYCLES)
    scene.script.read_register("STATUS")
    assert scene.finish() is ErrorCode.ABORTED


@pytest.mark.parametrize("cycles", [0, 3, 41, 78, 301, 901])
def test_a_reset_in_the_middle(scene, cycles):
    scene.put(_flipped(encoded(scene.design, Load()), 0))
    scene.begin()
    scene.script.prepare(programs.PROGRAM, programs.BASES)
    scene.script.add("start")
    scene.script.add("step", cycles)
    scene.script.add("reset", 1)
    scene.script.write_register("WATCHDOG", WATCHDOG_CYCLES)
    # A clean state: this error is the only one.
    scene.run_bad()
    assert scene.finish() is ErrorCode.NOT_A_PROGRAM


def test_a_bus_that_never_answers(scene):
    scene.design = replace(
        scene.design, memory=replace(scene.design.memory, latency_cycles=10 * WATCHDOG_CYCLES)
    )
    scene.begin()
    scene.script.run(programs.PROGRAM, programs.BASES, LIMIT_CYCLES)
    scene.script.read_register("STATUS")
    # Only a reset of the whole system helps.
    scene.script.add("reset", 2)
    scene.script.memory(programs.accelerator())
    assert scene.finish() is ErrorCode.BUS_HUNG
