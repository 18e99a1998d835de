"""Faults put into `fusion` on purpose: the contract's checks report every one."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

BRICKS, RTL = "hw.arith.bricks", "hw.engines.fusion"
GOLDEN, TIMING = "golden.engines.fusion", "sim.engines.fusion"
MODULES = (BRICKS, RTL, GOLDEN, TIMING)

SMALL = {"m": 2, "n": 1, "k": 2, "k_max": 12, "activation": "int4", "weight": "int4"}

TOP = "digit == (1 << fused[side]) - 1"
"""Which digit has the sign."""

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def fault(module: str, old: str, new: str, broken: str, **params: object) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(BRICKS, "Mux(is_fused, high << distance, high)", "high << distance", "shifts stay"),
    fault(BRICKS, TOP, "digit >= 0", "every digit signed"),
    fault(BRICKS, TOP, "digit == 0", "the sign is in the lowest digit"),
    fault(BRICKS, "(element << fused[self._side]) + digit", "element + digit", "digits overlap"),
    fault(RTL, "above(left, unit * products + element)", "Const(1, 1)", "products beyond K count"),
    fault(
        RTL,
        "above(left, unit * products + element)",
        "above(left, unit * products)",
        "a fused unit counts as a whole",
    ),
    fault(
        RTL,
        "(elements + (1 << doublings) - 1) >> doublings",
        "elements >> doublings",
        "what is left over has no step",
    ),
    fault(
        RTL, "> DIGIT_BITS << level", "> DIGIT_BITS << 2 * level", "the wrong level", weight="int8"
    ),
    fault(
        RTL,
        "        if at_operands:\n            word",
        "        if False:\n            word",
        "a register less than told",
        stages=4,
    ),
    fault(TIMING, "of_activations * (", "(", "narrow activations take as long"),
    fault(
        GOLDEN,
        "Lane(Dim.K, params.k), Lane(Dim.N, params.n), Lane(",
        "Lane(Dim.N, params.n), Lane(Dim.K, params.k), Lane(",
        "lanes of weights said to run along N first",
        n=2,
    ),
)


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["fusion"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize("planted", FAULTS, ids=[planted.broken for planted in FAULTS])
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize("params", [{}, {"weight": "int8"}], ids=["4 x 4", "4 x 8"])
def test_nothing_is_reported_without_a_fault(params: dict[str, object]) -> None:
    assert problems_with(0, **params) == []
