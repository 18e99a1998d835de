"""Planted faults in allocations that are right."""

import numpy as np
import pytest

from mapper.allocation.checker import find_faults
from mapper.allocation.problem import Buffer, Problem
from mapper.allocation.search import allocate_buffers
from tests.mapper.allocation.oracle import cut, draw

PAIR = Problem(
    (
        Buffer(id="a", lower=0, upper=10, size=4, gaps=((3, 6),)),
        Buffer(id="b", lower=3, upper=6, size=4),
        Buffer(id="c", lower=5, upper=8, size=2, alignment=4, offset=8),
    )
)


@pytest.mark.parametrize(
    ("offsets", "fault"),
    [
        ((0, 0, 8), None),
        ((0, 6, 8), "b at 6 and c at 8 share bytes"),
        ((5, 0, 8), "a at 5 and c at 8 share bytes"),
        ((0, 0, 10), "c at 10 is not aligned to 4"),
        ((0, 0, 4), "c is at 4, but must be at 8"),
        ((-1, 0, 8), "a begins at -1"),
        ((7, 0, 8), "a ends at 11, above 10"),
        ((0, 0), "3 buffers have 2 offsets"),
    ],
)
def test_each_fault_is_told(offsets: tuple[int, ...], fault: str | None) -> None:
    found = find_faults(PAIR, offsets, 10)
    assert (fault in found) if fault else not found


def test_without_a_capacity_there_is_no_end() -> None:
    assert not find_faults(PAIR, (100, 0, 8))


def test_every_move_of_a_buffer_in_a_full_memory_is_a_fault() -> None:
    problem = cut(np.random.default_rng(0), 40, duration=64, capacity=32)
    offsets = allocate_buffers(problem, capacity=32, rng=np.random.default_rng(0)).offsets
    assert offsets is not None
    assert not find_faults(problem, offsets, 32)
    for j in range(len(offsets)):
        for move in (-1, 1):
            moved = [*offsets[:j], offsets[j] + move, *offsets[j + 1 :]]
            assert find_faults(problem, moved, 32)


def test_overlaps_are_those_of_a_map_of_all_bytes() -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(300):
        problem = draw(rng, int(rng.integers(2, 5)), gapped=True)
        offsets = [int(offset) for offset in rng.integers(0, 8, len(problem.buffers))]
        taken = np.zeros((8, 12), int)
        for buffer, offset in zip(problem.buffers, offsets, strict=True):
            for moment in range(buffer.lower, buffer.upper):
                if not any(lower <= moment < upper for lower, upper in buffer.gaps):
                    taken[moment, offset : offset + buffer.size] += 1
        overlaps = bool((taken > 1).any())
        assert bool(find_faults(problem, offsets)) == overlaps
        seen.add(overlaps)
    assert seen == {True, False}
