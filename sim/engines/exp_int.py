"""Exact timing of the array of exponent–integer elements, in closed form; see `sim.tile`.

Every column of A and row of W takes a cycle, whether it comes alone or as half of a word of pairs.
From the last of a job the first result is ``rows + cols`` cycles away, one more with the register
in the processing element, and one row leaves per cycle.
"""

from golden.contract import Jobs
from golden.engines.exp_int import Params
from golden.engines.exp_int import jobs as cut
from sim.tile import tile_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles from the transfer of the first job to that of the last result, both included.

    From idle after reset, sources always valid, the sink always ready.

    Raises
    ------
    ValueError
        If there is no job.
    """
    latency = params.rows + params.cols + params.pe_pipeline
    return tile_cycles(jobs, jobs.k, latency)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
