"""Jobs and cycles of `Gemm` instructions; the cycles of the RTL are compared with the RTL."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Gemm
from golden.contract import Job, Jobs
from golden.engines import add
from golden.engines.systolic import Params
from sim.accelerator.execute import OVERHEAD_CYCLES, gemm_cycles, gemm_jobs, gemm_macs
from sim.accelerator.traffic import traffic
from sim.engines.systolic import timing_sequence
from tests.golden.accelerator.streaming import ENGINES, accelerator

LANES = 4
ACCELERATOR = Accelerator(name="test", engine="systolic", params=Params(rows=LANES, cols=LANES))

counts = st.integers(1, 3)
GEMMS = st.builds(
    Gemm,
    out_height=counts,
    out_width=counts,
    taps_y=counts,
    taps_x=counts,
    blocks_k=counts,
    last_lanes=st.integers(1, LANES),
    blocks_n=counts,
)


def listed(gemm: Gemm) -> list[Job]:
    """The jobs, one by one."""
    jobs = []
    for block_n in range(gemm.blocks_n):
        k0 = 0
        for _ in range(gemm.taps_y * gemm.taps_x):
            for block_k in range(gemm.blocks_k):
                k = gemm.last_lanes if block_k == gemm.blocks_k - 1 else LANES
                m = gemm.out_height * gemm.out_width
                jobs.append(Job(m=m, n=LANES, k=k, n0=block_n * LANES, k0=k0))
                k0 += k
    return jobs


@given(gemm=GEMMS)
def test_jobs(gemm: Gemm) -> None:
    jobs = listed(gemm)
    assert [*gemm_jobs(ACCELERATOR, gemm)] == jobs
    assert gemm_macs(ACCELERATOR, gemm) == gemm_jobs(ACCELERATOR, gemm).macs
    engine = timing_sequence(ACCELERATOR.params, Jobs.of(*jobs))
    assert gemm_cycles(ACCELERATOR, gemm) == OVERHEAD_CYCLES + engine


def listed_in_groups(design: Accelerator, gemm: Gemm, rows: int) -> list[Job]:
    """The jobs of an engine through which operands stream, one by one."""
    pixels = gemm.out_height * gemm.out_width
    bits = design.feeding.weight_bits != (0,)
    return [
        Job(
            m=min(rows, pixels - first),
            n=design.lanes,
            k=gemm.taps_y * gemm.taps_x * gemm.blocks_k * design.lanes,
            m0=first,
            n0=block * design.lanes,
            activation_bits=8 if design.engine == "bitplane" else 0,
            weight_bits=gemm.weight_bits if bits else 0,
        )
        for block in range(gemm.blocks_n)
        for first in range(0, pixels, rows)
    ]


@given(gemm=GEMMS, name=st.sampled_from([*ENGINES]), bits=st.integers(1, 3))
def test_jobs_of_a_few_pixels(gemm: Gemm, name: str, bits: int) -> None:
    design = accelerator(*ENGINES[name])
    feeding = design.feeding
    gemm = replace(gemm, weight_bits=0 if feeding.weight_bits == (0,) else bits)
    rows = feeding.job_rows(gemm.weight_bits)
    jobs = listed_in_groups(design, gemm, rows)
    assert [*gemm_jobs(design, gemm)] == jobs
    sim = import_module(f"sim.engines.{design.engine}")
    engine = sim.timing_sequence(design.params, Jobs.of(*jobs))
    assert gemm_cycles(design, gemm) == OVERHEAD_CYCLES + jobs[0].m - 1 + engine
    moved = traffic(design, gemm)
    assert moved.engine_macs == sum(job.m * job.n * job.k for job in jobs)
    beats = sum(feeding.weight_beats(gemm.weight_bits) * job.k // design.lanes for job in jobs)
    assert moved.weight_read == beats * feeding.alignment * design.lanes
    assert moved.accumulator_written == sum(4 * job.m * job.n for job in jobs)


def test_cycles_by_hand_of_a_few_pixels() -> None:
    # Taken in 0, the two words of the first job are read in 2 and 3, and the job is taken in 5.
    # Four beats of weights, and again for the third pixel; from the last beat on the sums are
    # ``stages`` cycles away, and the last one is written a cycle after it has come.
    design = accelerator("add", add.Params(m=4, n=4, k=4, k_max=96, stages=3))
    gemm = Gemm(out_width=3, taps_x=2, last_lanes=4, weight_bits=2)
    assert gemm_cycles(design, gemm) == (5 + 1) + 4 + 4 + 3 + 1


def test_cycles_by_hand() -> None:
    # Taken in 0, job in 4, weights in 5 and 6, activations from 7 on, one more than the array's
    # 8 cycles later the first of three results, and the last one is written a cycle after.
    gemm = Gemm(out_width=3, last_lanes=2)
    assert gemm_cycles(ACCELERATOR, gemm) == 7 + 8 + 2 + 1 + 1


@pytest.mark.parametrize(("diagonal", "macs"), [(0, 6 * 9 * 2 * 3 * LANES), (1, 6 * 9 * 2 * 3)])
def test_a_diagonal_product_asks_for_its_diagonal_only(diagonal: int, macs: int) -> None:
    gemm = Gemm(out_width=6, taps_y=3, taps_x=3, blocks_n=2, last_lanes=3, diagonal=diagonal)
    assert gemm_macs(ACCELERATOR, gemm) == macs


def test_many_jobs() -> None:
    gemm = Gemm(taps_y=9, taps_x=9, blocks_k=40, last_lanes=1, blocks_n=31)
    jobs = gemm_jobs(ACCELERATOR, gemm)
    assert len(jobs) == 9 * 9 * 40 * 31
    assert np.all(jobs.n == LANES)
    assert gemm_cycles(ACCELERATOR, gemm) > len(jobs)
