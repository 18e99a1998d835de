"""Exact timing of the LUT tensor core, in closed form; see `sim.scaled`.

A step of ``k`` products takes a cycle for each bit of the weights.
"""

from golden.contract import Jobs
from golden.engines.lut import Params
from golden.engines.lut import jobs as cut
from sim.scaled import scaled_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes, widths and groups of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles of jobs back to back; see `sim.scaled.scaled_cycles`."""
    return scaled_cycles(jobs, params.k, jobs.weight_bits, params.stages, params.epilogue)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM whose weights are the widest; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
