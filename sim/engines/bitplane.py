"""Exact timing of the engine of bit planes, in closed form; see `sim.tile`.

A step of ``k`` products takes a cycle for each pair of a beat of activations and a beat of weights,
and each of them has a beat for every ``planes`` of its bits.
"""

from golden.contract import Jobs
from golden.engines.bitplane import Params
from golden.engines.bitplane import jobs as cut
from sim.tile import tile_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes and widths of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles of jobs back to back; see `sim.tile.tile_cycles`."""
    steps = -(-jobs.k // params.k)
    of_activations = -(-jobs.activation_bits // params.activation_planes)
    of_weights = -(-jobs.weight_bits // params.weight_planes)
    return tile_cycles(jobs, steps * of_activations * of_weights, params.stages)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM whose operands are the widest; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
