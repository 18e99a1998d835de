"""The search against trying all offsets, and against what must be true of any problem."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapper.allocation import kernel as k
from mapper.allocation.checker import find_faults
from mapper.allocation.instance import reduce_problem
from mapper.allocation.problem import Allocation, Buffer, Problem
from mapper.allocation.search import allocate_buffers
from mapper.allocation.state import start_state
from mapper.status import Status
from tests.mapper.allocation.oracle import cut, draw, least_height, refill

KINDS = {
    "plain": {},
    "aligned": {"aligned": True},
    "gapped": {"gapped": True},
    "fixed": {"fixed": True},
    "all": {"aligned": True, "gapped": True, "fixed": True, "unit": 6},
}


def solve(problem: Problem, **arguments: object) -> Allocation:
    return allocate_buffers(problem, rng=np.random.default_rng(0), **arguments)  # type: ignore[arg-type]  # as given


@pytest.mark.parametrize("kind", KINDS)
def test_least_heights_are_those_of_trying_all_offsets(kind: str) -> None:
    rng = np.random.default_rng(1)
    above_bound = infeasible = 0
    for _ in range(120):
        problem = draw(rng, int(rng.integers(1, 7)), largest=3, **KINDS[kind])  # type: ignore[arg-type]  # as named
        unit = reduce_problem(problem).unit
        most = sum(b.size + b.alignment for b in problem.buffers) + 9 * unit
        expected = least_height(problem, range(0, most + unit, unit))
        found = solve(problem)
        assert found.height == expected
        assert found.status is (Status.INFEASIBLE if expected is None else Status.OPTIMAL)
        bound = reduce_problem(problem).bound()
        above_bound += expected is not None and bound is not None and expected > bound * unit
        infeasible += expected is None
    assert (above_bound > 0) == (kind != "plain")
    assert (infeasible > 0) == (kind in ("fixed", "all"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_decides_every_capacity(kind: str) -> None:
    """Without what is known before the search starts, and in any order."""
    rng = np.random.default_rng(2)
    for _ in range(120):
        problem = draw(rng, int(rng.integers(1, 7)), largest=3, times=6, **KINDS[kind])  # type: ignore[arg-type]  # as named
        instance = reduce_problem(problem)
        unit = instance.unit
        most = sum(b.size + b.alignment for b in problem.buffers) + 9 * unit
        height = least_height(problem, range(0, most + unit, unit))
        order = [int(j) for j in rng.permutation(len(problem.buffers))]
        highest = most if height is None else height
        for capacity in range(max(0, highest - 3 * unit), highest + 2 * unit, unit):
            state = start_state(instance, capacity // unit, order)
            result = k.decide(state, 1_000_000)
            if height is not None and capacity >= height:
                assert result == k.FITS
                offsets = [int(offset) * unit for offset in state.buffers[k.OFFSET, :-1]]
                assert not find_faults(problem, offsets, capacity)
            else:
                assert result == k.FAILED
                needed = int(state.scalars[k.NEXT])
                assert needed > capacity // unit
                assert height is None or needed * unit <= height


def test_full_problems_are_decided_as_by_trying_all_offsets() -> None:
    rng = np.random.default_rng(3)
    for _ in range(150):
        capacity = int(rng.integers(3, 7))
        problem = refill(rng, capacity=capacity, times=int(rng.integers(3, 8)))
        height = least_height(problem, range(capacity, 20))
        order = [int(j) for j in rng.permutation(len(problem.buffers))]
        state = start_state(reduce_problem(problem), capacity, order)
        fits = k.decide(state, 1_000_000) == k.FITS
        assert fits == (height == capacity)
        assert solve(problem).height == height


def test_a_height_above_every_bound_is_proven() -> None:
    """Sections are full, but what lies in both leaves holes of the wrong size."""
    problem = TIGHT
    found = solve(problem)
    bound = reduce_problem(problem).bound()
    assert bound is not None
    assert found.status is Status.OPTIMAL
    assert found.height == least_height(problem, range(20)) == bound + 1
    assert solve(problem, capacity=bound).status is Status.INFEASIBLE
    assert solve(problem, capacity=bound).bound == bound + 1


@pytest.mark.parametrize("n", [60, 120, 240])
def test_problems_without_slack_are_solved(n: int) -> None:
    for seed in range(3):
        problem = cut(np.random.default_rng(seed), n, duration=512, capacity=256)
        found = solve(problem, capacity=256)
        assert (found.status, found.height) == (Status.OPTIMAL, 256)
        assert found.offsets is not None
        assert not find_faults(problem, found.offsets, 256)


def test_what_exceeds_the_capacity_at_a_moment_is_infeasible_at_once() -> None:
    problem = cut(np.random.default_rng(0), 300, duration=512, capacity=256)
    found = solve(problem, capacity=255)
    assert (found.status, found.bound, found.runs) == (Status.INFEASIBLE, 256, 0)


def test_no_buffers_need_no_bytes() -> None:
    found = solve(Problem(()))
    assert (found.status, found.height, found.offsets) == (Status.OPTIMAL, 0, ())


def test_under_a_capacity_the_first_offsets_do_unless_the_least_is_asked_for() -> None:
    problem = cut(np.random.default_rng(0), 60, duration=64, capacity=64)
    first, least = solve(problem, capacity=200), solve(problem, capacity=200, minimise=True)
    assert (first.status, first.runs) == (Status.FEASIBLE, 0)
    assert first.height is not None
    assert 64 < first.height <= 200
    assert (least.status, least.height) == (Status.OPTIMAL, 64)


def test_the_same_seed_gives_the_same_offsets() -> None:
    problem = cut(np.random.default_rng(3), 120, duration=512, capacity=256)
    assert solve(problem) == solve(problem)


def test_the_search_ends_in_time_and_claims_nothing() -> None:
    problem = HARD
    solve(cut(np.random.default_rng(0), 60, duration=64, capacity=64), capacity=64)  # compiled
    begun = time.monotonic()
    found = solve(problem, capacity=1024, time_limit=0.5)
    assert time.monotonic() - begun < 5
    assert (found.status, found.offsets, found.height) == (Status.UNKNOWN, None, None)
    assert found.bound == 1024
    found = solve(problem, time_limit=0.5)
    assert found.status is Status.FEASIBLE
    assert found.height is not None
    assert found.height > 1024


def test_an_interrupted_search_gives_what_it_has() -> None:
    def interrupt(runs: int, bound: int | None, height: int | None) -> None:
        assert (runs, bound) == (1, 1024)
        raise KeyboardInterrupt

    found = solve(HARD, report=interrupt)
    assert found.interrupted
    assert found.status is Status.FEASIBLE
    assert found.offsets is not None
    assert not find_faults(HARD, found.offsets)


buffers = st.builds(
    lambda lower, duration, size, alignment: (lower, lower + duration, size, alignment),
    st.integers(0, 20),
    st.integers(1, 10),
    st.integers(1, 50),
    st.sampled_from([1, 1, 4, 6]),
)


def problem_of(rows: list[tuple[int, int, int, int]], *, scale: int = 1, shift: int = 0) -> Problem:
    return Problem(
        tuple(
            Buffer(
                id=str(i),
                lower=lower + shift,
                upper=upper + shift,
                size=size * scale,
                alignment=alignment * scale,
            )
            for i, (lower, upper, size, alignment) in enumerate(rows)
        )
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(buffers, min_size=1, max_size=10), st.integers(2, 5), st.integers(-30, 30))
def test_heights_scale_and_do_not_depend_on_order_or_time(
    rows: list[tuple[int, int, int, int]], scale: int, shift: int
) -> None:
    found = solve(problem_of(rows))
    assert found.status is Status.OPTIMAL
    assert found.offsets is not None
    assert found.height is not None
    assert not find_faults(problem_of(rows), found.offsets, found.height)
    assert solve(problem_of(rows[::-1], shift=shift)).height == found.height
    if all(alignment == 1 for *_, alignment in rows):
        plain = [(lower, upper, size * scale, 1) for lower, upper, size, _ in rows]
        assert solve(problem_of(plain)).height == found.height * scale
    assert solve(problem_of(rows, scale=scale)).height == found.height * scale
    below = solve(problem_of(rows), capacity=max(1, found.height - 1))
    assert below.status is Status.INFEASIBLE or found.height == 1


HARD = cut(np.random.default_rng(1), 454, duration=1024, capacity=1024)

TIGHT = Problem(
    tuple(
        Buffer(id=str(i), lower=lower, upper=upper, size=size)
        for i, (lower, upper, size) in enumerate(
            [
                (0, 2, 2),
                (0, 3, 2),
                (2, 4, 1),
                (3, 4, 1),
                (2, 5, 1),
                (3, 5, 1),
                (5, 6, 2),
                (4, 7, 2),
                (6, 7, 2),
            ]
        )
    )
)
