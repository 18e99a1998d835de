"""Busy cycles in bins are those of the counters, whatever the bins."""

from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.instructions import Gemm, Load, Requantize, Store
from golden.accelerator.registers import Counter
from sim.accelerator.compilation import Activity, Op
from sim.accelerator.occupancy import BINS, Occupancy
from sim.accelerator.recording import Recorders
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import Layer
from tests.sim.accelerator.programs import Told, accelerator, lasting, random_program

MACHINE = accelerator(lanes=4, memory=Memory(kind=MemoryKind.IDEAL))


def op(activity: Activity) -> Op:
    return Op(0, 0, (), (), (), (), activity, 0)


def test_cycles_fall_into_their_bins() -> None:
    occupancy = Occupancy()
    occupancy.instruction(op(Activity.LOAD), 0, 3, 5)
    occupancy.instruction(op(Activity.STORE), 0, 7, 7)
    assert occupancy.bin_cycles == 1
    assert occupancy.busy_cycles["load"] == [0, 0, 0, 1, 1, 1, 0, 0]
    occupancy.instruction(op(Activity.EXECUTE), 0, 6, 2 * BINS)
    assert occupancy.bin_cycles == 4
    assert occupancy.busy_cycles["load"][:3] == [1, 2, 0]
    assert occupancy.busy_cycles["store"][:3] == [0, 1, 0]
    assert occupancy.busy_cycles["execute"][:3] == [0, 2, 4]
    assert occupancy.busy_cycles["execute"][-2:] == [4, 1]


@pytest.mark.parametrize("seed", range(4))
def test_bins_hold_what_the_counters_count(seed: int) -> None:
    program = random_program(np.random.default_rng(seed), 200, most=300)
    first, second = Occupancy(), Occupancy()
    result = simulate(
        MACHINE, [Layer(name="layer", body=program)], costs=Told(), trace=Recorders([first, second])
    )
    counters = result.counters
    sums = {unit: sum(bins) for unit, bins in first.busy_cycles.items()}
    assert sums["load"] == counters[Counter.LOAD_BUSY]
    assert sums["execute"] == counters[Counter.EXECUTE_BUSY]
    assert sums["store"] + sums["vector"] == counters[Counter.STORE_BUSY]
    assert first.busy_cycles == second.busy_cycles
    bins = len(first.busy_cycles["load"])
    assert BINS / 2 <= bins <= BINS
    assert (bins - 1) * first.bin_cycles < result.cycles <= bins * first.bin_cycles + 1


def test_units_never_work_more_than_all_the_time() -> None:
    body = [lasting(Load, 5000), lasting(Gemm, 3000), lasting(Requantize, 100), lasting(Store, 70)]
    occupancy = Occupancy()
    simulate(MACHINE, [Layer(name="layer", body=body)], costs=Told(), trace=occupancy)
    for bins in occupancy.busy_cycles.values():
        assert max(bins) <= occupancy.bin_cycles
    assert occupancy.busy_cycles["load"][1] == occupancy.bin_cycles


def test_banked_memory() -> None:
    machine = replace(MACHINE, memory=Memory(kind=MemoryKind.BANKED))
    occupancy = Occupancy()
    result = simulate(machine, [Layer(name="layer", body=[Load(), Store()])], trace=occupancy)
    assert sum(occupancy.busy_cycles["load"]) == result.counters[Counter.LOAD_BUSY]
    assert sum(occupancy.busy_cycles["store"]) == result.counters[Counter.STORE_BUSY]
