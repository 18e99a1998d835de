"""Random programs on the Verilog of random accelerators."""

from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.description import Memory, MemoryKind
from golden.engines.systolic import Params
from tests.accelerator import programs
from tests.accelerator.comparison import compare_on
from tilewright.harness import built_harness


def random_design(seed):
    rng = np.random.default_rng(seed)
    bus = int(rng.choice([8, 16, 32, 64]))
    return replace(
        programs.accelerator(),
        params=Params(
            rows=programs.LANES,
            cols=programs.LANES,
            k_max=int(rng.choice([4, 300])),
            pe_pipeline=bool(rng.integers(2)),
        ),
        activation_banks=int(rng.choice([1, 2, 8])),
        accumulator_banks=int(rng.choice([1, 2, 4])),
        bus_bytes=bus,
        burst_beats=int(rng.choice([2, 8, 16])),
        outstanding_reads=int(rng.choice([2, 4, 16])),
        queue_depth=int(rng.choice([2, 8])),
        memory=Memory(kind=MemoryKind.IDEAL, bytes_per_cycle=bus),
    )


def random_memory(rng, bus):
    return Memory(
        kind=[MemoryKind.FIXED, MemoryKind.BANKED][int(rng.integers(2))],
        latency_cycles=int(rng.integers(1, 70)),
        bytes_per_cycle=bus // int(rng.choice([1, 2, 4])),
        outstanding=int(rng.integers(1, 12)),
        banks=int(rng.choice([1, 2, 8])),
        row_bytes=int(rng.choice([64, 256, 2048])),
        activate_cycles=int(rng.integers(1, 20)),
        precharge_cycles=int(rng.integers(1, 20)),
        column_cycles=int(rng.integers(1, 20)),
        refresh_interval_cycles=int(rng.integers(100, 900)),
        refresh_cycles=int(rng.integers(1, 90)),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_random_designs(cache, seed):
    design = random_design(seed)
    play = built_harness(design, cache=cache)
    for number in range(30):
        rng = np.random.default_rng([seed, number])
        memory = random_memory(rng, design.bus_bytes) if number else design.memory
        machine = replace(design, memory=memory)
        found, _ = compare_on(play, machine, 1000 * seed + number, int(rng.integers(8, 60)))
        assert not found, (seed, number, memory)
