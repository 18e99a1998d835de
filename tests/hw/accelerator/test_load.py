from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Value
from amaranth.sim import Simulator

from golden.accelerator.description import Accelerator, Memory, MemoryKind
from golden.accelerator.encoding import encode_instruction
from golden.accelerator.instructions import Load
from golden.accelerator.interpreter import Machine, execute
from golden.engines.systolic import Params
from hw.accelerator.load import LoadUnit
from hw.bench.accelerator.memory import AxiMemory, Serve
from hw.emit import emit_verilog
from sim.accelerator.load import load_beats, load_bursts, load_cycles, load_process
from tests.support.axi_read import ReadDriver
from tests.support.pysim import CLOCK_PERIOD

DRAM_BYTES = 6000
WORDS = 256
PATIENCE = 400

GEOMETRIES = [
    # lanes, bus bytes, beats of the longest burst, bursts
    (8, 8, 2, 2),
    (16, 16, 16, 8),
    (4, 8, 4, 2),
    (16, 8, 2, 4),
    (8, 64, 2, 2),
    (16, 8, 4, 2),
    (12, 8, 4, 2),
]


def make(
    lanes: int, bus_bytes: int, burst_beats: int, outstanding_reads: int, **memory: Any
) -> Accelerator:
    return Accelerator(
        name="small",
        engine="systolic",
        params=Params(rows=lanes, cols=lanes, k_max=lanes),
        activation_bytes=lanes * WORDS,
        weight_bytes=lanes * WORDS,
        parameter_bytes=lanes * WORDS,
        accumulator_bytes=4 * lanes * WORDS,
        activation_banks=1,
        accumulator_banks=1,
        bus_bytes=bus_bytes,
        burst_beats=burst_beats,
        outstanding_reads=outstanding_reads,
        memory=Memory(**({"bytes_per_cycle": bus_bytes} | memory)),
    )


def random_load(random: Random, lanes: int) -> Load:
    """A legal load, of every kind."""
    groups = random.choice([1, 1, 2, 3, 7])
    group_bytes = random.choice(
        [random.randint(1, lanes), random.randint(1, 3 * lanes), lanes, random.randint(1, 100)]
    )
    if groups == 1:
        group_step = random.randrange(500)
    elif group_bytes <= lanes:
        group_step = random.choice([group_bytes, random.randint(0, group_bytes)])
    else:
        group_step = group_bytes
    pad_left = random.choice([0, 0, random.randrange(2 * lanes), random.randrange(256)])
    reach = (groups - 1) * group_step + group_bytes - pad_left
    words = groups * -(-group_bytes // lanes)
    rows = random.randint(1, max(1, min(6, 800 // (groups * group_bytes))))
    local_row_step = random.choice([words, random.randint(0, words)])
    local = random.randrange(WORDS - (rows - 1) * local_row_step - words + 1)
    row_bytes = max(1, random.choice([reach, reach + 9, random.randint(1, max(1, reach))]))
    size = max(0, min(row_bytes, reach))
    row_step = random.choice([size, random.randrange(300), 8 * random.randrange(40)])
    return Load(
        memory=random.randrange(3),
        base=random.randrange(4),
        address=random.randrange(DRAM_BYTES // 4 - (rows - 1) * row_step // 6),
        rows=rows,
        row_step=row_step,
        row_bytes=row_bytes,
        pad_left=pad_left,
        groups=groups,
        group_step=group_step,
        group_bytes=group_bytes,
        pad_value=random.randint(-128, 127),
        local=local,
        local_row_step=local_row_step,
    )


@dataclass
class Bench:
    """A load unit between a memory and local memories."""

    accelerator: Accelerator
    seed: int = 0
    ar_pause: float = 0.0
    r_pause: float = 0.0
    origin: int = 0
    read_errors: frozenset[int] = frozenset()
    serve: Serve | None = None
    locals: dict[int, Any] = field(init=False)
    spans: list[tuple[int, int]] = field(default_factory=list)
    faults: int = 0
    beats: int = 0

    def __post_init__(self) -> None:
        random = Random(self.seed)
        memory = self.accelerator.memory
        ideal = memory.kind is MemoryKind.IDEAL
        self.octets = random.randbytes(DRAM_BYTES)
        self.bases = tuple(self.origin + random.randrange(DRAM_BYTES // 4) for _ in range(4))
        sizes = self.accelerator.sizes
        self.locals = {
            number: np.zeros((words, self.accelerator.lanes), dtype=np.int8)
            for number, words in enumerate((sizes.activations, sizes.weights, sizes.parameters))
        }
        self.unit = LoadUnit(self.accelerator)
        interval = self.accelerator.bus_bytes // memory.bytes_per_cycle
        self.driver = ReadDriver(
            self.unit.bus,
            AxiMemory(
                bytearray(self.octets),
                self.accelerator.bus_bytes,
                latency_cycles=1 if ideal else memory.latency_cycles,
                interval=1 if ideal else interval,
                outstanding=1 << 30 if ideal else memory.outstanding,
                read_errors=self.read_errors,
                serve=self.serve,
            ),
            random,
            ar_pause=self.ar_pause,
            r_pause=self.r_pause,
            origin=self.origin,
        )
        self.random = random
        self.domain = ClockDomain("sync")

    async def cycle(self, ctx: Any, load: Load | None) -> tuple[bool, bool]:
        """One cycle in which a load may be offered: whether it is taken, and whether one ends."""
        unit = self.unit
        code = encode_instruction(load) if load else self.random.randbytes(32)
        ctx.set(unit.start.payload, int.from_bytes(code, "little"))
        ctx.set(unit.start.valid, load is not None)
        self.driver.step(ctx)
        taken = load is not None and bool(ctx.get(unit.start.ready))
        done = bool(ctx.get(unit.done))
        self.faults += ctx.get(unit.fault)
        self.beats += ctx.get(unit.beat)
        if ctx.get(unit.write.en):
            octets = ctx.get(Value.cast(unit.write.data)).to_bytes(self.accelerator.lanes, "little")
            word = np.frombuffer(octets, dtype=np.int8)
            self.locals[ctx.get(unit.memory)][ctx.get(unit.write.address)] = word
        await ctx.tick()
        return taken, done

    async def play(self, ctx: Any, loads: Sequence[Load], pause: float = 0.0) -> None:
        """Offer each load as soon as the one before is taken, or after a random pause."""
        for base, value in enumerate(self.bases):
            ctx.set(self.unit.bases[base], value)
        waiting = list(loads)
        now = begun = idle = 0
        while len(self.spans) < len(loads):
            offer = waiting[0] if waiting and self.random.random() >= pause else None
            taken, done = await self.cycle(ctx, offer)
            assert not (taken and done), "it is ready again in the cycle after the last busy one"
            if taken:
                begun = now
                waiting.pop(0)
            if done:
                self.spans.append((begun, now))
            idle = idle + 1 if self.driver.memory.idle else 0
            assert idle < PATIENCE, "hang"
            now += 1

    def run(self, bench: Any) -> None:
        top = Module()
        top.domains.sync = self.domain
        top.submodules.unit = self.unit
        simulator = Simulator(top)
        simulator.add_clock(CLOCK_PERIOD)
        simulator.add_testbench(bench)
        simulator.run()

    def expected(self, loads: Sequence[Load]) -> dict[int, Any]:
        """Local memories after the loads."""
        machine = Machine(
            lanes=self.accelerator.lanes,
            sizes=self.accelerator.sizes,
            multiply=np.matmul,
            dram=np.frombuffer(self.octets, dtype=np.uint8),
            bases=tuple(base - self.origin for base in self.bases),
        )
        for load in loads:
            execute(machine, load)
        return {number: machine.memory(number) for number in range(3)}


def check_values(bench: Bench, loads: Sequence[Load]) -> None:
    for number, words in bench.expected(loads).items():
        np.testing.assert_array_equal(bench.locals[number], words)


def play(bench: Bench, loads: Sequence[Load], pause: float = 0.0) -> None:

    async def process(ctx: Any) -> None:
        await bench.play(ctx, loads, pause)

    bench.run(process)
    check_values(bench, loads)
    arguments = [(bench.accelerator, load, bench.bases[load.base]) for load in loads]
    assert bench.driver.bursts == [burst for a in arguments for burst in load_bursts(*a)]
    assert bench.beats == sum(load_beats(*a) for a in arguments)
    assert bench.beats == sum(beats for _, beats in bench.driver.bursts)


def check_cycles(bench: Bench, loads: Sequence[Load]) -> None:
    cycles = [end - begin + 1 for begin, end in bench.spans]
    assert cycles == [
        load_cycles(bench.accelerator, load, bench.bases[load.base]) for load in loads
    ]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("memory_seed", range(4))
def test_values_and_cycles(geometry: tuple[int, int, int, int], memory_seed: int) -> None:
    random = Random(f"{geometry} {memory_seed}")
    bus_bytes = geometry[1]
    accelerator = make(
        *geometry,
        kind=MemoryKind.FIXED if memory_seed else MemoryKind.IDEAL,
        latency_cycles=random.choice([1, 2, 7, 20, 60]),
        bytes_per_cycle=bus_bytes // random.choice([1, 1, 2, 4]),
        outstanding=random.choice([1, 2, 3, 16]),
    )
    loads = [random_load(random, accelerator.lanes) for _ in range(12)]
    bench = Bench(accelerator, seed=memory_seed)
    play(bench, loads)
    check_cycles(bench, loads)


# For 8 lanes, a bus of 8 bytes and bursts of 16.
KINDS = {
    "one byte": Load(),
    "one beat": Load(row_bytes=8, group_bytes=8, address=8),
    "one word from two bursts": Load(row_bytes=8, group_bytes=8, address=13),
    "all padding": Load(rows=3, row_bytes=20, pad_left=9, group_bytes=9, pad_value=-7),
    "padding on both sides": Load(row_bytes=3, pad_left=12, group_bytes=40, pad_value=5),
    "sliding window": Load(
        row_bytes=50, pad_left=3, groups=20, group_step=3, group_bytes=7, address=5
    ),
    "the same window again": Load(row_bytes=9, groups=5, group_bytes=8, address=11),
    "words of a lane": Load(row_bytes=60, groups=60, group_step=1, group_bytes=1),
    "several words of a group": Load(
        rows=3,
        row_step=61,
        row_bytes=60,
        groups=3,
        group_step=20,
        group_bytes=20,
        local_row_step=9,
    ),
    "short rows": Load(rows=60, row_step=1, row_bytes=2, group_bytes=2, local_row_step=1),
    "rows over rows": Load(rows=9, row_bytes=24, group_bytes=24, local=3, local_row_step=2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_loads(kind: str) -> None:
    bench = Bench(make(8, 8, 2, 2, latency_cycles=3))
    loads = [KINDS[kind]] * 2
    play(bench, loads)
    check_cycles(bench, loads)


@pytest.mark.parametrize("geometry", GEOMETRIES[:3])
@pytest.mark.parametrize("pause", [0.2, 0.8])
def test_stalls_change_no_value(geometry: tuple[int, int, int, int], pause: float) -> None:
    random = Random(5)
    accelerator = make(*geometry, latency_cycles=4, outstanding=4)
    loads = [random_load(random, accelerator.lanes) for _ in range(6)]
    play(Bench(accelerator, seed=6, ar_pause=pause, r_pause=1 - pause), loads, pause)


def test_memory_of_any_model() -> None:
    """The simulator follows the unit whatever the cycle in which memory answers a burst."""
    accelerator = make(8, 8, 4, 4, bytes_per_cycle=4)
    random = Random(7)
    loads = [random_load(random, accelerator.lanes) for _ in range(12)]

    def serve(cycle: int, address: int, beats: int) -> int:
        return cycle + 2 + (address // 32 * 7 + beats) % 41

    bench = Bench(accelerator, serve=serve)
    play(bench, loads)
    last = -2
    for load, (begin, end) in zip(loads, bench.spans, strict=True):
        process = load_process(accelerator, load, bench.bases[load.base], interval=2, start=begin)
        try:
            burst = next(process)
            while True:
                first = max(serve(burst.cycle, burst.address, burst.beats), last + 2)
                last = first + (burst.beats - 1) * 2
                burst = process.send((burst.cycle, first))
        except StopIteration as stop:
            last_busy = stop.value
        assert last_busy == end


def test_addresses_beyond_32_bits() -> None:
    random = Random(8)
    bench = Bench(make(8, 8, 4, 2), origin=(1 << 32) - 2048)
    loads = [random_load(random, 8) for _ in range(12)]
    play(bench, loads)
    first = [address for address, _ in bench.driver.bursts]
    assert min(first) < 1 << 32 <= max(first)


def test_errors_are_told() -> None:
    bench = Bench(make(8, 8, 4, 2), read_errors=frozenset({1, 4}))
    play(bench, [Load(row_bytes=200, group_bytes=200, address=3)])
    assert bench.faults == sum(bench.driver.bursts[number][1] for number in (1, 4))


@pytest.mark.parametrize("after", [0, 1, 3, 4, 5, 8, 17, 40, 90])
@pytest.mark.parametrize("ar_pause", [0.0, 0.7])
def test_abort_and_reset(after: int, ar_pause: float) -> None:
    """Nothing more is asked for, what was asked for is taken; after a reset all is well."""
    random = Random(after)
    bench = Bench(make(8, 8, 4, 4, latency_cycles=12), seed=after, ar_pause=ar_pause)
    loads = [random_load(random, 8) for _ in range(4)]

    async def process(ctx: Any) -> None:
        unit, memory = bench.unit, bench.driver.memory
        for _ in range(after):
            await bench.cycle(ctx, Load(rows=9, row_step=80, row_bytes=70, group_bytes=70))
        ctx.set(unit.halt, 1)
        offered, accepted = ctx.get(unit.bus.ar.valid), len(bench.driver.bursts)
        cycles = 0
        while not ctx.get(unit.quiet):
            await bench.cycle(ctx, loads[0])
            cycles += 1
            assert cycles < PATIENCE
        for _ in range(5):
            assert memory.idle
            assert ctx.get(unit.quiet)
            assert (await bench.cycle(ctx, loads[0]))[0] == 0
        assert len(bench.driver.bursts) == accepted + offered
        ctx.set(bench.domain.rst, 1)
        ctx.set(unit.halt, 0)
        ctx.set(unit.start.valid, 0)
        await ctx.tick()
        ctx.set(bench.domain.rst, 0)
        bench.driver.bursts.clear()
        for words in bench.locals.values():
            words[:] = 0
        await bench.play(ctx, loads)

    bench.run(process)
    check_values(bench, loads)
    assert bench.driver.bursts == [
        burst
        for load in loads
        for burst in load_bursts(bench.accelerator, load, bench.bases[load.base])
    ]
    if not ar_pause:
        check_cycles(bench, loads)


@pytest.mark.parametrize("seed", range(8))
def test_illegal_loads_leave_the_bus_in_order(seed: int) -> None:
    """Gaps, long groups that overlap, words beyond any memory: all that counts is the bus."""
    random = Random(seed)
    bench = Bench(make(8, 8, 2, 4, latency_cycles=3), seed=seed, ar_pause=0.3)
    bench.locals = defaultdict(dict)

    async def process(ctx: Any) -> None:
        load = Load(
            memory=3,
            rows=random.randint(1, 65536),
            row_step=random.getrandbits(32),
            row_bytes=random.randint(1, 400),
            groups=random.randint(2, 65536),
            group_step=random.choice([1, 100, 65535]),
            group_bytes=random.randint(1, 200),
            local=(1 << 20) - 1,
            local_row_step=65535,
        )
        for _ in range(random.randrange(400)):
            await bench.cycle(ctx, load)
        ctx.set(bench.unit.halt, 1)
        for _ in range(60):
            await bench.cycle(ctx, load)
        assert ctx.get(bench.unit.quiet)
        assert bench.driver.memory.idle

    bench.run(process)


@pytest.mark.parametrize("geometry", [(8, 8, 2, 2), (16, 8, 2, 2)])
def test_verilog(geometry: tuple[int, int, int, int]) -> None:
    assert "module load(" in emit_verilog(LoadUnit(make(*geometry)), "load")
