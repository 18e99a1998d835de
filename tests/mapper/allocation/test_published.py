"""MiniMalloc's instances, of which most fill the capacity completely."""

from pathlib import Path

import numpy as np
import pytest

from mapper.allocation.checker import find_faults
from mapper.allocation.problem import Allocation, Problem
from mapper.allocation.search import allocate_buffers
from mapper.allocation.table import read_buffers
from mapper.status import Status

CAPACITY = 1_048_576


def published(folder: Path, name: str) -> Problem:
    return read_buffers(folder / "minimalloc" / f"{name}.{CAPACITY}.csv")


def solve(problem: Problem, capacity: int | None, seed: int = 0) -> Allocation:
    rng = np.random.default_rng(seed)
    return allocate_buffers(problem, capacity=capacity, time_limit=60, rng=rng)


def test_the_published_example(reference_data: Path) -> None:
    problem = read_buffers(reference_data / "minimalloc" / "input.12.csv")
    found = solve(problem, 12)
    assert (found.status, found.height) == (Status.OPTIMAL, 12)
    assert solve(problem, 11).status is Status.INFEASIBLE


def test_a_published_instance(reference_data: Path) -> None:
    problem = published(reference_data, "B")
    found = solve(problem, CAPACITY)
    assert (found.status, found.height) == (Status.OPTIMAL, CAPACITY)
    assert found.offsets is not None
    assert not find_faults(problem, found.offsets, CAPACITY)
    below = solve(problem, CAPACITY - 1)
    assert (below.status, below.runs) == (Status.INFEASIBLE, 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", "ABCDEF")
def test_published_instances_fit(name: str, seed: int, reference_data: Path) -> None:
    problem = published(reference_data, name)
    found = solve(problem, CAPACITY, seed)
    assert found.offsets is not None
    assert not find_faults(problem, found.offsets, CAPACITY)


@pytest.mark.slow
@pytest.mark.parametrize("name", "ABCEF")
def test_least_heights_of_published_instances(name: str, reference_data: Path) -> None:
    found = solve(published(reference_data, name), None)
    assert found.status is Status.OPTIMAL
    assert found.height == (1_039_360 if name == "C" else CAPACITY)
