"""A network's matrix products on the generated Verilog."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from golden.contract import Jobs
from hw.bench.simulators import find_simulator
from tilewright.caching import Cache, default_cache
from tilewright.catalog import Engine
from tilewright.products import GemmCodes
from tilewright.progress import progress
from tilewright.stimulus import Stimulus, build_vectors
from tilewright.verification import CaseReport, built_bench, play

__all__ = ["RtlReport", "run_rtl"]

SAMPLES_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class RtlReport:
    """What the Verilog said to a network's products.

    Parameters
    ----------
    rtl_samples : int
    rtl_cycles : int
        Of one sample, all layers added up.
    rtl_outputs_checked : int
        Result codes compared.
    output_mismatches : int
        Wrong or missing result codes, and broken stream rules.
    cycle_mismatches : int
        Layers of samples whose cycles differ from the timing.
    rtl_layers : tuple of (str, int)
        Measured cycles of each layer of the first sample.
    failures : tuple of CaseReport
    """

    rtl_samples: int
    rtl_cycles: int
    rtl_outputs_checked: int
    output_mismatches: int
    cycle_mismatches: int
    rtl_layers: tuple[tuple[str, int], ...]
    failures: tuple[CaseReport, ...]

    @property
    def passed(self) -> bool:
        """Whether values and cycles all agreed."""
        return not (self.output_mismatches or self.cycle_mismatches)


def run_rtl(
    engine: Engine,
    params: Any,
    samples: Sequence[Sequence[GemmCodes]],
    *,
    simulator: str = "verilator",
    cache: Cache | None = None,
) -> RtlReport:
    """Push the products of some samples through the engine's Verilog.

    The products of a layer are one list of jobs, back to back.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    samples : sequence of sequences of GemmCodes
        Products of each sample, in order.
    simulator : {"verilator", "icarus"}
    cache : Cache, optional
        Where builds lie.
    """
    found = find_simulator(simulator)
    folder = built_bench(engine, params, found, waves=None, cache=cache or default_cache())
    chunks = [
        samples[start : start + SAMPLES_AT_ONCE]
        for start in range(0, len(samples), SAMPLES_AT_ONCE)
    ]
    runs = []
    for chunk in progress(chunks, f"Verilog, {SAMPLES_AT_ONCE} samples at a time"):
        stimuli = [layer for products in chunk for layer in _layers(products)]
        vectors = build_vectors(engine, params, stimuli, top=engine.name, seed=0)
        runs.append(play(found, folder, vectors))
    first = runs[0].reports[: len(_layers(samples[0]))]
    return RtlReport(
        rtl_samples=len(samples),
        rtl_cycles=sum(case.cycles or 0 for case in first),
        rtl_outputs_checked=sum(bench.outputs_checked for bench in runs),
        output_mismatches=sum(bench.mismatches for bench in runs),
        cycle_mismatches=sum(bench.cycle_mismatches for bench in runs),
        rtl_layers=tuple((case.name, case.cycles or 0) for case in first),
        failures=tuple(case for bench in runs for case in bench.reports if case.failed),
    )


def _layers(products: Sequence[GemmCodes]) -> list[Stimulus]:
    """The products of each layer, on the diagonal of one large product."""
    return [_diagonal(layer, list(group)) for layer, group in groupby(products, lambda p: p.layer)]


def _diagonal(layer: str, products: Sequence[GemmCodes]) -> Stimulus:
    deepest = max(product.a.shape[1] for product in products)
    rows = sum(product.a.shape[0] for product in products)
    cols = sum(product.w.shape[1] for product in products)
    a = np.zeros((rows, deepest), dtype=products[0].a.dtype)
    w = np.zeros((deepest, cols), dtype=products[0].w.dtype)
    lists = []
    row = col = 0
    for product in products:
        (m, k), n = product.a.shape, product.w.shape[1]
        a[row : row + m, :k] = product.a
        w[:k, col : col + n] = product.w
        lists.append(product.jobs.moved(row, col))
        row, col = row + m, col + n
    return Stimulus(name=layer, jobs=Jobs.concatenate(*lists), a=a, w=w)
