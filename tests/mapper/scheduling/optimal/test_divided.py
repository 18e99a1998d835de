import math

import hypothesis.strategies as st
from hypothesis import given, settings

from mapper.scheduling.optimal.divided import divided_order, enclosed
from mapper.scheduling.optimal.states import search_states
from tests.mapper.scheduling.optimal.small import orders, problems


@given(problems(most_operators=9), st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_orders_are_orders(problem, length):
    order = next(orders(problem))
    for states in (0, 1000):
        better = divided_order(problem, order, length=length, max_states=states, deadline=math.inf)
        assert sorted(better) == sorted(order)
        done = 0
        for op in better:
            assert not problem.before[op] & ~done
            done |= 1 << op


@given(problems(most_operators=8))
@settings(max_examples=40, deadline=None)
def test_everything_enclosed_is_everything(problem):
    everything = list(range(len(problem.inputs)))
    part, first = enclosed(problem, everything, frozenset())
    assert first == 0
    assert search_states(part).bound == search_states(problem).bound


def test_what_is_read_later_is_taken_at_the_end():
    from mapper.scheduling.optimal.problem import reduce_graph
    from tests.mapper.scheduling.graphs import graph, operator

    net = graph(
        [operator("a", "", "x"), operator("b", "x", "y"), operator("c", "y x", "z")],
        {"x": 1, "y": 1, "z": 1},
    )
    part, first = enclosed(reduce_graph(net, 3), [1], frozenset([2]))
    # x comes, b runs, x and y are taken.
    assert first == 1
    assert part.outputs == ((0,), (1,), (), ())
    assert part.inputs == ((), (0,), (0,), (1,))
    assert part.before == (0, 0b1, 0b10, 0b10)
