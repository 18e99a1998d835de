"""Faults put into `bitplane` on purpose: the contract's checks report every one."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

RTL = "hw.engines.bitplane"
ENGINE, MARKS, STRUCTURE, SUM = (
    f"{RTL}.{name}" for name in ("engine", "marks", "structure", "plane_sum")
)
STEPS, PLANES = "hw.lib.tile.steps", "hw.lib.tile.planes"
FRAME = tuple(f"hw.lib.tile.{name}" for name in ("engine", "operands", "tree", "unit"))
MODULES = (
    "golden.engines.bitplane",
    "sim.engines.bitplane",
    RTL,
    ENGINE,
    MARKS,
    STRUCTURE,
    SUM,
    STEPS,
    PLANES,
    *FRAME,
)

SMALL = {"m": 2, "n": 1, "k": 2, "k_max": 5, "activation": "int3", "weight": "int2"}
IN_SPACE = {"activation_planes": 2, "weight_planes": 2}
BIPOLAR = {"activation": "bipolar3", "weight": "bipolar2"}

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def fault(module: str, old: str, new: str, broken: str, **params: object) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(SUM, "Mux(mark, -count.o, count.o)", "count.o", "sign planes count as positive"),
    fault(
        SUM,
        "Mux(mark, count.o, 0)",
        "count.o",
        "bipolar planes beyond a width count",
        **BIPOLAR,
        **IN_SPACE,
    ),
    fault(SUM, "(total << 1) - self.offset", "total << 1", "unequal bits left out", **BIPOLAR),
    fault(
        SUM,
        "_neighbours_added(row, 1 << level)",
        "_neighbours_added(row, 1)",
        "planes worth 2",
        activation_planes=3,
    ),
    fault(
        SUM,
        "with m.If(self.enable):",
        "with m.If(1):",
        "registers move while others stand",
        **IN_SPACE,
        stages=4,
        k_max=2,
    ),
    fault(MARKS, "x & y if params.bipolar else x ^ y", "x | y", "two signs make a negative"),
    fault(
        MARKS,
        "cycles_to_counts(params))\n",
        "cycles_to_counts(params) - 1)\n",
        "signs come a cycle early",
    ),
    fault(
        MARKS,
        "steps.activation_plane + steps.weight_plane",
        "steps.weight_plane",
        "planes of activations all worth the same",
    ),
    fault(ENGINE, "bits = bits | ~steps.active", "pass", "equal bits of padding count", **BIPOLAR),
    fault(ENGINE, "params.k) & steps.active", "params.k)", "products beyond K count"),
    fault(ENGINE, "Mux(used[plane], bits, 0)", "bits", "planes beyond a width count", **IN_SPACE),
    fault(
        ENGINE,
        "Mux(steps.takes_weights, arriving, again)",
        "arriving",
        "weights are not used again",
    ),
    fault(
        STEPS,
        "self.activations_valid | ~self.takes_activations",
        "self.activations_valid",
        "every pass waits for activations",
    ),
    fault(
        STEPS,
        "may_fire & has_activations & self.takes_weights",
        "may_fire & has_activations",
        "weights are taken in every pass",
    ),
    fault(PLANES, "[left.eq(width), plane.eq(0)]", "[left.eq(width)]", "planes go on counting"),
    fault(
        PLANES,
        "left == number + 1",
        "left == number + 2",
        "the sign is the plane below",
        **IN_SPACE,
    ),
    fault(
        "sim.engines.bitplane",
        "-(-jobs.weight_bits // params.weight_planes)",
        "jobs.weight_bits // params.weight_planes",
        "half a beat said to take no cycle",
        **IN_SPACE,
    ),
    fault(
        "golden.engines.bitplane",
        "Lane(Dim.K, params.k),\n                Lane(Dim.N, params.n),",
        "Lane(Dim.N, params.n),\n                Lane(Dim.K, params.k),",
        "lanes of weights said to run along N first",
        n=2,
    ),
)


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["bitplane"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize("planted", FAULTS, ids=[planted.broken for planted in FAULTS])
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize("params", [{}, IN_SPACE, BIPOLAR, {**BIPOLAR, **IN_SPACE}])
def test_nothing_is_reported_without_a_fault(params: dict[str, object]) -> None:
    assert problems_with(0, **params) == []
