from itertools import combinations, pairwise

import numpy as np

from mapper.allocation.checker import find_faults
from mapper.allocation.first_fit import first_fit
from mapper.allocation.instance import reduce_problem
from mapper.allocation.orders import Order, order_buffers, vary_order
from mapper.allocation.problem import Buffer, Problem
from tests.mapper.allocation.oracle import draw


def buffer(number: int, lower: int, upper: int, size: int, **more: int) -> Buffer:
    return Buffer(id=str(number), lower=lower, upper=upper, size=size, **more)  # type: ignore[arg-type]  # as given


def test_sections_are_the_largest_sets() -> None:
    problem = Problem((buffer(0, 0, 9, 2), buffer(1, 2, 4, 4), buffer(2, 4, 6, 6)))
    instance = reduce_problem(problem)
    assert instance.sections == (frozenset({0, 1}), frozenset({0, 2}))
    assert instance.lives == [[0, 1], [0], [1]]
    assert (instance.unit, instance.sizes, instance.durations) == (2, (1, 2, 3), (9, 2, 2))
    assert instance.bound() == 4


def test_two_buffers_are_in_one_section_if_they_meet() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        problem = draw(rng, int(rng.integers(1, 9)), gapped=True)
        sections = reduce_problem(problem).sections
        for (i, one), (j, other) in combinations(enumerate(problem.buffers), 2):
            meet = any(a < d and c < b for a, b in one.spans for c, d in other.spans)
            assert meet == any({i, j} <= section for section in sections)
        assert not any(a <= b for a, b in pairwise(sections))


def test_the_unit_divides_or_is_divided_by_alignments() -> None:
    problem = Problem((buffer(0, 0, 1, 24), buffer(1, 0, 1, 48, alignment=18)))
    assert reduce_problem(problem).unit == 6
    problem = Problem((buffer(0, 0, 1, 24, alignment=8), buffer(1, 0, 1, 48, offset=16)))
    instance = reduce_problem(problem)
    assert (instance.unit, instance.alignments, instance.fixed) == (8, (1, 1), (None, 2))


def test_bounds_know_given_offsets() -> None:
    high = Problem((buffer(0, 0, 1, 2, offset=10), buffer(1, 0, 2, 2)))
    assert reduce_problem(high).bound() == 6
    torn = Problem((buffer(0, 0, 1, 2, offset=0), buffer(1, 0, 2, 2, offset=1)))
    assert reduce_problem(torn).bound() is None


def test_first_fit_gives_allocations() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        problem = draw(rng, int(rng.integers(1, 12)), aligned=True, gapped=True, fixed=True)
        instance = reduce_problem(problem)
        if instance.bound() is not None:
            order = vary_order(order_buffers(instance, Order.SIZE), rng)
            offsets = first_fit(instance, order)
            assert not find_faults(problem, [at * instance.unit for at in offsets])


def test_orders_are_permutations_by_their_measure() -> None:
    problem = Problem((buffer(0, 0, 9, 1), buffer(1, 0, 2, 8), buffer(2, 0, 6, 3)))
    instance = reduce_problem(problem)
    assert order_buffers(instance, Order.DURATION) == [0, 2, 1]
    assert order_buffers(instance, Order.AREA) == [2, 1, 0]
    assert order_buffers(instance, Order.SIZE) == [1, 2, 0]
    varied = vary_order(list(range(100)), np.random.default_rng(0))
    assert sorted(varied) == list(range(100)) != varied
    assert max(abs(i - at) for at, i in enumerate(varied)) < 40
