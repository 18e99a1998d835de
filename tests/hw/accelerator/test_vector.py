"""The vector unit against the interpreter and the timing, word by word of its memories."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from random import Random
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Value
from amaranth.sim import Simulator

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Add, Pool, Requantize, Table
from golden.accelerator.interpreter import Machine, MemorySizes, execute
from golden.engines.systolic import Params
from hw.accelerator.vector import VectorUnit
from hw.emit import emit_verilog
from sim.accelerator.vector import VectorInstruction, vector_cycles
from tests.golden.accelerator.small import copied, differing, filled, random_instruction
from tests.support.pysim import CLOCK_PERIOD
from tests.support.verilog import modules

PATIENCE_CYCLES = 60_000
LARGE = MemorySizes(activations=1400, weights=1, parameters=2400, accumulators=1300)
INT32 = (-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1)

AVERAGE = Pool(
    kind=1, pixel_words=1, width=40, row_words=40, height=32, taps_y=32, taps_x=32, target=1300
)
CORNERS: dict[str, VectorInstruction] = {
    "one word": Requantize(target=7, source=3),
    "the same word again and again": Requantize(out_height=1024, target=9),
    "many columns": Requantize(out_width=300, blocks=2, pixel_words=2, target=20, zero_point=-128),
    "many blocks": Requantize(blocks=256, parameters=30, zero_point=127, low=-4, high=90),
    "nothing is between low and high": Requantize(
        out_width=40, parameters=9, zero_point=-60, low=50, high=-50
    ),
    "a sum of one word": Add(first=5, second=6, target=7),
    "a word with itself, in place": Add(first=5, second=5, target=5, words=40),
    "a table of one word": Table(source=5, target=5),
    "many words": Table(target=700, words=300),
    "one tap": Pool(source=4, target=1399),
    "averages of one tap": Pool(kind=1, source=4, target=1390, out_width=5, pixel_words=2, width=5),
    "averages of eight taps": Pool(
        kind=1, taps_x=8, width=30, pixel_words=1, target=1300, out_width=3
    ),
    "averages of nine taps": Pool(
        kind=1, taps_x=9, width=30, pixel_words=1, target=1300, out_width=3
    ),
    "averages of ten taps": Pool(
        kind=1, taps_x=10, width=30, pixel_words=1, target=1300, out_width=3
    ),
    "the largest windows": replace(AVERAGE, out_width=2, stride_x=3),
    "the largest maxima": replace(AVERAGE, kind=0, target=1390),
    "no tap inside": Pool(origin_y=9, taps_x=3, out_width=4, low=-100, target=1300),
    "no tap inside of averages": Pool(
        kind=1, origin_x=-9, taps_x=3, taps_y=2, out_width=2, target=9
    ),
    "far rows": Pool(
        height=4096,
        row_words=65535,
        origin_y=-4096,
        stride_y=32,
        out_height=129,
        source=30,
        target=40,
        target_row_words=3,
    ),
    "far columns": Pool(
        width=4096,
        pixel_words=255,
        origin_x=-4096,
        stride_x=32,
        out_width=129,
        source=30,
        target=40,
        target_pixel_words=5,
    ),
    "all the way beyond": Pool(
        origin_x=4064, stride_x=32, out_width=2100, target=40, target_pixel_words=0
    ),
}


@dataclass
class Ran:
    """What an instruction did: its cycles, addresses, and memories at its end."""

    reads: dict[Space, set[int]] = field(
        default_factory=lambda: {
            space: set() for space in (Space.ACTIVATIONS, Space.PARAMETERS, Space.ACCUMULATORS)
        }
    )
    writes: list[int] = field(default_factory=list)
    cycles: int = 0
    machine: Machine | None = None


class Bench:
    """Memories around a unit, and instructions that it is offered.

    What a port has not read is random.
    """

    def __init__(self, unit: VectorUnit, machine: Machine, random: Random) -> None:
        self.unit, self.machine, self.random = unit, machine, random
        self.readers = [
            (unit.sums, Space.ACCUMULATORS, machine.accumulators.astype(np.int32)),
            (unit.activations_read, Space.ACTIVATIONS, machine.activations),
            (unit.parameters, Space.PARAMETERS, machine.parameters),
        ]
        self.ran: list[Ran] = []

    async def play(
        self,
        ctx: Any,
        instructions: Sequence[VectorInstruction],
        pause: float = 0.0,
        cycles: int = PATIENCE_CYCLES,
    ) -> None:
        """Run ``instructions``, or what ``cycles`` are enough for.

        An offer is late by a cycle with probability ``pause``.
        """
        unit = self.unit
        waiting = deque(int.from_bytes(encode_instruction(op), "little") for op in instructions)
        current: Ran | None = None
        offered = False
        began = idle = 0
        for cycle in range(cycles):
            if len(self.ran) == len(instructions) and idle == 4:
                return
            offered = offered or (bool(waiting) and self.random.random() >= pause)
            ctx.set(unit.start.valid, offered)
            ctx.set(unit.start.payload, waiting[0] if offered else self.random.getrandbits(256))
            assert ctx.get(unit.start.ready) == (current is None)
            if offered and current is None:
                waiting.popleft()
                current, began, offered = Ran(), cycle, False
            await self.memories(ctx, current)
            if current is not None and ctx.get(unit.done):
                current.cycles, current.machine = cycle - began + 1, copied(self.machine)
                self.ran.append(current)
                current = None
            else:
                assert not ctx.get(unit.done)
            await ctx.tick()
            for (port, _, _), word in zip(self.readers, self.words, strict=True):
                ctx.set(Value.cast(port.data), word)
            idle += not waiting and current is None

    async def memories(self, ctx: Any, current: Ran | None) -> None:
        """What the memories do in a cycle."""
        self.words = []
        for port, space, memory in self.readers:
            if ctx.get(port.en):
                address = ctx.get(port.address)
                assert current is not None, "reads although idle"
                current.reads[space].add(address)
                self.words.append(int.from_bytes(memory[address].tobytes(), "little"))
            else:
                self.words.append(self.random.getrandbits(8 * memory[0].nbytes))
        port = self.unit.activations_write
        if ctx.get(port.en):
            assert current is not None, "writes although idle"
            address = ctx.get(port.address)
            octets = ctx.get(Value.cast(port.data)).to_bytes(self.machine.lanes, "little")
            self.machine.activations[address] = np.frombuffer(octets, dtype=np.int8)
            current.writes.append(address)


@cache
def described(lanes: int) -> Accelerator:
    return Accelerator(
        name="test",
        engine="systolic",
        params=Params(rows=lanes, cols=lanes),
        activation_bytes=4096 * lanes,
        weight_bytes=256 * lanes,
        parameter_bytes=256 * lanes,
        accumulator_bytes=4096 * lanes,
    )


def simulate(unit: VectorUnit, play: Any) -> None:
    """Run ``play(ctx, reset)``."""
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.unit = unit

    async def bench(ctx: Any) -> None:
        await play(ctx, domain.rst)

    simulator = Simulator(top)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()


def run(
    lanes: int, instructions: Sequence[VectorInstruction], machine: Machine, pause: float = 0.0
) -> None:
    """Run instructions one after the other and compare each with what it should do."""
    unit = VectorUnit(described(lanes))
    before = copied(machine)
    bench = Bench(unit, machine, Random(1))

    async def play(ctx: Any, reset: Any) -> None:
        await bench.play(ctx, instructions, pause)

    simulate(unit, play)
    check(bench.ran, instructions, before)


def check(ran: Sequence[Ran], instructions: Sequence[VectorInstruction], machine: Machine) -> None:
    """Compare what instructions did with what they do to ``machine``."""
    for op, did in zip(instructions, ran, strict=True):
        execute(machine, op)
        assert not differing(did.machine, machine), op
        assert did.cycles == vector_cycles(described(machine.lanes), op), op
        touched = accesses(op, machine.lanes)
        for space, addresses in did.reads.items():
            reads = [a.index.tolist() for a in touched if a.space is space and not a.writes]
            assert addresses == set(chain(*reads)), (op, space)
        [target] = [access for access in touched if access.writes]
        assert set(did.writes) == set(target.index.tolist()), op
        assert len(did.writes) == words_of(op), op


def words_of(op: VectorInstruction) -> int:
    """Words of the result, those that are written twice twice."""
    return op.words if isinstance(op, Add | Table) else op.blocks * op.out_height * op.out_width


def random_machine(
    rng: np.random.Generator, lanes: int, sizes: MemorySizes | None = None
) -> Machine:
    """Random numbers, among them extremes; parameters of block 1 are those of real layers."""
    machine = filled(rng, lanes) if sizes is None else filled(rng, lanes, sizes)
    sums = machine.accumulators
    extreme = rng.random(sums.shape) < 0.1
    sums[extreme] = rng.choice(INT32, np.count_nonzero(extreme))
    machine.activations[rng.random(machine.activations.shape) < 0.1] = -128
    for first in (0, 9):
        numbers = machine.parameters[first : first + 8].reshape(2, -1).view(np.int32)
        if first == 0:
            extreme = rng.random(numbers.shape) < 0.3
            numbers[extreme] = rng.choice(INT32, np.count_nonzero(extreme))
        else:
            numbers[0] = rng.integers(-128, 129, lanes)
            numbers[1] = rng.integers(2**30, 2**31, lanes)
            machine.parameters[first + 8] = rng.integers(-18, 1, lanes)
    return machine


def random_vector(rng: np.random.Generator, lanes: int) -> VectorInstruction:
    kind = (Requantize, Add, Pool, Table)[int(rng.integers(4))]
    op = random_instruction(rng, lanes, kind)
    if isinstance(op, Pool) and rng.random() < 0.3:
        op = replace(op, taps_y=int(rng.integers(1, 6)), taps_x=int(rng.integers(1, 6)))
    if isinstance(op, Add | Table) and rng.random() < 0.4:
        first = op.first if isinstance(op, Add) else op.source
        if isinstance(op, Add) and abs(op.first - op.second) < op.words:
            op = replace(op, second=first)
        op = replace(op, target=first)
    return op


@pytest.mark.parametrize("lanes", [4, 5, 8])
@pytest.mark.parametrize("pause", [0.0, 0.7])
def test_random_instructions(lanes: int, pause: float) -> None:
    rng = np.random.default_rng([lanes, int(pause * 10)])
    instructions = [random_vector(rng, lanes) for _ in range(60)]
    run(lanes, instructions, random_machine(rng, lanes), pause)


@pytest.mark.parametrize("lanes", [4])
def test_corners(lanes: int) -> None:
    rng = np.random.default_rng(lanes)
    run(lanes, list(CORNERS.values()), random_machine(rng, lanes, LARGE))


@pytest.mark.parametrize("value", [-128, 127])
def test_totals_of_the_largest_windows(value: int) -> None:
    machine = filled(np.random.default_rng(1), 4, LARGE)
    machine.activations[:] = value
    run(4, [AVERAGE, replace(AVERAGE, origin_y=-1, origin_x=-5)], machine)


def test_a_reset_in_the_middle_leaves_nothing_behind() -> None:
    lanes = 4
    rng = np.random.default_rng(3)
    machine = random_machine(rng, lanes)
    instructions = [random_vector(rng, lanes) for _ in range(40)]
    unit = VectorUnit(described(lanes))
    bench = Bench(unit, machine, Random(1))

    async def play(ctx: Any, reset: Any) -> None:
        for op in instructions:
            busy = vector_cycles(described(lanes), op)
            bench.ran.clear()
            await bench.play(ctx, [op], cycles=int(rng.integers(1, busy)))
            ctx.set(unit.start.valid, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            before = copied(machine)
            await bench.play(ctx, [op])
            check(bench.ran, [op], before)

    simulate(unit, play)


def test_verilog_has_one_module_for_all_lanes() -> None:
    names = modules(emit_verilog(VectorUnit(described(8)), "vector"))
    for part in ("scaling_lane", "pool_lane", "table_lane"):
        assert sum(part in name for name in names) == 1
