import itertools

import hypothesis.strategies as st
from hypothesis import given, settings

from mapper import clock
from mapper.scheduling.optimal.stairs import stack_stairs


@st.composite
def shrinking(draw):
    """A thing that is there for some steps and gets no larger."""
    first = draw(st.integers(0, 3))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    return {first + at: size for at, size in enumerate(sorted(sizes, reverse=True))}


def overlap(one, at, other, other_at):
    return any(
        at < other_at + other[step] and other_at < at + one[step] for step in one.keys() & other
    )


def exists(things, capacity):
    tops = [range(capacity - max(thing.values()) + 1) for thing in things]
    return any(
        not any(
            overlap(things[i], at[i], things[j], at[j])
            for i, j in itertools.combinations(range(len(things)), 2)
        )
        for at in itertools.product(*tops)
    )


@given(st.lists(shrinking(), min_size=1, max_size=5), st.integers(3, 7))
@settings(max_examples=150, deadline=None)
def test_finds_addresses_if_there_are_any(things, capacity):
    found = stack_stairs(things, capacity, deadline=clock.now() + 60)
    assert (found.addresses is not None) == exists(things, capacity)
    assert found.is_impossible == (found.addresses is None)
    if found.addresses is not None:
        for i, j in itertools.combinations(range(len(things)), 2):
            assert not overlap(things[i], found.addresses[i], things[j], found.addresses[j])
        for thing, at in zip(things, found.addresses, strict=True):
            assert at >= 0
            assert at + max(thing.values()) <= capacity


def test_without_time_nothing_is_claimed():
    found = stack_stairs([{0: 1, 1: 1}, {0: 1}, {1: 1}], 2, deadline=clock.now() - 1)
    assert found.addresses is None
    assert not found.is_impossible
