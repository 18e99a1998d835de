"""Offsets for buffers of one memory."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from golden.errors import UserError
from mapper.allocation.problem import Problem
from mapper.allocation.search import allocate_buffers
from mapper.allocation.table import read_buffers, write_buffers
from tilewright.files import check_place, write_bytes
from tilewright.progress import compiling

__all__ = ["allocate"]


def allocate(
    buffers: str | Path | Problem,
    *,
    capacity: int | None = None,
    minimise: bool = False,
    time_limit: float = 60,
    seed: int = 0,
    output: str | Path | None = None,
) -> dict[str, Any]:
    """Find offsets, or prove that there are none.

    Parameters
    ----------
    buffers : str, Path or Problem
        A problem, or its file in MiniMalloc's csv format.
    capacity : int, optional
        Bytes under which all buffers must end. Without it the least height is sought.
    minimise : bool
        Seek the least height under the capacity, not only offsets that fit.
    time_limit : float
        Seconds after which the search ends with what it has.
    seed : int
        Of the orders that are tried.
    output : str or Path, optional
        File for the table with offsets, if there are any.

    Returns
    -------
    dict
        ``status`` (optimal: the height is proven least; feasible; infeasible: proven; unknown),
        ``height`` and ``bound`` (bytes; no offsets end below the bound), ``offsets`` (bytes by id,
        None where there are none), ``capacity``, ``buffers`` (their number), ``seed``, ``runs``,
        ``nodes``, ``interrupted``, ``seconds``.

    Raises
    ------
    UserError
        If the table or an argument can not be.
    OSError
        If a file can not be read or written.
    """
    if capacity is not None and capacity < 1:
        raise UserError(f"the capacity must be at least 1 byte, not {capacity}")
    if not time_limit > 0:
        raise UserError(f"the time limit must be more than 0 seconds, not {time_limit}")
    if output is not None:
        check_place(Path(output))
    begun = time.perf_counter()
    problem = buffers if isinstance(buffers, Problem) else read_buffers(buffers)
    with compiling(), _reporting() as report:
        found = allocate_buffers(
            problem,
            capacity=capacity,
            minimise=minimise,
            time_limit=time_limit,
            rng=np.random.default_rng(seed),
            report=report,
        )
    offsets = None
    if found.offsets is not None:
        ids = (buffer.id for buffer in problem.buffers)
        offsets = dict(zip(ids, found.offsets, strict=True))
        if output is not None:
            write_bytes(Path(output), write_buffers(problem, found.offsets).encode())
    return {
        "status": found.status.value,
        "height": found.height,
        "bound": found.bound,
        "capacity": capacity,
        "buffers": len(problem.buffers),
        "offsets": offsets,
        "seed": seed,
        "runs": found.runs,
        "nodes": found.nodes,
        "interrupted": found.interrupted,
        "seconds": round(time.perf_counter() - begun, 3),
    }


class _Reporter:
    """Writes a line over and over, on a terminal only."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, runs: int, bound: int | None, height: int | None) -> None:
        """Tell how far the search is."""
        now = time.monotonic()
        if now < self._next or not sys.stderr.isatty():
            return
        self._next = now + 0.5
        best = "no offsets yet" if height is None else f"height {height}"
        line = f"run {runs}: {best}, bound {bound}"
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


@contextmanager
def _reporting() -> Iterator[_Reporter]:
    """A reporter whose line is gone in the end, however that comes."""
    try:
        yield _Reporter()
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
