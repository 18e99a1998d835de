"""Exact timing of the engine of composable bricks, in closed form; see `sim.tile`.

A step takes a cycle, of as many products as fit into ``k`` fused units.
"""

from golden.contract import Jobs
from golden.engines.fusion import Params
from golden.engines.fusion import jobs as cut
from sim.tile import tile_cycles

__all__ = ["DATA_INDEPENDENT", "timing", "timing_sequence"]

DATA_INDEPENDENT = True
"""Cycles depend on the sizes and widths of jobs alone."""


def timing_sequence(params: Params, jobs: Jobs) -> int:
    """Cycles of jobs back to back; see `sim.tile.tile_cycles`."""
    of_activations = params.activation.bits // jobs.activation_bits
    products = params.k * of_activations * (params.weight.bits // jobs.weight_bits)
    return tile_cycles(jobs, -(-jobs.k // products), params.stages)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM whose operands are the widest; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
