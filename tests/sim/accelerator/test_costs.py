from dataclasses import replace

import numpy as np
import pytest

from golden.accelerator.description import Memory, MemoryKind
from golden.accelerator.instructions import (
    Add,
    Gemm,
    Load,
    LocalMemory,
    Pool,
    Requantize,
    Store,
    Table,
    Units,
)
from sim.accelerator.costs import Cost, UnitCosts
from sim.accelerator.load import load_cycles
from tests.sim.accelerator.programs import accelerator, random_real_instruction

MACHINE = accelerator(bus_bytes=8, burst_beats=4, memory=Memory(bytes_per_cycle=8))


@pytest.mark.parametrize("seed", range(60))
def test_equal_signatures_mean_equal_costs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    instruction = random_real_instruction(rng)
    other = replace(instruction, wait=Units.NONE, signal=Units.LOAD)
    places = {"source": 3, "target": 2, "weights": 5, "parameters": 7, "local": 1}
    for name, value in places.items():
        if hasattr(other, name):
            other = replace(other, **{name: value})
    if isinstance(other, Load | Store):
        other = replace(
            other, base=1, address=other.address + 3 * 32 - 64, row_step=other.row_step + 32
        )
    costs = UnitCosts(MACHINE, (0, 64, 0, 0))
    costs_elsewhere = UnitCosts(MACHINE, (0, 96, 0, 0))
    if isinstance(other, Load | Store) and instruction.base:
        instruction = replace(instruction, base=0)
    assert costs.signature(other) == costs.signature(instruction)
    assert costs.cost(other) == costs.cost(instruction) == costs_elsewhere.cost(other)


@pytest.mark.parametrize(
    ("instruction", "field"),
    [
        (Load(row_bytes=20, group_bytes=20, rows=3), "address"),
        (Load(row_bytes=20, group_bytes=20, rows=3), "row_step"),
        (Load(row_bytes=20, group_bytes=20, rows=3), "pad_left"),
        (Load(row_bytes=20, group_bytes=20, rows=3), "memory"),
        (Store(group_bytes=9), "groups"),
        (Gemm(blocks_k=2), "last_lanes"),
        (Gemm(), "origin_y"),
        (Requantize(), "blocks"),
        (Add(), "words"),
        (Pool(), "kind"),
        (Table(), "words"),
    ],
)
def test_signatures_tell_apart(instruction, field: str) -> None:
    other = replace(instruction, **{field: getattr(instruction, field) + 1})
    costs = UnitCosts(MACHINE)
    assert costs.signature(other) != costs.signature(instruction)


def test_a_load() -> None:
    load = Load(memory=LocalMemory.WEIGHTS, address=6, rows=2, row_step=8, row_bytes=4)
    load = replace(load, group_bytes=4)
    cost = UnitCosts(MACHINE).cost(load)
    assert cost == Cost(load_cycles(MACHINE, load), read_bytes=2 * 2 * 8)


def test_where_the_memory_is_shared_addresses_count() -> None:
    machine = replace(MACHINE, memory=Memory(kind=MemoryKind.BANKED, bytes_per_cycle=8))
    costs = UnitCosts(machine)
    assert costs.cost(Store(group_bytes=8)) == Cost(0, written_bytes=8)
    assert costs.signature(Store(address=32)) != costs.signature(Store())
