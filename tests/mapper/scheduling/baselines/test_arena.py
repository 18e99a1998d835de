"""TFLite's arena, against its rules byte by byte."""

import numpy as np
import pytest

from mapper.scheduling.baselines.arena import Lifetime, best_fit, lacking_bytes, place, plan


def smallest_hole(taken, size):
    """By a map of bytes: the smallest hole that holds it, the lowest of these; else the top."""
    top = max((end for _, end in taken), default=0)
    is_taken = [any(begin <= byte < end for begin, end in taken) for byte in range(top)]
    holes = {}
    for byte in range(top):
        if not is_taken[byte] and (byte == 0 or is_taken[byte - 1]):
            holes[byte] = next(end for end in range(byte, top) if is_taken[end]) - byte
    fitting = [(room, begin) for begin, room in holes.items() if room >= size]
    return min(fitting)[1] if fitting else top


@pytest.mark.parametrize("seed", range(100))
def test_smallest_hole(seed):
    rng = np.random.default_rng(seed)
    taken = [
        (int(begin), int(begin + rng.integers(1, 5)))
        for begin in rng.integers(0, 30, int(rng.integers(0, 7)))
    ]
    size = int(rng.integers(1, 6))
    assert best_fit(taken, size) == smallest_hole(taken, size)


def test_larger_tensors_come_first():
    sizes = {"a": 4, "b": 2, "c": 3, "d": 2, "e": 5}
    resident = {"a": 3, "b": 10}
    assert place(resident, ["c", "d", "e"], sizes) == {"e": 12, "c": 0, "d": 7}
    assert lacking_bytes({"e": 12, "c": 0}, sizes, 15) == 2
    assert lacking_bytes({"e": 12, "c": 0}, sizes, 17) == 0


def test_plan():
    """All of the run first, then by size, then by time; those that never meet share bytes."""
    lives = [
        Lifetime(tensor="a", begin=0, end=2, size_bytes=6),
        Lifetime(tensor="b", begin=1, end=3, size_bytes=6),
        Lifetime(tensor="c", begin=2, end=4, size_bytes=8),
        Lifetime(tensor="d", begin=0, end=4, size_bytes=1),
        Lifetime(tensor="e", begin=0, end=1, size_bytes=2),
    ]
    # d at 0; c on it, from 1 to 9; a, which ends before c, from 1 to 7; b meets both, from 9; e
    # meets d and a.
    assert plan(lives, 4) == [1, 9, 1, 0, 7]


@pytest.mark.parametrize("seed", range(50))
def test_planned_tensors_share_no_bytes(seed):
    rng = np.random.default_rng(seed)
    lives = []
    for index in range(12):
        begin = int(rng.integers(0, 6))
        end = int(rng.integers(begin + 1, 8))
        size = int(rng.integers(1, 6))
        lives.append(Lifetime(tensor=f"t{index}", begin=begin, end=end, size_bytes=size))
    addresses = plan(lives, 8)
    for step in range(8):
        taken = [
            byte
            for life, at in zip(lives, addresses, strict=True)
            if life.begin <= step < life.end
            for byte in range(at, at + life.size_bytes)
        ]
        assert len(taken) == len(set(taken))
