"""Cycles of the systolic array's Verilog, GEMM by GEMM, against its closed form."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from golden.engines.systolic import Dataflow, Params
from golden.formats import IntFormat
from hw.bench.simulators import Simulator
from tests.support.contract import Shape
from tilewright.caching import Cache
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors
from tilewright.verification import built_bench, play

SIDE = 20
BATCH = 1000
ARRAYS = ((1, 4), (5, 2), (3, 5), (8, 8))
SAMPLE = tuple(itertools.product((1, 2, 7), (1, 6), (1, 3, 8)))


def differences(
    params: Params, shapes: Sequence[Shape], simulator: Simulator, cache: Cache
) -> list[str]:
    """GEMMs whose results or cycles are not as expected; each starts from an idle array."""
    engine = find_engine("systolic")
    folder = built_bench(engine, params, simulator, cache=cache)
    rng = np.random.default_rng(len(shapes))
    most_m, most_n, most_k = (max(sizes) for sizes in zip(*shapes, strict=True))
    a = rng.integers(0, 1 << params.activation.bits, (most_m, most_k), dtype=np.uint8)
    w = rng.integers(0, 1 << params.weight.bits, (most_k, most_n), dtype=np.uint8)
    found: list[str] = []
    for batch in batches(shapes):
        stimuli = [
            Stimulus(name=f"M={m} N={n} K={k}", jobs=engine.golden.jobs(params, m, n, k), a=a, w=w)
            for m, n, k in batch
        ]
        vectors = build_vectors(engine, params, stimuli, top=engine.name, seed=len(found))
        run = play(simulator, folder, vectors)
        found += [repr(report) for report in run.reports if report.failed]
        cycles = [report.cycles for report in run.reports]
        if cycles != [engine.sim.timing(params, m, n, k) for m, n, k in batch]:
            found.append(f"cycles of a batch from {batch[0]} differ")
        if run.outputs_checked != sum(int(one.jobs.m @ one.jobs.n) for one in stimuli):
            found.append(f"outputs of a batch from {batch[0]} were not all checked")
    return found


def batches(shapes: Sequence[Shape]) -> Iterator[Sequence[Shape]]:
    for start in range(0, len(shapes), BATCH):
        yield shapes[start : start + BATCH]


def design(rows: int, cols: int, dataflow: Dataflow) -> Params:
    """Narrow operands: cycles do not depend on them."""
    return Params(
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        activation=IntFormat(4),
        weight=IntFormat(3),
        k_max=SIDE,
    )


@pytest.mark.parametrize("dataflow", Dataflow)
def test_gemms_take_the_cycles_of_the_closed_form(
    dataflow: Dataflow, verilator: Simulator, cache: Cache
) -> None:
    assert differences(design(3, 5, dataflow), SAMPLE, verilator, cache) == []


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", Dataflow)
@pytest.mark.parametrize(("rows", "cols"), ARRAYS)
def test_every_gemm_up_to_20_takes_the_cycles_of_the_closed_form(
    rows: int, cols: int, dataflow: Dataflow, verilator: Simulator, cache: Cache
) -> None:
    shapes = tuple(itertools.product(range(1, SIDE + 1), repeat=3))
    assert differences(design(rows, cols, dataflow), shapes, verilator, cache) == []
