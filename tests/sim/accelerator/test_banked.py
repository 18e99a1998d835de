from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.dram import BankedTiming
from golden.accelerator.instructions import Load, Store
from golden.accelerator.registers import Counter
from sim.accelerator.banked import BankedMemory
from sim.accelerator.costs import UnitCosts
from sim.accelerator.load import load_process
from sim.accelerator.simulation import simulate, simulate_shared
from sim.accelerator.steps import Layer, layers_of
from sim.accelerator.store import store_process
from tests.sim.accelerator.programs import (
    accelerator,
    random_real_instruction,
    random_real_program,
    random_step,
)
from tests.sim.accelerator.stepper import Fixed, run

SEEDS = st.integers(0, 2**32 - 1)
BASES = (1000, 70_000, 0, 0)


class FixedMemory:
    """The memory model ``fixed``, burst by burst."""

    def __init__(self, machine):
        memory = machine.memory
        self.latency = memory.latency_cycles
        self.interval = machine.bus_bytes // memory.bytes_per_cycle
        self.outstanding = memory.outstanding
        self.last = -(1 << 60)

    def read(self, arrival, address, beats):
        first = max(arrival + self.latency, self.last + self.interval)
        self.last = first + (beats - 1) * self.interval
        return first

    def write(self, arrival, address, beats):
        return arrival + self.latency


class Watched(BankedMemory):
    """Checks the order in which bursts come."""

    def __init__(self, machine):
        super().__init__(machine)
        self.seen = (-1, 0)
        self.beats = {"read": 0, "write": 0}

    def read(self, arrival, address, beats):
        assert (arrival, 0) > self.seen
        self.seen = (arrival, 0)
        self.beats["read"] += beats
        return super().read(arrival, address, beats)

    def write(self, arrival, address, beats):
        assert (arrival, 1) > self.seen
        self.seen = (arrival, 1)
        self.beats["write"] += beats
        return super().write(arrival, address, beats)


def divided(program):
    half = len(program) // 2
    return layers_of(program, [("one", half), ("two", len(program))])


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    length=st.integers(0, 40),
    latency=st.sampled_from([1, 30]),
    rate=st.sampled_from([4, 8]),
    outstanding=st.sampled_from([1, 2, 16]),
    depth=st.sampled_from([2, 8]),
)
def test_with_a_fixed_memory_it_is_the_schedule(seed, length, latency, rate, outstanding, depth):
    machine = accelerator(
        bus_bytes=8,
        burst_beats=4,
        queue_depth=depth,
        memory=Memory(latency_cycles=latency, bytes_per_cycle=rate, outstanding=outstanding),
    )
    layers = divided(random_real_program(np.random.default_rng(seed), length))
    known = simulate(machine, layers, bases=BASES)
    events = simulate_shared(machine, layers, FixedMemory(machine), bases=BASES)
    assert events.counters == known.counters
    assert events.layers == known.layers


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, length=st.integers(1, 40))
def test_buffers_are_waited_for_as_in_the_schedule(seed, length):
    rng = np.random.default_rng(seed)
    steps = [random_step(rng, 5, "abc") for _ in range(length)]
    machine = accelerator(bus_bytes=8, memory=Memory(latency_cycles=9, bytes_per_cycle=4))
    layers = [Layer(name="all", body=steps)]
    known = simulate(machine, layers)
    events = simulate_shared(machine, layers, FixedMemory(machine))
    assert events.counters == known.counters
    assert events.layers == known.layers


def banked(**fields):
    return Memory(
        kind=MemoryKind.BANKED,
        bytes_per_cycle=8,
        latency_cycles=4,
        banks=2,
        row_bytes=256,
        refresh_interval_cycles=400,
        refresh_cycles=60,
        **fields,
    )


@dataclass
class Shared:
    """Bursts of both directions at a banked memory, cycle by cycle."""

    timing: BankedTiming
    outstanding: int
    machine: object
    costs: UnitCosts

    def begin(self, instruction, cycle):
        if isinstance(instruction, Load):
            return Reading(self, instruction, cycle)
        if isinstance(instruction, Store):
            return Writing(self, instruction, cycle)
        return Fixed(cycle + self.costs.cost(instruction).busy - 1)


class Reading:
    end = None

    def __init__(self, shared, load, cycle):
        self.shared = shared
        base = BASES[load.base]
        self.process = load_process(shared.machine, load, base, interval=1, start=cycle)
        self.under_way = []
        self.send(None)

    def send(self, times):
        try:
            self.burst = self.process.send(times)
        except StopIteration as stop:
            self.end = stop.value

    def step(self, cycle):
        self.under_way = [last for last in self.under_way if last >= cycle]
        if self.end is None and cycle >= self.burst.cycle:
            if len(self.under_way) == self.shared.outstanding:
                return
            first = self.shared.timing.serve(cycle, self.burst.address, self.burst.beats)
            self.under_way.append(first + self.burst.beats - 1)
            self.send((cycle, first))


class Writing:
    end = None

    def __init__(self, shared, store, cycle):
        self.shared = shared
        self.process = store_process(
            shared.machine,
            store,
            base_address=BASES[store.base],
            start=cycle,
            outstanding=shared.outstanding,
        )
        self.request = next(self.process)

    def step(self, cycle):
        if self.end is None and cycle == self.request.arrival:
            request = self.request
            first = self.shared.timing.serve(cycle, request.address, request.beats)
            try:
                self.request = self.process.send(first + request.beats)
            except StopIteration as stop:
                self.end = stop.value


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, length=st.integers(1, 40), outstanding=st.sampled_from([1, 2, 16]))
def test_programs_take_what_they_take_cycle_by_cycle(seed, length, outstanding):
    machine = accelerator(
        bus_bytes=8, burst_beats=4, queue_depth=4, memory=banked(outstanding=outstanding)
    )
    program = random_real_program(np.random.default_rng(seed), length)
    timing = BankedTiming(machine.memory, 1)
    costs = UnitCosts(machine, BASES)
    shared = Shared(timing, outstanding, machine, costs)
    outcome = run(program, shared.begin, latency=4, depth=4)
    counters = simulate(machine, divided(program), bases=BASES).counters
    assert counters[Counter.CYCLES] == outcome.cycles
    for name, unit in zip(("LOAD", "EXECUTE", "STORE"), outcome.units, strict=True):
        assert counters[Counter[f"{name}_BUSY"]] == unit.busy
        assert counters[Counter[f"{name}_STALLED"]] == unit.stalled


def test_bursts_come_in_order_and_all_of_them() -> None:
    rng = np.random.default_rng(3)
    machine = accelerator(bus_bytes=8, burst_beats=4, memory=banked())
    program = [random_real_instruction(rng) for _ in range(300)]
    memory = Watched(machine)
    result = simulate_shared(machine, divided(program), memory, bases=BASES)
    assert result.counters[Counter.READ_BYTES] == 8 * memory.beats["read"]
    assert result.counters[Counter.WRITTEN_BYTES] == 8 * memory.beats["write"]
    assert sum(layer.cycles for layer in result.layers) == result.layers[-1].end + 1
