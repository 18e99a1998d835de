"""Memories around an execute unit, against the interpreter and the timing."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Module, Value
from amaranth.sim import Simulator

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Gemm
from golden.accelerator.interpreter import Machine, execute
from sim.accelerator.execute import gemm_cycles
from tests.golden.accelerator.small import copied, differing
from tests.support.pysim import CLOCK_PERIOD

PATIENCE_CYCLES = 5000
TYPES = {"activations": np.int8, "weights": np.int8, "accumulators": np.int32}


@dataclass
class Port:
    """What a port of a memory does in a cycle."""

    signals: Any
    name: str

    def used(self, ctx: Any) -> int | None:
        """The address of this cycle."""
        return ctx.get(self.signals.address) if ctx.get(self.signals.en) else None


@dataclass
class Touched:
    """Addresses, in order."""

    reads: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in TYPES})
    writes: list[int] = field(default_factory=list)


@dataclass
class Ran:
    """What an instruction came to."""

    cycles: int
    touched: Touched
    machine: Machine


class Bench:
    """Memories around a unit, and instructions that it is offered.

    What a port has not read is random, and so is an accumulator that is written while it is read.
    """

    def __init__(self, unit: Any, machine: Machine, random: Random) -> None:
        self.unit, self.machine, self.random = unit, machine, random
        self.readers = [
            Port(unit.activations, "activations"),
            Port(unit.weights, "weights"),
            Port(unit.sums_read, "accumulators"),
        ]
        self.writer = Port(unit.sums_write, "accumulators")
        self.taken_by: int | None = None
        self.touched = Touched()
        self.ran: list[Ran] = []
        self.watch: Callable[[Any], None] = lambda ctx: None

    async def play(self, ctx: Any, gemms: Sequence[Gemm], pause: float) -> None:
        """Run ``gemms``; between any two the unit is left alone with probability ``pause``."""
        waiting = deque(int.from_bytes(encode_instruction(gemm), "little") for gemm in gemms)
        goal, cycle, idle = len(self.ran) + len(gemms), 0, 0
        offered = False
        while len(self.ran) < goal or idle < 3:
            offered = offered or (bool(waiting) and self.random.random() >= pause)
            ctx.set(self.unit.start.valid, offered)
            ctx.set(
                self.unit.start.payload, waiting[0] if offered else self.random.getrandbits(256)
            )
            taken = offered and ctx.get(self.unit.start.ready)
            if taken:
                assert self.taken_by is None, "busy, yet it takes another instruction"
                self.taken_by, self.touched = cycle, Touched()
                waiting.popleft()
                offered = False
            await self.cycle(ctx, cycle)
            idle = idle + 1 if len(self.ran) == goal else 0
            cycle += 1
            assert cycle < PATIENCE_CYCLES * len(gemms), "hang"

    async def cycle(self, ctx: Any, cycle: int) -> None:
        """What memories and ``done`` do in a cycle, and its end."""
        self.watch(ctx)
        read = [port.used(ctx) for port in self.readers]
        written = self.writer.used(ctx)
        word = ctx.get(Value.cast(self.unit.sums_write.data))
        done = ctx.get(self.unit.done)
        assert self.taken_by is not None or not (done or written is not None or any(read))
        words = [
            self.word(port, address, written)
            for port, address in zip(self.readers, read, strict=True)
        ]
        for port, address in zip(self.readers, read, strict=True):
            if address is not None:
                self.touched.reads[port.name].append(address)
        if written is not None:
            self.touched.writes.append(written)
            octets = word.to_bytes(4 * self.machine.lanes, "little")
            self.machine.accumulators[written] = np.frombuffer(octets, dtype=np.int32)
        if done:
            assert self.taken_by is not None
            self.ran.append(Ran(cycle - self.taken_by + 1, self.touched, copied(self.machine)))
            self.taken_by = None
        await ctx.tick()
        for port, word in zip(self.readers, words, strict=True):
            ctx.set(Value.cast(port.signals.data), word)

    def word(self, port: Port, address: int | None, written: int | None) -> int:
        """What the port shows in the next cycle."""
        kind = TYPES[port.name]
        if address is None or (port.name == "accumulators" and address == written):
            return self.random.getrandbits(len(Value.cast(port.signals.data)))
        memory = getattr(self.machine, port.name)
        if port.name == "weights":
            memory = memory.reshape(-1, self.machine.feeding.alignment * self.machine.lanes)
        return int.from_bytes(memory[address].astype(kind).tobytes(), "little")


def simulate(unit: Any, testbench: Any) -> None:
    """Run a testbench, which is given the reset."""
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.unit = unit
    simulator = Simulator(top)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(partial(testbench, reset=domain.rst))
    simulator.run()


def check(ran: Ran, gemm: Gemm, expected: Machine, accelerator: Accelerator) -> None:
    """Compare with what the instruction does to ``expected``, which is changed."""
    execute(expected, gemm)
    assert not differing(ran.machine, expected), gemm
    assert ran.cycles == gemm_cycles(accelerator, gemm), gemm
    words = {
        (access.space, access.writes): set(access.index.tolist())
        for access in accesses(gemm, accelerator.lanes, accelerator.feeding)
    }
    touched = ran.touched
    assert set(touched.reads["activations"]) == words[Space.ACTIVATIONS, False], gemm
    at_once = accelerator.feeding.alignment
    beats = {word // at_once for word in words[Space.WEIGHTS, False]}
    assert set(touched.reads["weights"]) == beats, gemm
    assert set(touched.writes) == words[Space.ACCUMULATORS, True], gemm
    assert set(touched.reads["accumulators"]) <= set(touched.writes), gemm
