import pytest
from hypothesis import given, settings

from mapper.scheduling.footprint import largest_operator_bytes
from mapper.scheduling.optimal.gaps import solve_gaps
from mapper.scheduling.optimal.plan import cost
from mapper.scheduling.optimal.problem import reduce_graph
from mapper.scheduling.optimal.segments import segments
from mapper.scheduling.optimal.states import search_states
from mapper.scheduling.optimal.windows import count_variables, solve_windows
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.optimal.small import fits, orders, problems


@given(problems(most_operators=7))
@settings(max_examples=40, deadline=None)
def test_costs_what_the_search_through_states_finds(problem):
    answer = solve_windows(problem)
    assert answer.bound == search_states(problem).bound
    assert cost(problem, answer.plan) == answer.bound
    assert fits(problem, answer.plan)
    assert answer.variables > 0


@given(problems(most_operators=6, in_place=False))
@settings(max_examples=20, deadline=None)
def test_a_start_does_no_harm(problem):
    start = solve_gaps(problem, next(orders(problem))).plan
    assert solve_windows(problem, start=start).bound == search_states(problem).bound


def test_without_time_the_bound_is_nothing():
    net = build("resnet50")
    problem = reduce_graph(net, largest_operator_bytes(net))
    answer = solve_windows(problem, time_limit=0)
    assert answer.plan is None
    assert answer.bound == 0


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_windows_leave_few_variables(name):
    net = build(name)
    problem = reduce_graph(net, largest_operator_bytes(net))
    full = len(net.operators) ** 2 * 2
    assert count_variables(problem) < full / 10
    assert sum(count_variables(part.problem) for part in segments(problem)) < full / 10
