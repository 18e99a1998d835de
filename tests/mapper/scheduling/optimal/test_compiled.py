import math

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from mapper.scheduling.footprint import largest_operator_bytes
from mapper.scheduling.fusion import activations_only, fused
from mapper.scheduling.optimal.compiled import search_long
from mapper.scheduling.optimal.plan import cost
from mapper.scheduling.optimal.problem import reduce_graph
from mapper.scheduling.optimal.segments import segments
from mapper.scheduling.optimal.shares import Chunk, chunks, restricted
from mapper.scheduling.optimal.states import search_states
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.optimal.small import fits, orders, problems


@given(problems(most_operators=10, in_place=False))
@settings(max_examples=100, deadline=None)
def test_finds_what_the_search_in_python_finds(problem):
    slow = search_states(problem)
    fast = search_long(problem, max_states=10_000)
    assert fast.bound == slow.bound == cost(problem, fast.plan)
    assert fits(problem, fast.plan)
    below = search_long(problem, limit=slow.bound, max_states=10_000)
    assert below.plan is None
    assert below.bound == slow.bound


@given(problems(most_operators=9, in_place=False), st.integers(2, 4))
@settings(max_examples=50, deadline=None)
def test_shares_change_nothing_but_the_way(problem, length):
    parts = tuple(
        Chunk(tensors=own, least=search_long(restricted(problem, own), max_states=1_000).bound)
        for own in chunks(problem, next(orders(problem)), length)
    )
    whole = Chunk(tensors=tuple(t for part in parts for t in part.tensors), parts=parts)
    found = search_long(problem, shares=[whole.share()], max_states=10_000)
    assert found.bound == search_states(problem).bound


@given(problems(most_operators=9, in_place=False))
@settings(max_examples=30, deadline=None)
def test_given_up_early_the_bound_still_holds(problem):
    least = search_states(problem).bound
    assert search_long(problem, max_states=0).bound <= least
    assert search_long(problem, deadline=-math.inf).bound <= least


@given(problems(most_operators=8, in_place=True))
@settings(max_examples=30, deadline=None)
def test_places_in_inputs_are_left_to_the_search_in_python(problem):
    assert search_long(problem).bound == search_states(problem).bound


@pytest.mark.parametrize("name", ["vit_b_16", "densenet121", "lraspp_mobilenet_v3_large"])
def test_sets_of_several_words(name):
    net = activations_only(fused(build(name)))
    problem = reduce_graph(net, largest_operator_bytes(net))
    least = sum(search_states(part.problem).bound for part in segments(problem))
    found = search_long(problem, max_states=50_000)
    assert found.bound == least == cost(problem, found.plan)
    assert fits(problem, found.plan)
