"""Random legal programs for a small accelerator, and what they must leave."""

from dataclasses import replace

import numpy as np

from golden.accelerator.accesses import accesses
from golden.accelerator.banks import ports
from golden.accelerator.checker import Regions, check_program
from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.encoding import Program, encode_program
from golden.accelerator.feeding import Streaming
from golden.accelerator.instructions import Gemm, Load, Unit, Units
from golden.accelerator.interpreter import Machine, execute
from golden.engines.systolic import Params
from tests.golden.accelerator.small import exact, random_instruction

LANES = 4
PROGRAM = 0
BASES = (1 << 16, (1 << 16) + 300, (1 << 16) + 4100, 1 << 17)
DRAM_BYTES = (1 << 17) + 8192
_FLAGS = {Unit.LOAD: Units.LOAD, Unit.EXECUTE: Units.EXECUTE, Unit.STORE: Units.STORE}

MEMORIES = {
    "ideal": Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=8),
    "fixed": Memory(latency_cycles=17, bytes_per_cycle=4, outstanding=3),
    "banked": Memory(
        kind=MemoryKind.BANKED,
        latency_cycles=3,
        bytes_per_cycle=8,
        outstanding=6,
        banks=2,
        row_bytes=128,
        activate_cycles=4,
        precharge_cycles=5,
        column_cycles=3,
        refresh_interval_cycles=200,
        refresh_cycles=23,
    ),
}


def accelerator(memory="fixed"):
    """Small memories, so that instructions meet each other."""
    return Accelerator(
        name="small",
        engine="systolic",
        params=Params(rows=LANES, cols=LANES, k_max=LANES),
        activation_bytes=256 * LANES,
        weight_bytes=256 * LANES,
        parameter_bytes=512 * LANES,
        accumulator_bytes=64 * 4 * LANES,
        bus_bytes=8,
        burst_beats=4,
        outstanding_reads=4,
        queue_depth=4,
        memory=MEMORIES[memory],
    )


def streaming(engine, params, memory="fixed"):
    """The same around an engine through which operands stream, with as many lanes."""
    assert params.n == LANES
    return replace(accelerator(memory), engine=engine, params=params)


def _prologue(design):
    """Fills every local memory."""
    lanes, bits = design.lanes, design.feeding.weight_bits[0]
    parameters = min(512 * lanes, 2048)
    return [
        Load(memory=0, row_bytes=256 * lanes, group_bytes=256 * lanes),
        Load(memory=1, address=7, row_bytes=256 * lanes, group_bytes=256 * lanes),
        Load(memory=2, address=1, row_bytes=parameters, group_bytes=parameters),
        Gemm(last_lanes=lanes, out_width=64, width=64, pixel_words=1, weight_bits=bits),
    ]


def _fitting(rng, instruction, design):
    """A product says how many bits its weights have, and where a beat begins."""
    feeding = design.feeding
    if not isinstance(instruction, Gemm) or not isinstance(feeding, Streaming):
        return instruction
    return replace(
        instruction,
        weight_bits=int(rng.choice(feeding.weight_bits)),
        weights=instruction.weights // feeding.alignment * feeding.alignment,
    )


def _conflict(one, other):
    """Whether two instructions must not run at the same time."""
    (reads, writes, used), (their_reads, their_writes, their_used) = one, other
    crossed = writes & (their_reads | their_writes) or reads & their_writes
    return bool(crossed or used & their_used)


def _touched(instruction, regions):
    found = accesses(instruction, regions.lanes, regions.feeding)
    reads, writes = set(), set()
    for access in found:
        # The base registers' regions overlap.
        base = BASES[access.base] if access.space.value == "dram" else 0
        words = {(access.space, base + int(word)) for word in access.index}
        (writes if access.writes else reads).update(words)
    return reads, writes, set(ports(instruction, found, regions.bank_words))


def synchronised(program, regions):
    """The program with the tokens that it needs, and few more."""
    program = list(program)
    touched = [_touched(instruction, regions) for instruction in program]
    latest = {}
    for taker, instruction in enumerate(program):
        for unit in Unit:
            if unit is instruction.UNIT:
                continue
            givers = [
                giver
                for giver in range(latest.get((unit, instruction.UNIT), -1) + 1, taker)
                if program[giver].UNIT is unit and _conflict(touched[giver], touched[taker])
            ]
            if givers:
                giver = givers[-1]
                latest[unit, instruction.UNIT] = giver
                gives = program[giver].signal | _FLAGS[instruction.UNIT]
                program[giver] = replace(program[giver], signal=gives)
                program[taker] = replace(program[taker], wait=program[taker].wait | _FLAGS[unit])
    return program


def random_program(seed, length, design):
    """A legal program of about ``length`` instructions."""
    rng = np.random.default_rng(seed)
    regions = Regions.of(design, [8192 - 4100] * 4)
    instructions = _prologue(design)
    while len(instructions) < length:
        instruction = _fitting(rng, random_instruction(rng, design.lanes), design)
        if not check_alone(instruction, regions, design):
            instructions.append(instruction)
    program = synchronised(instructions, regions)
    errors = check_program(program, regions)
    assert not errors, (seed, errors)
    return Program(instructions=tuple(program), target=design.target)


def check_alone(instruction, regions, design):
    """What is wrong with an instruction after the prologue."""
    return check_program(synchronised([*_prologue(design), instruction], regions), regions)


def memory_image(seed, program):
    """DRAM with random data and the program."""
    rng = np.random.default_rng(seed)
    dram = rng.integers(0, 256, DRAM_BYTES).astype(np.uint8)
    octets = np.frombuffer(encode_program(program), dtype=np.uint8)
    assert len(octets) < BASES[0]
    dram[PROGRAM : PROGRAM + len(octets)] = octets
    return dram


def interpreted(design, program, dram):
    """The machine after the program."""
    machine = Machine(
        lanes=design.lanes,
        sizes=design.sizes,
        multiply=exact,
        dram=dram.copy(),
        bases=BASES,
        feeding=design.feeding,
    )
    for instruction in program.instructions:
        execute(machine, instruction)
    return machine
