"""Exact timing of the dot-product tensor core, in closed form; see `sim.tile`.

A step of ``k`` products takes a cycle.
"""

from golden.contract import Jobs
from golden.engines.dot import Params
from golden.engines.dot import jobs as cut
from sim.tile import tile_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles of jobs back to back; see `sim.tile.tile_cycles`."""
    return tile_cycles(jobs, -(-jobs.k // params.k), params.stages)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
