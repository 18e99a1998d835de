import random

import hypothesis.strategies as st
from hypothesis import given, settings

from mapper.scheduling.optimal.cover import cover_bound
from mapper.scheduling.optimal.shares import Chunk, chunks, part_ends, restricted
from mapper.scheduling.optimal.states import search_states
from tests.mapper.scheduling.optimal.small import orders, problems


@given(problems(most_operators=8), st.integers(1, 3), st.integers(0, 999))
@settings(max_examples=80, deadline=None)
def test_costs_of_disjoint_sets_add_up_to_a_bound(problem, count, seed):
    tensors = list(range(len(problem.sizes)))
    random.Random(seed).shuffle(tensors)
    sets = [tensors[at::count] for at in range(count)]
    least = [search_states(restricted(problem, own)).bound for own in sets]
    assert sum(least) <= search_states(problem).bound


@given(problems(most_operators=8), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_chunks_with_their_costs_lead_to_the_same_optimum(problem, length):
    parts = tuple(
        Chunk(tensors=own, least=search_states(restricted(problem, own)).bound)
        for own in chunks(problem, next(orders(problem)), length)
    )
    whole = Chunk(tensors=tuple(t for part in parts for t in part.tensors), parts=parts)
    least = search_states(problem).bound
    assert search_states(problem, shares=[whole.share()]).bound == least
    assert search_states(problem, shares=[part.share() for part in parts]).bound == least


@given(problems(most_operators=9), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_chunks_have_each_tensor_that_may_stay_once(problem, length):
    order = next(orders(problem))
    listed = sorted(t for own in chunks(problem, order, length) for t in own)
    assert listed == [t for t, users in enumerate(problem.users) if len(users) > 1]
    ends = part_ends(problem, order, length)
    assert ends[-1] == len(order)
    lengths = [end - start for start, end in zip((0, *ends), ends, strict=False)]
    assert all(0 < own <= 2 * length for own in lengths)
    assert all(own >= length // 2 for own in lengths[:-1])


@given(problems(most_operators=9))
@settings(max_examples=60, deadline=None)
def test_what_every_order_keeps_live_is_a_bound(problem):
    assert cover_bound(problem) <= search_states(problem).bound
