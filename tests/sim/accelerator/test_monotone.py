from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import Memory, MemoryKind
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer
from tests.sim.accelerator.programs import accelerator, random_real_program

SLOW = Memory(latency_cycles=60, bytes_per_cycle=2, outstanding=2)
FASTER = (
    {"latency_cycles": 59},
    {"latency_cycles": 20},
    {"latency_cycles": 1},
    {"bytes_per_cycle": 4},
    {"bytes_per_cycle": 8},
    {"outstanding": 3},
    {"outstanding": 16},
    {"kind": MemoryKind.IDEAL},
)


@pytest.mark.parametrize("better", FASTER, ids=str)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 30), latency=st.integers(1, 60))
def test_better_memory_never_takes_longer(better, seed, length, latency):
    layers = [Layer(name="all", body=random_real_program(np.random.default_rng(seed), length))]
    worse = replace(SLOW, latency_cycles=max(latency, better.get("latency_cycles", 1)))
    machine = accelerator(bus_bytes=8, burst_beats=4, outstanding_reads=4, memory=worse)
    improved = replace(machine, memory=replace(worse, **better))
    assert simulate(improved, layers).cycles <= simulate(machine, layers).cycles
