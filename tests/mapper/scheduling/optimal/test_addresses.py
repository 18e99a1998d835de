"""Placement, fixed orders and the complete search, by what they must agree on."""

import math

import pytest
from hypothesis import given, settings

from mapper import clock
from mapper.scheduling.optimal.fixed import solve_order, with_room
from mapper.scheduling.optimal.gaps import solve_gaps
from mapper.scheduling.optimal.joint import search_jointly
from mapper.scheduling.optimal.placement import place
from mapper.scheduling.optimal.plan import cost, residencies
from mapper.scheduling.optimal.problem import reduce_graph
from mapper.scheduling.optimal.states import search_states
from tests.mapper.scheduling.cases import fragmented, fragmented_and_busy
from tests.mapper.scheduling.optimal.small import orders, problems


def assert_apart(problem, plan, addresses):
    """No two share bytes in a step, but an output with an input that it takes the place of."""
    spans = list(zip(residencies(problem, plan), addresses, strict=True))
    for index, (one, at) in enumerate(spans):
        assert at >= 0
        assert at + problem.sizes[one.tensor] <= problem.capacity
        for other, other_at in spans[:index]:
            first, last = max(one.first, other.first), min(one.last, other.last)
            apart = (
                at >= other_at + problem.sizes[other.tensor]
                or other_at >= at + problem.sizes[one.tensor]
            )
            if first <= last and not apart:
                assert first == last
                assert at == other_at
                pairs = problem.in_place[plan.order[first]]
                assert {(one.tensor, other.tensor), (other.tensor, one.tensor)} & {*pairs}


@given(problems(most_operators=6))
@settings(max_examples=40, deadline=None)
def test_the_best_of_all_orders_is_the_best(problem):
    joint = search_jointly(problem)
    assert_apart(problem, joint.plan, joint.addresses)
    assert cost(problem, joint.plan) == joint.bound >= search_states(problem).bound
    some = [order for _, order in zip(range(40), orders(problem), strict=False)]
    found = [solve_order(problem, order) for order in some]
    for own in found:
        assert_apart(problem, own.plan, own.addresses)
        assert cost(problem, own.plan) == own.bound
    assert joint.bound <= min(own.bound for own in found)
    if len(some) < 40:
        assert joint.bound == min(own.bound for own in found)


@given(problems(most_operators=8))
@settings(max_examples=40, deadline=None)
def test_there_is_always_a_plan_with_addresses(problem):
    plan, addresses = with_room(problem, next(orders(problem)), None)
    assert_apart(problem, plan, addresses)


@pytest.mark.parametrize("case", [fragmented(), fragmented_and_busy()])
def test_bytes_fit_but_addresses_do_not(case):
    problem = reduce_graph(case.graph, case.capacity)
    order = tuple(range(len(problem.inputs)))
    free = solve_gaps(problem, order)
    assert free.cost == 0
    placed = place(problem, free.plan, time_limit=60)
    assert placed.addresses is None
    assert placed.is_impossible
    # One byte has to be moved: to memory and back.
    assert solve_order(problem, order).bound == 2
    assert search_jointly(problem).bound == 2
    assert search_jointly(problem, limit=2).plan is None


def test_without_time_nothing_is_claimed():
    case = fragmented()
    problem = reduce_graph(case.graph, case.capacity)
    past = clock.now() - 1
    assert solve_order(problem, range(7), deadline=past).bound == 0
    joint = search_jointly(problem, deadline=past)
    assert joint.plan is None
    assert joint.bound == 0


def test_nothing_below_the_limit():
    case = fragmented()
    problem = reduce_graph(case.graph, case.capacity)
    found = solve_order(problem, range(7), limit=2, deadline=math.inf)
    assert found.plan is None
    assert found.bound == 2
