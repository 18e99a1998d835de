"""Faults put into `lut` on purpose: the contract's checks report every one."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

ENGINE, SUM = (f"hw.engines.lut.{name}" for name in ("engine", "lookup_sum"))
TABLES, AHEAD, STEPS = "hw.lib.tables", "hw.lib.tile.ahead", "hw.lib.tile.steps"
FRAME = tuple(f"hw.lib.tile.{name}" for name in ("engine", "unit"))
GOLDEN, PACKING, CYCLES = "golden.engines.lut", "golden.arith.tables", "sim.engines.lut"
MODULES = (
    *(GOLDEN, PACKING, CYCLES, "hw.engines.lut", ENGINE, SUM),
    *(TABLES, AHEAD, STEPS, *FRAME),
)

SMALL = {"m": 2, "n": 1, "k": 4, "group": 2, "k_max": 6, "activation": "int3", "weight": "bipolar2"}
AHEAD_OF_PLANES = {"registers": "double", "stages": 3}

SCALED = {"scale": "uint8", "zero_point": "int3", "group_steps": 1}

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def fault(module: str, old: str, new: str, broken: str, **params: object) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(TABLES, "-found, found) if", "found, found) if", "the other half is not negated"),
    fault(TABLES, "Mux(last, ~number, number)", "number", "indices not inverted", table="half"),
    fault(TABLES, "number << 1 if self._signs", "number if self._signs", "steps of half a size"),
    fault(SUM, "-total, total)", "total, total)", "sign planes added", weight="int2", table="full"),
    fault(SUM, "total << self.plane if", "total if", "every plane is worth one"),
    fault(ENGINE, "masked(self.activations.payload, active)", "[*self.activations.payload]", "K"),
    fault(
        STEPS,
        "weights.begins if self._keeps else weights.ends",
        "weights.begins",
        "activations go before their last plane",
        registers="none",
    ),
    fault(
        AHEAD,
        "(~self.valid | self.ready)",
        "~self.valid",
        "no beat in the cycle in which one is taken",
        **AHEAD_OF_PLANES,
        weight="bipolar1",
    ),
    fault(
        AHEAD,
        "(~self.valid | self.ready)",
        "1",
        "a beat that waits is overwritten",
        **AHEAD_OF_PLANES,
    ),
    fault(AHEAD, "depth=2", "depth=1", "the next job waits", **AHEAD_OF_PLANES, k_max=4, m=1),
    fault(
        CYCLES,
        "params.k, jobs.weight_bits,",
        "params.k, 0 * jobs.weight_bits + params.max_weight_bits,",
        "narrow weights take as long as wide ones",
    ),
    fault(
        ENGINE,
        "once.eq(steps.takes_activations)",
        "once.eq(1)",
        "activations count with every plane in row sums",
        **SCALED,
    ),
    fault(
        ENGINE,
        "-tables[first] if params.table.is_half",
        "tables[first] if params.table.is_half",
        "row sums have the wrong sign",
        **SCALED,
    ),
    fault(
        PACKING,
        ".reshape(self.rows, len(beats), -1).swapaxes(0, 1)",
        ".reshape(len(beats), self.rows, -1)",
        "tables said to come row by row of a job",
        precompute="external",
    ),
    fault(
        PACKING,
        "return words ^ last *",
        "return words ^ (1 - last) *",
        "indices inverted where the last bit is 0",
    ),
    fault(
        GOLDEN,
        "lanes=(Lane(Dim.N, params.n), Lane(Dim.K, params.k))",
        "lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n))",
        "bits said to run along columns first",
        n=2,
        table="half",
    ),
)


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["lut"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize("planted", FAULTS, ids=[planted.broken for planted in FAULTS])
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize("params", [{}, AHEAD_OF_PLANES, {"precompute": "external"}])
def test_nothing_is_reported_without_a_fault(params: dict[str, object]) -> None:
    assert problems_with(0, **params) == []
