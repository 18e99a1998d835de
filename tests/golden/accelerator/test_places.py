"""Places: two accesses share one exactly if they share a word or a byte."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.accesses import Access, Space, accesses
from golden.accelerator.places import Places
from tests.golden.accelerator.small import KINDS, random_instruction


@given(seed=st.integers(0, 2**32 - 1), lanes=st.sampled_from([4, 8]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_shared_places_are_shared_words(seed, lanes):
    rng = np.random.default_rng(seed)
    found = [
        access
        for kind in rng.choice(len(KINDS), 5)
        for access in accesses(random_instruction(rng, lanes, KINDS[kind]), lanes)
        if not access.empty
    ]
    places = Places(found)
    for access in found:
        key = (access.space, access.base)
        mine = np.arange(places.counts[key])[places.of(access)]
        assert len(mine) == len(set(mine.tolist())) > 0
        for other in found:
            if (other.space, other.base) == key:
                theirs = np.arange(places.counts[key])[places.of(other)]
                shared = np.intersect1d(access.index, other.index).size > 0
                assert (np.intersect1d(mine, theirs).size > 0) == shared


def test_bytes_that_nothing_tells_apart_are_one_place():
    far = Access(Space.DRAM, (range(10**12, 10**12 + 10**6),), writes=False)
    near = Access(Space.DRAM, (range(10**12 + 10, 10**12 + 20),), writes=True)
    places = Places([far, near])
    assert places.of(far) == slice(0, 3)
    assert places.of(near) == slice(1, 2)


def test_rows_that_overlap():
    rows = Access(Space.DRAM, (range(8), range(0, 12, 4)), writes=True)
    first = Access(Space.DRAM, (range(4),), writes=False)
    places = Places([rows, first])
    assert len(np.unique(np.arange(9)[places.of(rows)])) == len(np.arange(9)[places.of(rows)])
    assert np.arange(9)[places.of(first)].tolist() == [0]


def test_nothing():
    assert Places([]).counts == {}
    assert Places([Access(Space.DRAM, (range(0),), writes=True)]).counts == {}
