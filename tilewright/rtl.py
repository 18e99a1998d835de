"""A network's matrix products on the generated Verilog."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from golden.contract import Jobs
from hw.bench.simulators import find_simulator
from tilewright.caching import Cache, default_cache
from tilewright.catalog import Engine
from tilewright.products import GemmCodes
from tilewright.stimulus import Stimulus, build_vectors
from tilewright.verification import BenchRun, CaseReport, built_bench, play

__all__ = ["RtlReport", "RtlRun"]

ELEMENTS_AT_ONCE = 1 << 22
"""That cross the ports before what has gathered is played: enough to make a start worth it."""


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


class RtlRun:
    """Pushes products through an engine's Verilog, some samples at a time.

    The products of a layer are one list of jobs, back to back.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    simulator : {"verilator", "icarus"}
    cache : Cache, optional
        Where builds lie.

    Raises
    ------
    SimulatorError
        If the simulator is missing or too old.
    """

    def __init__(
        self,
        engine: Engine,
        params: Any,
        *,
        simulator: str = "verilator",
        cache: Cache | None = None,
    ) -> None:
        self._engine = engine
        self._params = params
        self._simulator = find_simulator(simulator)
        self._cache = cache or default_cache()
        self._waiting: list[Stimulus] = []
        self._elements = 0
        self._samples = 0
        self._runs: list[BenchRun] = []
        self._layers_of_a_sample = 0

    def add(self, products: Sequence[GemmCodes]) -> None:
        """The products of one sample, in order."""
        layers = _layers(products)
        self._waiting += layers
        self._elements += sum(
            int(np.sum(jobs.m * jobs.k + jobs.k * jobs.n + jobs.m * jobs.n))
            for jobs in (layer.jobs for layer in layers)
        )
        self._samples += 1
        self._layers_of_a_sample = len(layers)
        if self._elements >= ELEMENTS_AT_ONCE:
            self._play()

    def report(self) -> RtlReport:
        """What the Verilog said to all samples, of which there is at least one."""
        if self._waiting:
            self._play()
        reports = [case for bench in self._runs for case in bench.reports]
        first = reports[: self._layers_of_a_sample]
        return RtlReport(
            rtl_samples=self._samples,
            rtl_cycles=sum(case.cycles or 0 for case in first),
            rtl_outputs_checked=sum(bench.outputs_checked for bench in self._runs),
            output_mismatches=sum(bench.mismatches for bench in self._runs),
            cycle_mismatches=sum(bench.cycle_mismatches for bench in self._runs),
            rtl_layers=tuple((case.name, case.cycles or 0) for case in first),
            failures=tuple(case for case in reports if case.failed),
        )

    def _play(self) -> None:
        vectors = build_vectors(
            self._engine, self._params, self._waiting, top=self._engine.name, seed=0
        )
        self._runs.append(play(self._simulator, self._folder, vectors))
        self._waiting, self._elements = [], 0

    @cached_property
    def _folder(self) -> Path:
        """Of the simulator, built when it is first needed: that may take a minute."""
        return built_bench(
            self._engine, self._params, self._simulator, waves=None, cache=self._cache
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
