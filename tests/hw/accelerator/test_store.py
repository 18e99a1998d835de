"""The store unit against the golden model in every byte, and against its timing in every cycle."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module
from amaranth.sim import Simulator

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Store
from golden.accelerator.interpreter import Machine, MemorySizes, execute
from golden.engines.systolic import Params
from hw.accelerator.store import StoreUnit
from hw.bench.accelerator.memory import AxiMemory
from hw.emit import emit_verilog
from sim.accelerator.store import store_beats, store_bursts, store_cycles
from tests.support.axi_write import WriteDriver
from tests.support.pysim import CLOCK_PERIOD
from tests.support.verilog import modules

WORDS = 96
DRAM_BYTES = 6000
SHAPES = [(8, 8), (16, 16), (4, 8), (16, 8), (8, 64), (4, 64), (12, 8), (5, 16), (20, 8)]
PATIENCE_CYCLES = 4000


def accelerator_of(lanes: int, bus_bytes: int, burst_beats: int, memory: Memory) -> Accelerator:
    return Accelerator(
        name="test",
        engine="systolic",
        params=Params(rows=lanes, cols=lanes),
        activation_bytes=WORDS * lanes,
        weight_bytes=WORDS * lanes,
        parameter_bytes=WORDS * lanes,
        accumulator_bytes=32 * lanes * 4,
        activation_banks=1,
        bus_bytes=bus_bytes,
        burst_beats=burst_beats,
        memory=memory,
    )


def random_accelerator(random: Random, lanes: int, bus_bytes: int) -> Accelerator:
    least = max(2, -(-lanes // bus_bytes))
    bursts = [beats for beats in (2, 4, 8, 16) if beats >= least]
    memory = Memory(
        kind=random.choice([MemoryKind.FIXED] * 3 + [MemoryKind.IDEAL]),
        latency_cycles=random.choice([1, 2, 5, random.randint(1, 60)]),
        bytes_per_cycle=bus_bytes // random.choice([1, 1, 2, 4]),
        outstanding=random.choice([1, 2, 3, 16]),
    )
    return accelerator_of(lanes, bus_bytes, random.choice(bursts), memory)


def random_store(random: Random, lanes: int) -> Store:
    """A legal one, of few words, that may write bytes twice."""
    while True:
        group_bytes = random.choice(
            [1, 3, lanes, lanes + 1, random.randint(1, 5 * lanes), 2 * lanes]
        )
        groups = random.choice([1, 2, random.randint(1, 12)])
        rows = random.choice([1, 2, random.randint(1, 9)])
        words = groups * -(-group_bytes // lanes)
        step = random.choice([0, words, words + 1, random.randint(0, WORDS)])
        row_bytes = groups * group_bytes
        store = Store(
            base=random.randrange(4),
            address=random.choice([0, random.randrange(600)]),
            rows=rows,
            row_step=random.choice([0, row_bytes, row_bytes + 1, random.randrange(400)]),
            groups=groups,
            group_bytes=group_bytes,
            local=random.randrange(8),
            local_row_step=step,
        )
        if store.local + (rows - 1) * step + words <= WORDS:
            return store


def axi_memory(octets: bytearray, accelerator: Accelerator, **kwargs: Any) -> AxiMemory:
    memory = accelerator.memory
    timing = {}
    if memory.kind is MemoryKind.FIXED:
        timing = {
            "latency_cycles": memory.latency_cycles,
            "interval": accelerator.bus_bytes // memory.bytes_per_cycle,
            "outstanding": memory.outstanding,
        }
    return AxiMemory(octets, accelerator.bus_bytes, **timing, **kwargs)


@dataclass
class Bench:
    """A store unit between a local memory and a memory.

    Attributes
    ----------
    busy : list of int
        Busy cycles of each instruction that was done.
    """

    accelerator: Accelerator
    random: Random
    stall: float = 0.0
    write_errors: frozenset[int] = frozenset()
    busy: list[int] = field(default_factory=list)
    beats: int = 0
    faults: int = 0

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.random.getrandbits(32))
        self.machine = Machine(
            lanes=self.accelerator.lanes,
            sizes=MemorySizes(activations=WORDS, weights=1, parameters=1, accumulators=1),
            multiply=lambda a, w: a @ w,
            dram=rng.integers(0, 256, DRAM_BYTES).astype(np.uint8),
            bases=tuple(self.random.randrange(300) for _ in range(4)),
        )
        self.machine.activations[:] = rng.integers(-128, 128, self.machine.activations.shape)
        self.words = [int.from_bytes(bytes(word), "little") for word in self.machine.activations]
        self.octets = bytearray(self.machine.dram.tobytes())
        self.memory = axi_memory(self.octets, self.accelerator, write_errors=self.write_errors)
        self.unit = StoreUnit(self.accelerator)
        self.driver = WriteDriver(self.unit.bus, self.memory, self.random, self.stall)

    def run(self, bench: Any) -> None:
        top = Module()
        top.domains.sync = self.domain = ClockDomain()
        top.submodules.unit = self.unit
        simulator = Simulator(top)
        simulator.add_clock(CLOCK_PERIOD)
        simulator.add_testbench(bench)
        simulator.run()
        assert self.driver.violations == []

    async def begin(self, ctx: Any) -> None:
        for index, base in enumerate(self.machine.bases):
            ctx.set(self.unit.bases[index], base)

    async def cycle(self, ctx: Any) -> bool:
        """One cycle; whether the unit was done in it."""
        self.driver.step(ctx)
        done = bool(ctx.get(self.unit.done))
        self.beats += ctx.get(self.unit.beat)
        self.faults += ctx.get(self.unit.fault)
        enabled, address = ctx.get(self.unit.read.en), ctx.get(self.unit.read.address)
        if ctx.get(self.unit.quiet):
            assert self.driver.settled
        await ctx.tick()
        self.memory.tick()
        if enabled:
            ctx.set(self.unit.read.data.as_value(), self.words[address])
        return done

    async def start(self, ctx: Any, store: Store) -> None:
        """Offer an instruction until it is taken; the cycle of that is not over yet."""
        octets = encode_instruction(store)
        ctx.set(self.unit.start.payload, int.from_bytes(octets, "little"))
        ctx.set(self.unit.start.valid, 1)
        assert ctx.get(self.unit.start.ready)

    async def execute(self, ctx: Any, store: Store) -> None:
        """Carry out an instruction."""
        await self.start(ctx, store)
        for cycle in range(PATIENCE_CYCLES):
            done = await self.cycle(ctx)
            ctx.set(self.unit.start.valid, 0)
            ctx.set(self.unit.start.payload, self.random.getrandbits(256))
            if done:
                self.busy.append(cycle + 1)
                return
        raise AssertionError(f"{store} hangs")

    def execute_all(self, stores: list[Store]) -> None:
        async def bench(ctx: Any) -> None:
            await self.begin(ctx)
            for store in stores:
                await self.execute(ctx, store)
            ctx.set(self.unit.start.valid, 0)
            for _ in range(3):
                assert not await self.cycle(ctx)

        self.run(bench)

    def check_contents(self, stores: list[Store]) -> None:
        for store in stores:
            execute(self.machine, store)
        assert self.octets == self.machine.dram.tobytes()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("lanes", "bus_bytes"), SHAPES)
def test_bytes_bursts_and_cycles_are_as_foretold(lanes: int, bus_bytes: int, seed: int) -> None:
    random = Random(f"{lanes} {bus_bytes} {seed}")
    accelerator = random_accelerator(random, lanes, bus_bytes)
    stores = [random_store(random, lanes) for _ in range(10)]
    bench = Bench(accelerator, random)
    bench.execute_all(stores)
    bench.check_contents(stores)
    with_bases = [(store, bench.machine.bases[store.base]) for store in stores]
    assert bench.busy == [store_cycles(accelerator, *pair) for pair in with_bases]
    expected = [burst for pair in with_bases for burst in store_bursts(accelerator, *pair)]
    assert [(burst.address, burst.beats) for burst in bench.driver.bursts] == expected
    assert bench.beats == len(bench.driver.beats) == sum(beats for _, beats in expected)
    assert bench.beats == sum(store_beats(accelerator, *pair) for pair in with_bases)
    assert not bench.faults


@pytest.mark.parametrize(
    ("lanes", "bus_bytes", "stall"),
    [(8, 8, 0.2), (8, 8, 0.8), (16, 8, 0.5), (4, 16, 0.3), (8, 64, 0.5), (20, 8, 0.2)],
)
def test_stalls_change_nothing_but_time(lanes: int, bus_bytes: int, stall: float) -> None:
    random = Random(f"{lanes} {bus_bytes}")
    stores = [random_store(random, lanes) for _ in range(4)]
    bench = Bench(random_accelerator(random, lanes, bus_bytes), random, stall)
    bench.execute_all(stores)
    bench.check_contents(stores)


def test_a_beat_leaves_in_every_cycle() -> None:
    accelerator = accelerator_of(8, 8, 4, Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=8))
    bench = Bench(accelerator, Random(1))
    aligned = {"address": -bench.machine.bases[0] % 32, "group_bytes": 8}
    one_row, rows_of_a_beat = Store(groups=80, **aligned), Store(rows=20, row_step=8, **aligned)
    bench.execute_all([one_row, rows_of_a_beat])
    first, second = bench.driver.beats[:80], bench.driver.beats[80:]
    assert first == list(range(first[0], first[0] + 80))
    assert second == list(range(second[0], second[0] + 20))


def test_the_shortest_store() -> None:
    accelerator = accelerator_of(8, 8, 4, Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=8))
    bench = Bench(accelerator, Random(1))
    bench.execute_all([Store()])
    # Take, read, gather, send, response, done.
    assert bench.busy == [6]


def test_errors_are_faults() -> None:
    accelerator = accelerator_of(8, 8, 2, Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=8))
    bench = Bench(accelerator, Random(1), write_errors=frozenset({1, 3}))
    bench.execute_all([Store(groups=10, group_bytes=8)])
    assert bench.faults == 2


def test_addresses_have_64_bits() -> None:
    accelerator = accelerator_of(8, 8, 2, Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=8))
    bench = Bench(accelerator, Random(1))
    base = (1 << 63) + 5

    async def run(ctx: Any) -> None:
        ctx.set(bench.unit.bases[2], base)
        await bench.execute(ctx, Store(base=2, address=2**32 - 1, rows=2, row_step=2**32 - 8))

    bench.run(run)
    addresses = [burst.address for burst in bench.driver.bursts]
    assert addresses == [base + 2**32 - 5, base + 2**33 - 13]


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_after_an_abort_bursts_are_finished_and_none_begun(seed: int, stall: float) -> None:
    random = Random(seed)
    accelerator = random_accelerator(random, 8, 8)
    bench = Bench(accelerator, random, stall)
    store = Store(rows=8, groups=5, group_bytes=15, row_step=77, local_row_step=10)

    async def run(ctx: Any) -> None:
        await bench.begin(ctx)
        for _ in range(4):
            await bench.start(ctx, store)
            for _ in range(random.randint(1, 60)):
                assert not await bench.cycle(ctx)
                ctx.set(bench.unit.start.valid, 0)
            begun = len(bench.driver.bursts) + ctx.get(bench.unit.bus.aw.valid)
            ctx.set(bench.unit.halt, 1)
            cycles = 0
            while not ctx.get(bench.unit.quiet):
                assert not await bench.cycle(ctx)
                cycles += 1
                assert cycles < PATIENCE_CYCLES
            for _ in range(5):
                await bench.cycle(ctx)
            assert bench.driver.settled
            assert len(bench.driver.bursts) == begun
            ctx.set(bench.domain.rst, 1)
            await bench.cycle(ctx)
            ctx.set(bench.domain.rst, 0)
            ctx.set(bench.unit.halt, 0)
        await bench.execute(ctx, store)

    bench.run(run)
    bench.check_contents([store])


@pytest.mark.parametrize(("lanes", "bus_bytes"), [(8, 8), (16, 8), (5, 16)])
def test_it_becomes_verilog(lanes: int, bus_bytes: int) -> None:
    accelerator = accelerator_of(lanes, bus_bytes, 4, Memory(bytes_per_cycle=8))
    assert "store" in modules(emit_verilog(StoreUnit(accelerator), "store"))


def test_banked_memory_is_no_matter_of_the_store_alone() -> None:
    accelerator = accelerator_of(8, 8, 4, Memory(kind=MemoryKind.BANKED, bytes_per_cycle=8))
    with pytest.raises(ValueError, match="depends on others in banked"):
        store_cycles(accelerator, Store())
