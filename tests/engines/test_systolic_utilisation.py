"""How busy the systolic array is: cycles derived by hand, and counted on the Verilog."""

import numpy as np
import pytest

from golden.engines.systolic import Dataflow, Params
from hw.bench.simulators import Simulator
from sim.engines.systolic import timing
from tilewright.caching import Cache
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors
from tilewright.verification import built_bench, play


@pytest.mark.parametrize("dataflow", Dataflow)
def test_a_large_gemm_keeps_99_percent_of_a_128x128_array_busy(dataflow: Dataflow) -> None:
    params = Params(rows=128, cols=128, dataflow=dataflow)
    cycles = timing(params, 1024, 1024, 1024)
    assert 1024**3 / (128 * 128 * cycles) >= 0.99


# M=196, N=1536, K=384 on 128x128. Cycle 0 is the transfer of the first job, and a result comes
# 128 + 128 = 256 cycles after the beat that completes it. All sizes of tiles differ, so that no
# two axes can be exchanged without a difference.
#
# Output-stationary: 2 x 12 tiles of M (128, 68) x N. Each takes 384 beats of K, more than the up to
# 128 results that drain meanwhile. Beats are in cycles 1 to 24 * 384 = 9216, the last tile's first
# result is in cycle 9216 + 256 = 9472, its 68th in 9539.
#
# Weight-stationary: 3 x 12 tiles of K x N. The first is loaded in cycles 1 to 128; then each of 36
# takes 196 beats of M, more than the 128 of the next load. The last tile's first beat is in cycle
# 129 + 35 * 196 = 6989, its first result in 7245, its 196th in 7440.
#
# Input-stationary: 3 x 2 tiles of K x M. Loaded like that; each of 6 takes 1536 beats of N. The
# last tile's first beat is in cycle 129 + 5 * 1536 = 7809, its first result in 8065, its 1536th in
# 9600.
@pytest.mark.parametrize(
    ("dataflow", "last_cycle"),
    [(Dataflow.OS, 9539), (Dataflow.WS, 7440), (Dataflow.IS, 9600)],
)
def test_a_layer_of_a_transformer_takes_the_cycles_derived_by_hand(
    dataflow: Dataflow, last_cycle: int
) -> None:
    params = Params(rows=128, cols=128, dataflow=dataflow)
    assert timing(params, 196, 1536, 384) == last_cycle + 1


@pytest.mark.parametrize("dataflow", Dataflow)
def test_the_verilog_of_an_8x8_array_is_busy_in_nearly_every_cycle(
    dataflow: Dataflow, verilator: Simulator, cache: Cache
) -> None:
    engine = find_engine("systolic")
    params = Params(rows=8, cols=8, dataflow=dataflow)
    rng = np.random.default_rng(0)
    a, w = (rng.integers(0, 256, (64, 64), dtype=np.uint8) for _ in range(2))
    gemm = Stimulus(name="64x64x64", jobs=engine.golden.jobs(params, 64, 64, 64), a=a, w=w)
    vectors = build_vectors(engine, params, [gemm], top=engine.name, seed=0)
    run = play(
        simulator=verilator,
        folder=built_bench(engine, params, verilator, cache=cache),
        vectors=vectors,
    )
    (report,) = run.reports
    assert not report.failed
    assert report.cycles is not None
    assert 64**3 / (8 * 8 * report.cycles) >= 0.985
