"""Faults put into `exp_int` on purpose: the contract's checks report every one."""

from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched

GOLDEN = "golden.engines.exp_int"
ENGINE = "hw.engines.exp_int"
SIM = "sim.engines.exp_int"
PRODUCTS = "hw.arith.products"
FLINT, PAIRS, OPERANDS = (f"hw.lib.decoders.{name}" for name in ("flint", "pairs", "operands"))
GRID, RESTING = (f"hw.lib.systolic.{name}" for name in ("output_stationary", "resting_sums"))
SUMS = "golden.arith.sums"
MODULES = (GOLDEN, ENGINE, SIM, PRODUCTS, FLINT, PAIRS, OPERANDS, GRID, RESTING, SUMS)

SMALL = {"rows": 3, "cols": 2, "k_max": 7}
FLINTS = {"activation": "uflint4", "weight": "flint4"}
OUTLIERS = {"activation": "ovp_int4", "weight": "ovp_int4"}
MIXED = {"activation": "ovp_int4", "weight": "flint4"}
BYTES = {"activation": "ovp_int8", "weight": "int4"}

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def fault(module: str, old: str, new: str, broken: str, params: dict[str, str]) -> Fault:
    return Fault(module=module, old=old, new=new, broken=broken, params=params)


FAULTS = (
    fault(
        FLINT,
        "exponent.eq(zeros + 1)",
        "exponent.eq(zeros)",
        "exponents of flint one too small",
        FLINTS,
    ),
    fault(
        FLINT,
        "integer.eq(1 << (bits - 2)), exponent.eq(bits)",
        "integer.eq(0), exponent.eq(bits)",
        "the largest number of flint is zero",
        FLINTS,
    ),
    fault(
        FLINT,
        "Mux(self.code[-1], -integer, integer)",
        "Mux(self.code[-2], -integer, integer)",
        "the sign of flint is read elsewhere",
        FLINTS,
    ),
    fault(
        FLINT,
        "ExponentInteger(integer, bits.bit_length())",
        "ExponentInteger(integer, bits.bit_length() - 1)",
        "exponents of flint a bit too narrow",
        FLINTS,
    ),
    fault(
        PAIRS,
        "with m.If(self.own == mark):",
        "with m.If(self.own == mark + 1):",
        "victims are numbers",
        OUTLIERS,
    ),
    fault(
        PAIRS,
        "with m.Elif(self.other == mark):",
        "with m.Elif(self.other == mark - 1):",
        "outliers are taken as normal numbers",
        OUTLIERS,
    ),
    fault(
        PAIRS,
        "power = field + outlier.bias",
        "power = field",
        "the bias of outliers is forgotten",
        OUTLIERS,
    ),
    fault(
        PAIRS,
        "Mux(sign, -significand, significand)",
        "significand",
        "outliers have no sign",
        OUTLIERS,
    ),
    fault(
        PAIRS,
        "clipped = power >= most",
        "clipped = power > most",
        "mantissas of the largest outliers count",
        BYTES,
    ),
    fault(
        OPERANDS,
        "self.i.ready.eq(self.o.ready & (second | self.last))",
        "self.i.ready.eq(self.o.ready & second)",
        "a pair that is cut short stays",
        OUTLIERS,
    ),
    fault(
        OPERANDS,
        "second.eq(~second & ~self.last)",
        "second.eq(~second)",
        "the job after an odd K begins with the second half",
        OUTLIERS,
    ),
    fault(
        OPERANDS,
        "with m.If(self.o.valid & self.o.ready):",
        "with m.If(self.o.ready):",
        "a half is passed over where there is no beat",
        OUTLIERS,
    ),
    fault(
        OPERANDS,
        "second = Signal()",
        "second = Signal(reset_less=True)",
        "reset leaves half of a pair",
        OUTLIERS,
    ),
    fault(
        OPERANDS,
        "Mux(second, halves[1], halves[0])",
        "Mux(second, halves[0], halves[1])",
        "the right number of a pair comes first",
        MIXED,
    ),
    fault(
        PRODUCTS,
        "exponent if shift is None else shift + exponent",
        "exponent",
        "only one exponent counts",
        FLINTS,
    ),
    fault(
        PRODUCTS,
        "product[: self.bits].as_signed()",
        "product[: self.bits - 1].as_signed()",
        "products a bit too narrow",
        OUTLIERS,
    ),
    fault(
        RESTING,
        "self.last.eq(last),",
        "self.last.eq(last & first),",
        "edges are not told of the last beat",
        MIXED,
    ),
    fault(
        GRID,
        "Mux(self.valid, self.activations.as_value(), 0)",
        "self.activations.as_value()",
        "beats that are not there count",
        FLINTS,
    ),
    fault(
        GOLDEN,
        "_values(params.weight, second, along_k=0)",
        "_values(params.weight, second, along_k=1)",
        "pairs of weights said to lie along N",
        OUTLIERS,
    ),
    fault(
        GOLDEN,
        "beats=(Beat(Dim.M, descending=True),)",
        "beats=(Beat(Dim.M),)",
        "results said to leave from the first row down",
        FLINTS,
    ),
    fault(
        SUMS,
        "k = -(-k // 2)",
        "k = k // 4",
        "sums of pairs are too narrow",
        OUTLIERS,
    ),
    fault(
        SIM,
        "tile_cycles(jobs, jobs.k, latency)",
        "tile_cycles(jobs, jobs.k + jobs.k % 2, latency)",
        "an odd K said to take a cycle more",
        OUTLIERS,
    ),
)


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["exp_int"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


@pytest.mark.parametrize("planted", FAULTS, ids=lambda planted: planted.broken)
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize("params", [FLINTS, OUTLIERS, MIXED, BYTES])
def test_nothing_is_reported_without_a_fault(params: dict[str, str]) -> None:
    assert problems_with(0, **params) == []
