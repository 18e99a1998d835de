import math

from hypothesis import assume, given, settings

from mapper.scheduling.optimal.plan import cost
from mapper.scheduling.optimal.problem import mask, reduce_graph
from mapper.scheduling.optimal.segments import segments
from mapper.scheduling.optimal.shares import Share
from mapper.scheduling.optimal.states import Start, search_states
from tests.mapper.scheduling.graphs import graph, operator
from tests.mapper.scheduling.optimal.small import fits, least_of_order, orders, problems


@given(problems(most_operators=5))
@settings(max_examples=60, deadline=None)
def test_finds_what_enumeration_of_orders_and_gaps_finds(problem):
    assume(sum(len(users) - 1 for users in problem.users if users) <= 9)
    found = search_states(problem)
    assert found.bound == min(least_of_order(problem, order) for order in orders(problem))
    assert fits(problem, found.plan)
    assert cost(problem, found.plan) == found.bound


@given(problems(most_operators=9))
@settings(max_examples=100, deadline=None)
def test_parts_add_up_to_the_whole(problem):
    whole = search_states(problem).bound
    assert sum(search_states(part.problem).bound for part in segments(problem)) == whole


@given(problems(most_operators=8))
@settings(max_examples=60, deadline=None)
def test_no_plan_is_below_the_least_cost(problem):
    least = search_states(problem).bound
    below = search_states(problem, limit=least)
    assert below.plan is None
    assert below.bound == least


@given(problems(most_operators=9))
@settings(max_examples=60, deadline=None)
def test_given_up_early_the_bound_still_holds(problem):
    least = search_states(problem).bound
    for states in (0, 1, 3, 10):
        assert search_states(problem, max_states=states).bound <= least
    assert search_states(problem, deadline=-math.inf).bound <= least


@given(problems(most_operators=8))
@settings(max_examples=60, deadline=None)
def test_shares_change_nothing_but_the_way(problem):
    least = search_states(problem).bound
    kept = [t for t, users in enumerate(problem.users) if len(users) > 1]
    for some in (kept, kept[::2], kept[1::2]):
        # What the whole costs is no bound of a part, but 0 is.
        share = Share(tensors=mask(some), least=least if some == kept else 0)
        assert search_states(problem, shares=[share]).bound == least


def test_begins_in_the_middle():
    net = graph(
        [operator("a", "", "x"), operator("b", "x", "y"), operator("c", "y x", "z")],
        {"x": 1, "y": 1, "z": 1},
        outputs="z",
    )
    problem = reduce_graph(net, 3)
    assert search_states(problem, start=Start(done=0b11, resident=0b11)).bound == 0
    # x is an input of the network, so memory has it: it comes back for one unit.
    found = search_states(problem, start=Start(done=0b11, resident=0b10))
    assert found.bound == 1
    assert found.plan.order == (2,)
    assert found.plan.retrievals == {(0, 2)}
