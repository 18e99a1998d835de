"""Exact timing of engines that do a tile per step, in closed form.

Cycle 0 is the transfer of the first job. Jobs run back to back: the beats of a job run while the
``m`` rows of the job before leave, and the longer of the two holds the engine. The last beat of job
j is in cycle ``T[j] = T[j-1] + max(beats[j], m[j-1])``, ``T[0] = beats[0]``. From there the first
row is ``stages`` cycles away, and one row leaves per cycle.
"""

import numpy as np
from numpy.typing import NDArray

from golden.contract import Jobs

__all__ = ["tile_cycles"]


def tile_cycles(jobs: Jobs, beats: NDArray[np.int64], stages: int) -> int:
    """Cycles from the transfer of the first job to that of the last result, both included.

    From idle after reset, sources always valid, the sink always ready.

    Parameters
    ----------
    jobs : Jobs
    beats : ndarray of int64, shape (jobs,)
        Cycles in which a job brings operands.
    stages : int
        Cycles from a beat of operands to the sums.

    Raises
    ------
    ValueError
        If there is no job.
    """
    if not len(jobs):
        raise ValueError("timing needs at least one job")
    held = np.maximum(jobs.m[:-1], beats[1:]).sum()
    return int(beats[0] + held + jobs.m[-1] + stages)
