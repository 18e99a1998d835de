"""Exact timing of the execute unit.

The engine runs from idle to idle. Operands are there from the transfer of the first job on and
never run out, and every result is taken at once, so that an instruction takes a constant more than
the engine's own timing of its jobs. Where operands stream through the engine, the constant grows
with the rows of the first job, whose words are fetched one by one.
"""

import importlib
from functools import cache
from typing import cast

import numpy as np

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Streaming
from golden.accelerator.instructions import Gemm
from golden.contract import GoldenEngine, Jobs, Width
from golden.discovery import find_modules
from sim.contract import TimedEngine
from sim.throughput import throughput

__all__ = ["OVERHEAD_CYCLES", "gemm_cycles", "gemm_jobs", "gemm_macs", "peak_macs"]

OVERHEAD_CYCLES = 5
"""Four before the first job is transferred, one after the last result is."""


def gemm_jobs(accelerator: Accelerator, gemm: Gemm) -> Jobs:
    """The jobs of an instruction, in order.

    ``k0`` counts through taps and blocks of lanes, ``n0`` through blocks of output lanes.
    """
    if isinstance(accelerator.feeding, Streaming):
        return _streamed_jobs(accelerator, accelerator.feeding, gemm)
    lanes = accelerator.lanes
    taps = gemm.taps_y * gemm.taps_x
    of_tap = np.full(gemm.blocks_k, lanes, dtype=np.int64)
    of_tap[-1] = gemm.last_lanes
    of_block = np.tile(of_tap, taps)
    begins = np.cumsum(of_block) - of_block
    k = np.tile(of_block, gemm.blocks_n)
    return Jobs(
        m=np.full_like(k, gemm.out_height * gemm.out_width),
        n=np.full_like(k, lanes),
        k=k,
        m0=np.zeros_like(k),
        n0=np.repeat(np.arange(gemm.blocks_n, dtype=np.int64) * lanes, len(of_block)),
        k0=np.tile(begins, gemm.blocks_n),
    )


def _streamed_jobs(accelerator: Accelerator, feeding: Streaming, gemm: Gemm) -> Jobs:
    lanes, rows = feeding.lanes, feeding.job_rows(gemm.weight_bits)
    pixels = gemm.out_height * gemm.out_width
    begins = np.arange(0, pixels, rows, dtype=np.int64)
    m0 = np.tile(begins, gemm.blocks_n)
    n0 = np.repeat(np.arange(gemm.blocks_n, dtype=np.int64) * lanes, len(begins))
    jobs = Jobs(
        m=np.minimum(pixels - m0, rows),
        n=np.full_like(m0, lanes),
        k=np.full_like(m0, gemm.taps_y * gemm.taps_x * gemm.blocks_k * lanes),
        m0=m0,
        n0=n0,
        k0=np.zeros_like(m0),
    )
    block = feeding.block_job(gemm.weight_bits)
    for field in accelerator.layout.job:
        if isinstance(field.dim, Width):
            jobs = jobs.with_bits(field.dim, block.size(field.dim))
    return jobs


def gemm_cycles(accelerator: Accelerator, gemm: Gemm) -> int:
    """Busy cycles: from the one in which the unit takes the instruction to its last, both included.

    The instruction must be legal.
    """
    module = importlib.import_module(find_modules()[accelerator.engine].sim)
    engine = cast(TimedEngine, module)
    jobs = gemm_jobs(accelerator, gemm)
    fetched = int(jobs.m[0]) - 1 if isinstance(accelerator.feeding, Streaming) else 0
    return OVERHEAD_CYCLES + fetched + engine.timing_sequence(accelerator.params, jobs)


def gemm_macs(accelerator: Accelerator, gemm: Gemm) -> int:
    """Multiply-accumulates that the instruction asks for, padding included.

    Of a diagonal product those with an element of the diagonal: one for each of ``last_lanes``.
    """
    lanes = accelerator.lanes
    deep = (gemm.blocks_k - 1) * lanes + gemm.last_lanes
    wide = 1 if gemm.diagonal else lanes
    taps = gemm.taps_y * gemm.taps_x
    return gemm.out_height * gemm.out_width * gemm.blocks_n * taps * deep * wide


@cache
def peak_macs(accelerator: Accelerator, weight_bits: int) -> float:
    """Multiply-accumulates a cycle that full jobs do, with weights of so many bits.

    Parameters
    ----------
    accelerator : Accelerator
    weight_bits : int
    """
    feeding, module = accelerator.feeding, find_modules()[accelerator.engine]
    if not isinstance(feeding, Streaming):
        return float(accelerator.params.macs_per_cycle)
    block = feeding.block_job(weight_bits)
    widths = {
        field.dim: block.size(field.dim)
        for field in accelerator.layout.job
        if isinstance(field.dim, Width)
    }
    steady = throughput(
        cast(GoldenEngine, importlib.import_module(module.golden)),
        cast(TimedEngine, importlib.import_module(module.sim)),
        accelerator.params,
        m=feeding.job_rows(weight_bits),
        k=feeding.most_blocks * feeding.lanes,
        widths=widths,
    )
    return float(steady.macs_per_cycle)
