"""Exact timing of the engine that shifts and adds, in closed form; see `sim.scaled`.

A step of ``k`` products takes a cycle for each four bits of the weights.
"""

from golden.contract import Jobs
from golden.engines.mixpe import DIGIT_BITS, Params
from golden.engines.mixpe import jobs as cut
from sim.scaled import scaled_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes, widths and groups of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles of jobs back to back; see `sim.scaled.scaled_cycles`."""
    digits = jobs.weight_bits // DIGIT_BITS
    return scaled_cycles(jobs, params.k, digits, params.stages, params.epilogue)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM of the widest operands in the longest groups; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
