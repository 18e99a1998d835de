"""Products on the Verilog: values, cycles, and what is reported where they differ."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from golden.contract import Jobs
from golden.formats import INT8, Codes
from golden.operators.base import MatrixProduct
from hw.bench.simulators import SimulatorError
from tilewright.caching import Cache
from tilewright.catalog import find_design
from tilewright.products import EngineProducts, GemmCodes
from tilewright.rtl import RtlReport, RtlRun
from tilewright.verification import play

SMALL = {"rows": 2, "cols": 2, "k_max": 16}
ENGINE, PARAMS = find_design("systolic", SMALL)
LAYERS = {"dense": [(3, 5, 4)], "depthwise": [(4, 9, 1)] * 3, "heads": [(3, 2, 3), (3, 4, 3)]}
"""M, K and N of the products of each layer."""


def sample(seed: int) -> list[GemmCodes]:
    """Products of one sample of a network."""
    rng = np.random.default_rng(seed)
    products: list[GemmCodes] = []
    push = EngineProducts(engine=ENGINE, params=PARAMS, keep=products.append)
    for layer, shapes in LAYERS.items():
        for group, (m, k, n) in enumerate(shapes):
            push(
                MatrixProduct(
                    operator=layer,
                    group=group,
                    a=rng.integers(-128, 128, (m, k)),
                    w=rng.integers(-128, 128, (k, n)),
                    a_format=INT8,
                    w_format=INT8,
                )
            )
    return products


def expected_cycles() -> dict[str, int]:
    return {
        layer: ENGINE.sim.timing_sequence(
            PARAMS, Jobs.concatenate(*(ENGINE.golden.jobs(PARAMS, m, n, k) for m, k, n in shapes))
        )
        for layer, shapes in LAYERS.items()
    }


def run(
    samples: Sequence[Sequence[GemmCodes]], cache: Cache, simulator: str = "verilator"
) -> RtlReport:
    verilog = RtlRun(ENGINE, PARAMS, simulator=simulator, cache=cache)
    for products in samples:
        verilog.add(products)
    return verilog.report()


def test_values_and_cycles_agree(simulator: str, own_cache: Cache) -> None:
    report = run([sample(0), sample(1)], own_cache, simulator)
    assert report.passed
    assert (report.output_mismatches, report.cycle_mismatches, report.failures) == (0, 0, ())
    assert report.rtl_samples == 2
    assert dict(report.rtl_layers) == expected_cycles()
    assert report.rtl_cycles == sum(expected_cycles().values())
    results = sum(
        job.m * job.n for number in (0, 1) for product in sample(number) for job in product.jobs
    )
    assert report.rtl_outputs_checked == results


def test_samples_are_played_when_enough_have_gathered(
    own_cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run([sample(0), sample(1), sample(2)], own_cache)
    played: list[int] = []

    def count(*arguments: Any, **options: Any) -> Any:
        played.append(len(arguments[2].plan.cases))
        return play(*arguments, **options)

    monkeypatch.setattr("tilewright.rtl.play", count)
    elements = sum(
        job.m * job.k + job.k * job.n + job.m * job.n
        for product in sample(0)
        for job in product.jobs
    )
    monkeypatch.setattr("tilewright.rtl.ELEMENTS_AT_ONCE", elements + 1)
    pieces = run([sample(0), sample(1), sample(2)], own_cache)
    assert played == [6, 3]
    assert pieces == whole


def test_wrong_timing_is_reported_for_each_layer_of_each_sample(
    own_cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, cycles = ENGINE.sim.timing_sequence, expected_cycles()
    monkeypatch.setattr(ENGINE.sim, "timing_sequence", lambda params, jobs: right(params, jobs) + 1)
    report = run([sample(0), sample(1)], own_cache)
    assert not report.passed
    assert (report.output_mismatches, report.cycle_mismatches) == (0, 6)
    assert report.rtl_cycles == sum(cycles.values())
    assert [(case.name, case.expected_cycles, case.cycles) for case in report.failures] == [
        (layer, count + 1, count) for layer, count in cycles.items()
    ] * 2


def test_wrong_values_are_reported(own_cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ENGINE.golden.matmul

    def wrong(params: Any, a: Codes, w: Codes, c: Codes | None = None) -> Codes:
        result = right(params, a, w, c)
        result[0, 0] ^= 1
        return result

    products = sample(0)
    monkeypatch.setattr(ENGINE.golden, "matmul", wrong)
    report = run([products], own_cache)
    assert not report.passed
    assert report.cycle_mismatches == 0
    assert report.output_mismatches > 0
    assert {case.name for case in report.failures} == set(LAYERS)


def test_a_missing_simulator_is_told_before_anything_runs(
    own_cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise SimulatorError(f"{name} was not found")

    monkeypatch.setattr("tilewright.rtl.find_simulator", missing)
    with pytest.raises(SimulatorError, match="verilator was not found"):
        RtlRun(ENGINE, PARAMS, cache=own_cache)
