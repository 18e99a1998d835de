"""Exact timing of tile engines that scale sums of groups, in closed form; see `sim.tile`.

The rows of each group leave the array as those of a job do, and the next group, of the same job or
of the next, runs meanwhile. Results leave with the rows of last groups, a few cycles later.
"""

import numpy as np
from numpy.typing import NDArray

from golden.contract import Jobs
from golden.epilogue import Epilogue
from golden.formats import FloatFormat
from sim.tile import tile_cycles

__all__ = ["epilogue_cycles", "scaled_cycles"]


def epilogue_cycles(epilogue: Epilogue | None) -> int:
    """Cycles between a row of sums and its results: subtract, convert to float, multiply, add."""
    if epilogue is None:
        return 0
    return 4 if isinstance(epilogue.result, FloatFormat) else 3


def scaled_cycles(
    jobs: Jobs, step: int, beats: NDArray[np.int64], stages: int, epilogue: Epilogue | None
) -> int:
    """Cycles from the transfer of the first job to that of the last result, both included.

    From idle after reset, sources always valid, the sink always ready.

    Parameters
    ----------
    jobs : Jobs
    step : int
        Products along K of a step.
    beats : ndarray of int64, shape (jobs,)
        Cycles of a step.
    stages : int
        Cycles from a beat of operands to the sums.
    epilogue : Epilogue or None
    """
    size = np.where(jobs.group_size > 0, jobs.group_size, jobs.k)
    groups = -(-jobs.k // size)
    ends = np.cumsum(groups)
    number = np.arange(groups.sum()) - np.repeat(ends - groups, groups)
    repeated = {
        name: np.repeat(values, groups)
        for name, values in (("m", jobs.m), ("n", jobs.n), ("k", jobs.k), ("size", size))
    }
    lengths = np.minimum(repeated["size"], repeated["k"] - number * repeated["size"])
    nowhere = np.zeros_like(number)
    parts = Jobs(m=repeated["m"], n=repeated["n"], k=lengths, m0=nowhere, n0=nowhere, k0=nowhere)
    taken = -(-lengths // step) * np.repeat(beats, groups)
    return tile_cycles(parts, taken, stages) + epilogue_cycles(epilogue)
