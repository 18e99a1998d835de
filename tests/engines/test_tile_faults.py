"""Faults put into `dot`, `add` and `ternary` on purpose: the contract's checks report every one."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

TILE = "hw.lib.tile"
NAMES = ("control", "drain", "engine", "operands", "planes", "steps", "sums", "tree", "unit")
CONTROL, DRAIN, ENGINE, OPERANDS, PLANES, STEPS, SUMS, TREE, UNIT = (
    f"{TILE}.{name}" for name in NAMES
)
TRITS = "hw.lib.decoders.trits"
CYCLES = "sim.tile"
GOLDEN = "golden.tile"

PLANES_OF = "golden.arith.planes"

SHARED = (*(f"{TILE}.{name}" for name in NAMES), TRITS, CYCLES, GOLDEN, PLANES_OF)

SMALL = {"m": 2, "n": 2, "k": 2, "k_max": 5, "activation": "int4", "stages": 3}

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def modules(engine: str) -> tuple[str, ...]:
    return (f"golden.engines.{engine}", f"hw.engines.{engine}", f"sim.engines.{engine}", *SHARED)


def fault(
    engine: str, module: str, old: str, new: str, broken: str, **params: object
) -> tuple[str, Fault]:
    return engine, Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(
        "dot",
        OPERANDS,
        "Mux(active[index % len(active)], lanes[index], 0)",
        "Mux(1, lanes[index], 0)",
        "products beyond K count",
    ),
    fault(
        "dot",
        STEPS,
        "Cat(above(left, product) for product",
        "Cat(above(left, max(product, 1) - 1) for product",
        "one product too many counts",
    ),
    fault(
        "dot",
        STEPS,
        "is_last_step = ~above(left, self._k)",
        "is_last_step = ~above(left, self._k - 1)",
        "a full last step is followed by an empty one",
    ),
    fault(
        "dot",
        STEPS,
        "self.job.ready.eq(~busy | (self.fire & ends_job))",
        "self.job.ready.eq(~busy)",
        "the next job waits for an idle cycle",
    ),
    fault(
        "dot",
        STEPS,
        "self.activations_ready.eq(may_fire & has_weights & self.takes_activations)",
        "self.activations_ready.eq(may_fire & self.takes_activations)",
        "activations are taken although the weights are missing",
    ),
    fault(
        "dot",
        CONTROL,
        "self.enable.eq(~ends | drain.free)",
        "self.enable.eq(1)",
        "a sum is moved into a drain register that is in use",
        k_max=2,
    ),
    fault(
        "dot",
        CONTROL,
        "self.take.eq(self.enable & there)",
        "self.take.eq(there)",
        "a beat that waits is added more than once",
        m=3,
    ),
    fault(
        "dot",
        CONTROL,
        "reset_less=False",
        "reset_less=True",
        "reset leaves a beat in the pipeline",
    ),
    fault(
        "dot",
        DRAIN,
        "((left == 1) & self.ready)",
        "(left == 1)",
        "the last row of a tile is overwritten while it waits",
        k_max=2,
    ),
    fault(
        "dot",
        DRAIN,
        "self.free.eq(~self.valid | ((left == 1) & self.ready))",
        "self.free.eq(~self.valid)",
        "drain registers are free a cycle late",
        k_max=2,
    ),
    fault("dot", SUMS, "Mux(self.first, 0, growing)", "growing", "first does not clear"),
    fault(
        "dot",
        TREE,
        "total = Shape(shape.width + tree_levels(count), signed=shape.signed)",
        "total = Shape(shape.width, signed=shape.signed)",
        "carry out of the tree lost",
    ),
    fault(
        "dot",
        TREE,
        "with m.If(self.enable):",
        "with m.If(1):",
        "the tree moves on while the pipeline stands",
        k_max=2,
    ),
    fault(
        "dot",
        CYCLES,
        "held = np.maximum(jobs.m[:-1], beats[1:]).sum()",
        "held = np.maximum(jobs.m[1:], beats[1:]).sum()",
        "a job waits for its own rows",
        k_max=2,
    ),
    fault(
        "dot",
        GOLDEN,
        "lanes=(Lane(Dim.M, params.m), Lane(Dim.K, params.k))",
        "lanes=(Lane(Dim.K, params.k), Lane(Dim.M, params.m))",
        "lanes of activations said to run along K first",
    ),
    fault(
        "add",
        "hw.engines.add",
        "Mux(sign, -value, value)",
        "value",
        "the sign plane counts as positive",
        weight="int3",
    ),
    fault(
        "add",
        "hw.engines.add",
        "with m.If(steps.fire & (steps.takes_activations | sign)):",
        "with m.If(steps.fire & steps.takes_activations):",
        "activations are not negated for the sign plane",
        weight="int3",
    ),
    fault(
        "add",
        "hw.engines.add",
        "total << self.plane",
        "total << self.plane[:1]",
        "upper planes count too little",
        weight="int3",
    ),
    fault(
        "add",
        "hw.engines.add",
        '("plane", plane)',
        '("plane", plane ^ control.first)',
        "the first plane counts double",
        weight="uint3",
    ),
    fault(
        "add",
        "hw.engines.add",
        "self.negated[index] if self._bipolar else 0",
        "0",
        "bits of bipolar weights leave activations out",
        weight="bipolar2",
    ),
    fault(
        "add",
        STEPS,
        "self.activations_valid | ~self.takes_activations",
        "self.activations_valid",
        "every plane waits for activations",
        weight="int3",
    ),
    fault(
        "add",
        "sim.engines.add",
        "steps * jobs.weight_bits",
        "steps * params.max_weight_bits",
        "narrow weights said to take as long as wide ones",
        weight="int3",
    ),
    fault(
        "ternary",
        "hw.engines.ternary",
        "Mux(weight[1], negated, activation)",
        "activation",
        "minus one taken as one",
    ),
    fault(
        "ternary",
        TRITS,
        "word // 3**lane % 3 - 1",
        "word // 3 ** (self._lanes - 1 - lane) % 3 - 1",
        "digits of a word in the other order",
        packed="5-in-8",
    ),
)


def patched(name: str, *faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()[name], modules(name), faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, name: str, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(name, *faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("name", "planted"), FAULTS, ids=[f"{name}: {planted.broken}" for name, planted in FAULTS]
)
def test_a_planted_fault_is_reported(name: str, planted: Fault) -> None:
    assert any(problems_with(seed, name, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("dot", {"k_max": 2}),
        ("add", {"weight": "int3"}),
        ("add", {"weight": "bipolar2"}),
        ("ternary", {"packed": "3-in-5"}),
    ],
)
def test_nothing_is_reported_without_a_fault(name: str, params: dict[str, object]) -> None:
    assert problems_with(0, name, **params) == []
