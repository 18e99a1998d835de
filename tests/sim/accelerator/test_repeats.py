import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.accelerator.repeats import Repeat, fold


def flat(symbols):
    for symbol in symbols:
        if isinstance(symbol, Repeat):
            for _ in range(symbol.count):
                yield from flat(symbol.body)
        else:
            yield symbol


PARTS = st.recursive(
    st.lists(st.integers(0, 3), max_size=6),
    lambda inner: st.builds(
        lambda before, body, count, after: before + body * count + after,
        inner,
        inner,
        st.integers(1, 12),
        inner,
    ),
    max_leaves=6,
)


@given(PARTS)
def test_folding_changes_nothing(symbols):
    assert list(flat(fold(symbols))) == symbols


def test_what_repeats_becomes_a_loop() -> None:
    assert fold([1, 2] * 20) == (Repeat(20, (1, 2)),)
    assert fold([1, 1, 2, 1, 2, 2] * 9 + [1]) == (Repeat(9, (1, 1, 2, 1, 2, 2)), 1)
    assert fold([0, 1, 2, 3] * 7) == (0, 1, 2, 3) * 7


def test_loops_in_loops() -> None:
    inner = Repeat(12, (1, 2, 3))
    assert fold(([1, 2, 3] * 12 + [4]) * 30) == (Repeat(30, (inner, 4)),)


def test_long_lists() -> None:
    random = np.random.default_rng(0).integers(0, 50, 100_000).tolist()
    began = time.process_time()
    assert list(flat(fold(random))) == random
    folded = fold(list(range(3000)) * 40)
    assert time.process_time() - began < 5
    assert len(folded) == 1
