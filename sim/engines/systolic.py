"""Exact timing of the systolic array, in closed form.

Cycle 0 is the transfer of the first job. Jobs run back to back; each holds the array for the
longer of two streams that run side by side:

* output-stationary: a job's ``k`` operand beats run while the ``m`` result beats of the job
  before leave the drain registers. The last operand beat of job j is in cycle
  ``T[j] = T[j-1] + max(k[j], m[j-1])``, ``T[0] = k[0]``.
* weight-stationary: a job's ``m`` activation beats run while the ``k`` weight beats of the next
  job enter the shadow registers. The first activation beat is in cycle
  ``s[j] = s[j-1] + max(m[j-1], k[j])``, ``s[0] = 1 + k[0]``. Input-stationary: ``n`` for ``m``.

From there the last result is ``m - 1`` (``n - 1``) beats and ``rows + cols`` cycles away, one
more with the register in the processing element.
"""

import numpy as np

from golden.contract import Jobs
from golden.engines.systolic import Dataflow, Params
from golden.engines.systolic import jobs as cut

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
    if not len(jobs):
        raise ValueError("timing needs at least one job")
    latency = params.rows + params.cols + params.pe_pipeline
    match params.dataflow:
        case Dataflow.OS:
            before, after, start = jobs.m, jobs.k, 0
        case Dataflow.WS:
            before, after, start = jobs.m, jobs.k, 1
        case Dataflow.IS:
            before, after, start = jobs.n, jobs.k, 1
    held = np.maximum(before[:-1], after[1:]).sum()
    return int(start + after[0] + held + before[-1] + latency)


def timing(params: Params, m: int, n: int, k: int) -> int:
    """Cycles of a GEMM; see `timing_sequence`."""
    return timing_sequence(params, cut(params, m, n, k))
