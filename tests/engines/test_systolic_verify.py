"""The systolic array's Verilog on both simulators, as ``tilewright verify`` runs it."""

import itertools
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import golden.engines.systolic
import sim.engines.systolic
from golden.contract import Jobs
from golden.engines.systolic import Dataflow, Params
from golden.formats import Codes, IntFormat, parse_format
from golden.packing import unpack
from hw.bench.simulators import Simulator
from hw.bench.vectors import Vectors
from tilewright.caching import Cache
from tilewright.cases import choose_stimuli
from tilewright.catalog import find_engine
from tilewright.cli import main
from tilewright.stimulus import build_vectors
from tilewright.verification import CASES, OUTPUTS, Verification, verify, verify_vectors

SIZES = ((1, 1), (1, 7), (7, 1), (5, 3), (8, 8), (16, 16))
FORMATS = (("int8", "int8"), ("uint8", "int4"), ("int16", "int2"), ("int4", "uint8"))
MATRIX = (
    *itertools.product(Dataflow, SIZES, FORMATS, (False,)),
    *itertools.product(Dataflow, ((5, 3),), FORMATS, (True,)),
)
RUNS = (*(("verilator", *entry) for entry in MATRIX), *(("icarus", *entry) for entry in MATRIX))
RANDOM_CASES = {"verilator": CASES, "icarus": 1}
"""Icarus takes minutes for the largest arrays; there are always enough to check 10,000 outputs."""

SMALL_PART = (
    {"rows": 5, "cols": 3, "dataflow": "os", "activation": "uint8", "weight": "int4"},
    {"rows": 1, "cols": 7, "dataflow": "ws", "pe_pipeline": True},
    {"rows": 4, "cols": 4, "dataflow": "is", "activation": "int4", "weight": "uint8"},
)


TINY = {"rows": 2, "cols": 3, "dataflow": "os", "k_max": 40}


def describe(value: Any) -> str:
    if isinstance(value, Dataflow):
        return value.value
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulator", "dataflow", "size", "formats", "pipeline"), RUNS, ids=describe
)
def test_every_configuration_is_exact(
    simulator: str,
    dataflow: Dataflow,
    size: tuple[int, int],
    formats: tuple[str, str],
    pipeline: bool,
    cache: Cache,
    request: pytest.FixtureRequest,
) -> None:
    engine = find_engine("systolic")
    params = Params(
        rows=size[0],
        cols=size[1],
        dataflow=dataflow,
        activation=parse_format(formats[0]),
        weight=parse_format(formats[1]),
        pe_pipeline=pipeline,
    )
    vectors = chosen_vectors(params, RANDOM_CASES[simulator])
    assert missing_from(vectors, params) == []
    found: Simulator = request.getfixturevalue(simulator)
    result, _ = verify_vectors(engine, params, vectors, found, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


@pytest.mark.parametrize("given", SMALL_PART, ids=lambda given: given["dataflow"])
def test_verify_finds_nothing_wrong(given: Mapping[str, Any], cache: Cache, tmp_path: Path) -> None:
    result = verify("systolic", given, cache=cache, save_failures=tmp_path)
    assert result.failures == ()
    assert result.passed
    assert result.outputs_checked >= OUTPUTS
    assert result.cases > CASES
    assert (result.saved, result.replay) == (None, None)
    assert [*tmp_path.iterdir()] == []


def test_verify_finds_nothing_wrong_on_icarus(icarus: Simulator, cache: Cache) -> None:
    result = verify("systolic", TINY, simulator=icarus.name, cases=2, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.simulator == "icarus"


@pytest.mark.parametrize("dataflow", Dataflow)
def test_what_verify_plays_holds_every_extreme(dataflow: Dataflow) -> None:
    for size, (activation, weight) in itertools.product(((1, 7), (5, 3)), FORMATS):
        params = Params(
            rows=size[0],
            cols=size[1],
            dataflow=dataflow,
            activation=parse_format(activation),
            weight=parse_format(weight),
        )
        assert missing_from(chosen_vectors(params), params) == []


def chosen_vectors(params: Params, cases: int = CASES) -> Vectors:
    """What `verify` plays, by default or with so many random cases."""
    engine = find_engine("systolic")
    stimuli = choose_stimuli(engine, params, cases=cases, outputs=OUTPUTS, seed=0)
    return build_vectors(engine, params, stimuli, top=engine.name, seed=0)


def missing_from(vectors: Vectors, params: Params) -> list[str]:
    """What a thorough run has and ``vectors`` lack, counting undisturbed cases alone."""
    plain = [case for case in vectors.plan.cases if case.cycles is not None]
    ports = golden.engines.systolic.layout(params)
    results = beats(vectors, plain, "results", params.sums)
    masks = rows_of(vectors.mask, plain, "results")
    used = unpack(masks, params.sums.bits, ports.results.width).astype(bool)
    longest = params.k_max if params.dataflow is Dataflow.OS else params.rows
    wanted = {
        "activations": (params.activation, params.activation.min, params.activation.max),
        "weights": (params.weight, params.weight.min, params.weight.max),
        "results": (params.sums, *params.sum_range(longest)),
    }
    missing = []
    for port, (format, low, high) in wanted.items():
        codes = results[used] if port == "results" else beats(vectors, plain, port, format)
        missing += [
            f"{value} on {port}"
            for value in (low, high)
            if not np.any(codes == format.encode(value))
        ]
    if np.count_nonzero(used) < OUTPUTS:
        missing.append(f"{OUTPUTS} outputs")
    if not any(case.beats["job"][1] - case.beats["job"][0] > 1 for case in plain):
        missing.append("jobs back to back")
    return missing


def beats(vectors: Vectors, cases: list[Any], port: str, format: IntFormat) -> Codes:
    lanes = vectors.plan.bits[port] // format.bits
    return unpack(rows_of(vectors.beats[port], cases, port), format.bits, lanes)


def rows_of(rows: np.ndarray, cases: list[Any], port: str) -> np.ndarray:
    return np.concatenate([rows[slice(*case.beats[port])] for case in cases])


def wrong_in_one_place(
    params: Params,
    a: Codes,
    w: Codes,
    c: Codes | None = None,
    *,
    right: Any = golden.engines.systolic.matmul,
) -> Codes:
    """Wrong in the first result of every product with more than one row."""
    result: Codes = right(params, a, w, c)
    result[0, 0] ^= len(result) > 1
    return result


def one_cycle_too_many(
    params: Params, jobs: Jobs, *, right: Any = sim.engines.systolic.timing_sequence
) -> int:
    return int(right(params, jobs)) + (len(jobs) > 2)


def verify_tiny(cache: Cache, folder: Path) -> Verification:
    return verify("systolic", TINY, cases=2, outputs=1, seed=7, cache=cache, save_failures=folder)


def test_a_wrong_golden_model_is_reported_saved_and_replayed(
    cache: Cache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(golden.engines.systolic, "matmul", wrong_in_one_place)
        result = verify_tiny(cache, tmp_path)
    assert not result.passed
    assert result.mismatches > 0
    assert result.cycle_mismatches == 0
    assert 0 < len(result.failures) < result.cases
    example = result.failures[0].examples[0]
    assert example["got"] ^ example["expected"] == 1
    assert result.saved is not None
    assert Path(result.saved).parent == tmp_path

    monkeypatch.setattr("tilewright.verification.default_cache", lambda: cache)
    monkeypatch.chdir(tmp_path)
    assert result.replay is not None
    command = shlex.split(result.replay)
    assert command[:3] == ["tilewright", "verify", "systolic"]
    status = main([*command[1:], "--json"])
    replayed = json.loads(capsys.readouterr().out)
    assert status == 1
    assert replayed["cases"] == len(result.failures)
    assert [failure["name"] for failure in replayed["failures"]] == [
        failure.name for failure in result.failures
    ]
    assert replayed["mismatches"] == result.mismatches


def test_a_wrong_timing_is_reported_as_cycles_alone(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim.engines.systolic, "timing_sequence", one_cycle_too_many)
    result = verify_tiny(cache, tmp_path)
    assert not result.passed
    assert result.mismatches == 0
    assert 0 < result.cycle_mismatches == len(result.failures) < result.cases
    for failure in result.failures:
        assert failure.cycles is not None
        assert failure.expected_cycles == failure.cycles + 1


def test_the_same_seed_gives_the_same_run(cache: Cache, tmp_path: Path) -> None:
    first, second = (verify_tiny(cache, tmp_path) for _ in range(2))
    assert (first.cases, first.outputs_checked, first.cycles) == (
        second.cases,
        second.outputs_checked,
        second.cycles,
    )
