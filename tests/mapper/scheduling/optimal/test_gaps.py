from hypothesis import assume, given, settings

from mapper.scheduling.optimal.gaps import gaps, solve_gaps
from mapper.scheduling.optimal.plan import cost
from tests.mapper.scheduling.optimal.small import fits, least_of_order, orders, problems


@given(problems(most_operators=6))
@settings(max_examples=50, deadline=None)
def test_drops_as_little_as_enumeration_does(problem):
    assume(sum(len(users) - 1 for users in problem.users if users) <= 10)
    order = next(orders(problem))
    answer = solve_gaps(problem, order)
    assert answer.cost == answer.bound == cost(problem, answer.plan)
    assert answer.cost == least_of_order(problem, order)
    assert fits(problem, answer.plan)


@given(problems(most_operators=6, in_place=False))
@settings(max_examples=30, deadline=None)
def test_conflicts_have_a_gap_dropped(problem):
    order = next(orders(problem))
    free = solve_gaps(problem, order)
    kept = frozenset(gaps(problem, order)) - free.plan.retrievals
    assume(kept)
    answer = solve_gaps(problem, order, conflicts=[kept])
    assert answer.plan.retrievals & kept
    assert answer.cost >= free.cost
    assert fits(problem, answer.plan)


@given(problems(most_operators=6))
@settings(max_examples=10, deadline=None)
def test_without_time_nothing_is_claimed(problem):
    order = next(orders(problem))
    answer = solve_gaps(problem, order, time_limit=0)
    assert answer.bound == 0
    assert answer.plan is None or answer.cost == 0
    assert not answer.is_infeasible
