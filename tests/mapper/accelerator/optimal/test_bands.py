"""Cuts into bands, against trying every one."""

import numpy as np
import pytest

from mapper.accelerator.optimal.bands import BandTable, even_heights


def compositions(height):
    """All ways to write a number as a sum of ordered parts."""
    if height == 0:
        yield ()
    for first in range(1, height + 1):
        for rest in compositions(height - first):
            yield (first, *rest)


def cost(table, heights, each):
    ends = np.cumsum(heights)
    return sum(
        int(table[end - height, end]) + each for height, end in zip(heights, ends, strict=True)
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("each", [0, 3])
def test_the_best_cut_is_found(seed, each):
    rng = np.random.default_rng(seed)
    height = int(rng.integers(1, 9))
    # Some tables with a fixed cost of each band, where even cuts are best, and some without order.
    table = rng.integers(0, 20, (height, height + 1))
    if seed % 2:
        starts, ends = np.indices(table.shape)
        table = 5 * (ends - starts) + 2
    bands = BandTable(table)
    for most in range(1, height + 1):
        allowed = [heights for heights in compositions(height) if max(heights) <= most]
        best = bands.best(most, each)
        assert best.bytes == min(cost(table, heights, each) for heights in allowed)
        assert best.heights in allowed
        assert cost(table, best.heights, each) == best.bytes


def test_even_heights():
    assert even_heights(10, 4) == (2, 2, 3, 3)
    assert even_heights(3, 3) == (1, 1, 1)
