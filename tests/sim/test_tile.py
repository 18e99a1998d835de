"""The closed form of tile engines, against a walk from cycle to cycle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.contract import Job, Jobs
from sim.tile import tile_cycles


def walk(rows: list[int], beats: list[int], stages: int) -> int:
    """Cycles of jobs, by following every beat and every row.

    A beat enters per cycle, unless the one at the end of the pipeline would complete a tile and
    there are rows of the tile before that leave later than in this cycle.
    """
    pipeline: list[int] = [0] * (stages - 1)
    waiting = [
        m if beat == count - 1 else 0
        for m, count in zip(rows, beats, strict=True)
        for beat in range(count)
    ]
    leaving = left = 0
    cycle = 0
    total = sum(rows)
    while left < total:
        cycle += 1
        head = pipeline[0] if pipeline else (waiting[0] if waiting else 0)
        left += leaving > 0
        moves = not head or leaving <= 1
        leaving = max(0, leaving - 1)
        if moves:
            pipeline.append(waiting.pop(0) if waiting else 0)
            leaving = pipeline.pop(0) or leaving
    return cycle + 1


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=6),
    st.integers(1, 5),
)
def test_cycles_are_those_of_a_walk(sizes: list[tuple[int, int]], stages: int) -> None:
    rows, beats = (list(column) for column in zip(*sizes, strict=True))
    jobs = Jobs.of(*(Job(m=m, n=1, k=1) for m in rows))
    assert tile_cycles(jobs, np.array(beats), stages) == walk(rows, beats, stages)


def test_one_job_takes_its_beats_its_rows_and_the_stages() -> None:
    """Cycle 0 the job, 1 to 5 the beats, 5 + 3 the first of 2 rows: cycles 0 to 9."""
    assert tile_cycles(Jobs.of(Job(m=2, n=1, k=1)), np.array([5]), 3) == 10


def test_timing_of_no_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one job"):
        tile_cycles(Jobs.of(), np.array([], np.int64), 1)
