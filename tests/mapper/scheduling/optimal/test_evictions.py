from itertools import combinations

import hypothesis.strategies as st
from hypothesis import given

from mapper.scheduling.optimal.evictions import smallest_sets
from mapper.scheduling.optimal.problem import mask


@given(st.lists(st.integers(1, 6), max_size=7), st.integers(-1, 20))
def test_are_the_sets_that_need_each_of_their_tensors(sizes, excess):
    tensors = range(len(sizes))
    expected = {
        mask(own)
        for count in range(len(sizes) + 1)
        for own in combinations(tensors, count)
        if sum(sizes[t] for t in own) >= excess
        and not any(sum(sizes[t] for t in own) - sizes[one] >= excess for one in own)
    }
    found = list(smallest_sets(tensors, excess, sizes))
    assert len(found) == len(set(found))
    assert set(found) == expected
