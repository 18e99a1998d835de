"""Faults put into `mixpe` and the group epilogue on purpose: the contract's checks report each."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

RTL, ROWS = "hw.engines.mixpe", "hw.arith.shift_add"
EPILOGUE, FLOATS = "hw.lib.epilogue", "hw.arith.floats"
ENGINE, STEPS, DRAIN, ROW_SUM = (
    f"hw.lib.tile.{name}" for name in ("engine", "steps", "drain", "row_sum")
)
TIMING, GOLDEN, SCALED = "sim.scaled", "golden.engines.mixpe", "golden.scaled"
ARITHMETIC = "golden.epilogue"
MODULES = (
    *(GOLDEN, SCALED, ARITHMETIC, "sim.engines.mixpe", TIMING, RTL, ROWS, EPILOGUE, FLOATS),
    *(ENGINE, STEPS, DRAIN, ROW_SUM, "hw.lib.tile.control", "hw.lib.tile.planes"),
)

SMALL = {"m": 2, "n": 2, "k": 2, "k_max": 9, "group_steps": 2, "scale": "uint8"}
FLOAT = {"scale": "fp32"}
PLAIN = {"scale": "none", "zero_point": "none"}

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def fault(module: str, old: str, new: str, broken: str, **params: object) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(ROWS, "<< place, 0)", "<< max(place, 1), 0)", "the lowest row is doubled", **PLAIN),
    fault(RTL, "Mux(is_sign, -lane, lane)", "lane", "the sign's row is added", **PLAIN),
    fault(
        RTL,
        "steps.weight_top[0] if params.weight.signed else 0",
        "steps.weight_top[0]",
        "the highest row of unsigned weights is subtracted",
        weight="uint4",
        **PLAIN,
    ),
    fault(RTL, "lane[:width].as_signed()", "lane[:width]", "narrow activations unsigned", **PLAIN),
    fault(RTL, "Mux(fresh, lane, 0)", "lane", "activations count once per digit"),
    fault(
        RTL,
        "params.stages - 1)",
        "params.stages - 2)",
        "the number of a digit comes a cycle early",
        stages=3,
        **PLAIN,
    ),
    fault(STEPS, "ends_job | (ends_step &", "ends_job | (0 &", "groups do not end"),
    fault(STEPS, "[left.eq(size), begun.eq(0), ", "[left.eq(size), ", "sums run on"),
    fault(STEPS, ", opened.eq(1)]", "]", "every group begins results anew"),
    fault(STEPS, "self.closes.eq(is_last_step)", "self.closes.eq(1)", "every group leaves"),
    fault(ENGINE, "with m.If(control.finish):", "with m.If(1):", "a group's place is not kept"),
    fault(DRAIN, "self.last.eq(left == 1)", "self.last.eq(1)", "scales serve one row"),
    fault(
        EPILOGUE,
        "self.sum - self.zero_point * self.row_sum",
        "self.sum",
        "zero points are left out",
    ),
    fault(EPILOGUE, "Mux(self.first, 0, choices[self.row])", "choices[self.row]", "no fresh start"),
    fault(EPILOGUE, "self.i.ready.eq(enable & there)", "self.i.ready.eq(enable)", "no waiting"),
    fault(
        EPILOGUE,
        "side.ready.eq(enable & take & row.end)",
        "side.ready.eq(enable & self.i.valid & row.end)",
        "scales leave although the zero points are missing",
    ),
    fault(EPILOGUE, "~leave.i.valid | leave.i.ready", "1", "results that wait are lost"),
    fault(EPILOGUE, 'name != "adds"', "True", "reset leaves a row in the epilogue"),
    fault(
        EPILOGUE,
        'multiply.b.eq(self._register(m, "scale_2", scale.shape(), scale))',
        "multiply.b.eq(scale)",
        "the scale is that of the row behind",
        **FLOAT,
    ),
    fault(FLOATS, "half & (below | significand[0])", "half", "ties are rounded up", **FLOAT),
    fault(TIMING, 'repeated["k"] - number', 'repeated["k"] + number', "no last groups"),
    fault(TIMING, "return 4 if", "return 3 if", "floats take a cycle less", **FLOAT),
    fault(
        GOLDEN,
        "Lane(Dim.K, params.k), Lane(Dim.N, params.n)",
        "Lane(Dim.N, params.n), Lane(Dim.K, params.k)",
        "lanes along N first",
        n=3,
    ),
    fault(
        ARITHMETIC,
        "for group, whole in enumerate(sums)",
        "for group, whole in reversed([*enumerate(sums)])",
        "groups in the other order",
        **FLOAT,
    ),
)


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["mixpe"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(
            planted, marks=[pytest.mark.slow] if planted.params.get("scale") == "fp32" else []
        )
        for planted in FAULTS
    ],
    ids=[planted.broken for planted in FAULTS],
)
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize(
    "params",
    [{}, PLAIN, pytest.param(FLOAT, marks=pytest.mark.slow)],
    ids=["uint8", "none", "fp32"],
)
def test_nothing_is_reported_without_a_fault(params: dict[str, object]) -> None:
    assert problems_with(0, **params) == []
