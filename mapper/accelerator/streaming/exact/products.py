"""Busy cycles of products and of scaling, in closed form."""

from mapper.accelerator.streaming.exact.numbers import (
    Problem,
    Table,
)
from mapper.allocation.compiled import compiled, compiled_part
from sim.accelerator.execute import OVERHEAD_CYCLES

__all__ = ["first_job", "gemm_cycles", "jobs_of_tap", "scaling_cycles"]


@compiled_part
def first_job(p: Problem, pace: Table, last: int, blocks: int, pixels: int) -> int:
    """Cycles of a product's first job and of what is done once, without its step."""
    pace = pace[:, pixels]
    first = pace[last] - pace[2 + 3 * last] if blocks == 1 else pace[0] - pace[2 + 2 * last]
    return OVERHEAD_CYCLES + int(first)


@compiled_part
def jobs_of_tap(p: Problem, pace: Table, last: int, blocks: int, pixels: int) -> int:
    """Cycles of the jobs of a tap and a block of filters, after others."""
    pace = pace[:, pixels]
    if blocks == 1:
        return int(pace[2 + 3 * last])
    return int((blocks - 2) * pace[2] + pace[2 + last] + pace[2 + 2 * last])


@compiled
def gemm_cycles(p: Problem, pace: Table, last: int, blocks: int, times: int, pixels: int) -> int:
    """Busy cycles of a product.

    ``last`` is 1 if the last of ``blocks`` of the depth has fewer lanes; ``times`` are taps and
    blocks of filters.
    """
    return first_job(p, pace, last, blocks, pixels) + times * jobs_of_tap(
        p, pace, last, blocks, pixels
    )


@compiled
def scaling_cycles(p: Problem, blocks: int, pixels: int) -> int:
    """Busy cycles of a scaling."""
    return p.vector_fixed + blocks * p.vector_block + blocks * pixels * p.vector_word
