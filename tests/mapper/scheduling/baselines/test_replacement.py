"""Who is evicted, against all sets."""

import itertools

import numpy as np
import pytest

from mapper.scheduling.baselines.replacement import Replacement, Resident, victims


def drawn(seed):
    rng = np.random.default_rng(seed)
    return [
        Resident(
            name=f"t{index}",
            size_bytes=(size := int(rng.integers(1, 12))),
            next_use=int(rng.integers(5, 15)),
            moved_bytes=size * int(rng.integers(1, 3)),
        )
        for index in range(int(rng.integers(1, 8)))
    ]


@pytest.mark.parametrize("seed", range(20))
def test_belady(seed):
    residents = drawn(seed)
    (name,) = victims(Replacement.BELADY, residents, 1)
    chosen = next(resident for resident in residents if resident.name == name)
    assert all(
        (other.next_use, other.size_bytes) <= (chosen.next_use, chosen.size_bytes)
        for other in residents
    )


@pytest.mark.parametrize("seed", range(20))
def test_greedy(seed):
    residents = drawn(seed)
    lacking = int(np.random.default_rng(seed).integers(1, 40))
    chosen = {*victims(Replacement.GREEDY, residents, lacking)}
    sets = [
        (sum(resident.moved_bytes for resident in some), {resident.name for resident in some})
        for count in range(len(residents) + 1)
        for some in itertools.combinations(residents, count)
        if sum(resident.size_bytes for resident in some) >= lacking
    ]
    if not sets:
        assert chosen == {resident.name for resident in residents}
    else:
        least = min(cost for cost, _ in sets)
        assert (least, chosen) in sets
