"""Faults put into the systolic array on purpose: the contract's checks report every one."""

import dataclasses
import importlib
from typing import Any

import numpy as np
import pytest

from golden.discovery import find_modules
from golden.params import parse_params
from hw.bench.simulators import Simulator
from hw.bench.vectors import Vectors
from tests.engines.systolic_faults import FAULTS, GOLDEN, MODULES, OS, SKID, SMALL, STREAMS, fault
from tests.support.contract import check
from tests.support.patching import Fault, PatchedEngine, load_patched
from tilewright.caching import Cache
from tilewright.cases import choose_stimuli
from tilewright.catalog import find_engine
from tilewright.stimulus import build_vectors
from tilewright.verification import Verification, verify_vectors

ON_VERILOG = tuple(
    planted
    for planted in FAULTS
    if planted.broken
    in (
        "valid waits for ready",
        "payload changes while it is held",
        "next tile is taken after an idle cycle",
        "lanes of the results swapped",
    )
)
"""Faults for the bench of emitted Verilog as well: one of each kind that it can see."""

SEEDS = 3
"""A fault that needs rare data or a rare stall has so many chances."""


def patched(*faults: Fault, **params: object) -> tuple[PatchedEngine, Any]:
    engine = load_patched(find_modules()["systolic"], MODULES, faults)
    return engine, parse_params(engine.golden.Params, {**SMALL, **params})


def problems_with(seed: int, *faults: Fault, **params: object) -> list[str]:
    return check(*patched(*faults, **params), np.random.default_rng(seed))


def name_of(planted: Fault) -> str:
    return f"{planted.module.rpartition('.')[2]}: {planted.broken}"


@pytest.mark.parametrize("planted", FAULTS, ids=name_of)
def test_a_planted_fault_is_reported(planted: Fault) -> None:
    assert any(problems_with(seed, planted, **planted.params) for seed in range(SEEDS))


@pytest.mark.parametrize(
    "params",
    sorted({tuple(sorted(planted.params.items())) for planted in FAULTS}, key=str),
    ids=lambda params: "-".join(str(value) for _, value in params),
)
def test_nothing_is_reported_without_a_fault(params: tuple[tuple[str, object], ...]) -> None:
    assert problems_with(0, **dict(params)) == []


@pytest.mark.parametrize("planted", ON_VERILOG, ids=name_of)
def test_a_planted_fault_is_reported_on_emitted_verilog(
    planted: Fault, verilator: Simulator, cache: Cache
) -> None:
    engine, params = patched(planted, **planted.params)
    result, _ = verify_vectors(
        engine, params, chosen_vectors(engine, params), verilator, cache=cache
    )
    assert not result.passed
    late = planted.broken == "next tile is taken after an idle cycle"
    assert (result.mismatches == 0) == late
    assert result.cycle_mismatches > 0 or not late


def chosen_vectors(engine: PatchedEngine, params: Any) -> Vectors:
    stimuli = choose_stimuli(engine, params, cases=1, outputs=1, seed=5)
    return build_vectors(engine, params, stimuli, top=engine.name, seed=5)


def with_case(vectors: Vectors, index: int, **changes: object) -> Vectors:
    cases = [*vectors.plan.cases]
    cases[index] = dataclasses.replace(cases[index], **changes)
    return dataclasses.replace(vectors, plan=dataclasses.replace(vectors.plan, cases=tuple(cases)))


def test_faults_of_the_vectors_are_reported_by_the_bench(
    verilator: Simulator, cache: Cache
) -> None:
    engine = find_engine("systolic")
    params = engine.params({**SMALL, **OS})
    vectors = chosen_vectors(engine, params)
    index = next(
        index
        for index, case in enumerate(vectors.plan.cases)
        if case.name.startswith("corner") and case.cycles and case.beats["job"][1] > 5
    )
    case = vectors.plan.cases[index]
    assert case.cycles is not None

    def play(changed: Vectors) -> Verification:
        return verify_vectors(engine, params, changed, verilator, cache=cache)[0]

    assert play(vectors).passed

    for cycles in (case.cycles - 1, case.cycles + 1):
        result = play(with_case(vectors, index, cycles=cycles))
        assert (result.mismatches, result.cycle_mismatches) == (0, 1)
        (failure,) = result.failures
        assert (failure.name, failure.cycles) == (case.name, case.cycles)

    results = vectors.beats["results"].copy()
    first, end = case.beats["results"]
    used = vectors.mask[first] != 0
    results[first, np.argmax(used)] ^= 1
    result = play(dataclasses.replace(vectors, beats={**vectors.beats, "results": results}))
    assert {failure.name for failure in result.failures} == {case.name}
    assert (result.mismatches, result.cycle_mismatches) == (len(result.failures), 0)
    assert result.failures[0].examples[0]["beat"] == 0

    result = play(with_case(vectors, index, beats={**case.beats, "results": (first, end - 1)}))
    assert case.name in {failure.name for failure in result.failures}
    assert result.mismatches > 0

    job = vectors.beats["job"].copy()
    job[case.beats["job"][0]] = 0
    result = play(dataclasses.replace(vectors, beats={**vectors.beats, "job": job}))
    assert case.name in {failure.name for failure in result.failures}
    assert result.mismatches > 0


def test_a_fault_that_does_not_fit_its_module_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"hw\.lib.skid has 0 times, not once: 'nowhere'"):
        patched(fault(SKID, "nowhere", "", "nothing"))
    with pytest.raises(ValueError, match=r"hw\.emit is not among the modules to load"):
        patched(fault("hw.emit", "import re", "", "nothing"))


def test_patching_leaves_the_real_modules_alone() -> None:
    before = {name: importlib.import_module(name) for name in MODULES}
    contents = {name: dict(vars(module)) for name, module in before.items()}
    engine, _ = patched(*STREAMS[:1])
    assert engine.hw is not before["hw.engines.systolic"]
    assert engine.golden.Params is not before[GOLDEN].Params
    for name, module in before.items():
        assert importlib.import_module(name) is module
        assert vars(module) == contents[name]
