"""What repeats in a list: runs of equal parts become loops, innermost first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Repeat", "Symbol", "fold"]

LEAST_COUNT = 8
"""Repetitions that are worth a loop."""
_LEVELS = 8
_WINDOWS = 6
_PERIODS = 8
_MULTIPLIER = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Repeat:
    """``body``, ``count`` times."""

    count: int
    body: tuple["Symbol", ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.count, self.body)))

    def __hash__(self) -> int:
        """Known beforehand, as nests are asked for it again and again."""
        known: int = self.__dict__["_hash"]
        return known


Symbol: TypeAlias = int | Repeat


def fold(symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The same list with loops in it, in about linear time.

    Periods are proposed by how far apart equal windows of 1, 2, 4 .. 32 symbols lie most often.
    """
    items = list(symbols)
    for _ in range(_LEVELS):
        if len(items) < LEAST_COUNT:
            break
        folded = _fold_once(items)
        if len(folded) == len(items):
            break
        items = folded
    return tuple(items)


def _fold_once(items: list[Symbol]) -> list[Symbol]:
    numbers: dict[Symbol, int] = {}
    codes = np.array([numbers.setdefault(item, len(numbers)) for item in items], dtype=np.uint64)
    areas: list[tuple[int, int, int]] = []
    taken = np.zeros(len(items), dtype=np.bool_)
    for period in _periods(codes):
        for start, count in _runs(codes, period, taken):
            areas.append((start, period, count))
            taken[start : start + period * count] = True
    folded: list[Symbol] = []
    position = 0
    for start, period, count in sorted(areas):
        folded += items[position:start]
        folded.append(Repeat(count, tuple(items[start : start + period])))
        position = start + period * count
    return folded + items[position:]


def _periods(codes: NDArray[np.uint64]) -> list[int]:
    """Likely periods, shortest first."""
    found: set[int] = set()
    windows = codes + np.uint64(1)
    length = 1
    for _ in range(_WINDOWS):
        order = np.argsort(windows, kind="stable")
        equal = windows[order[1:]] == windows[order[:-1]]
        distances = (order[1:] - order[:-1])[equal]
        distances = distances[distances * LEAST_COUNT <= len(codes)]
        if not len(distances):
            break
        times = np.bincount(distances)
        likely = np.argsort(times, kind="stable")[::-1][:_PERIODS]
        found.update(likely[times[likely] >= LEAST_COUNT - 1].tolist())
        if len(windows) <= length:
            break
        windows = windows[:-length] * np.uint64(_MULTIPLIER) + windows[length:]
        length *= 2
    return sorted(found)


def _runs(
    codes: NDArray[np.uint64], period: int, taken: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """First symbol and count of each run of parts of ``period`` symbols that is not taken yet."""
    differs = (codes[:-period] != codes[period:]) | taken[:-period] | taken[period:]
    breaks = np.concatenate(([-1], np.flatnonzero(differs), [len(differs)]))
    long = np.flatnonzero(np.diff(breaks) > period * (LEAST_COUNT - 1))
    free = 0
    for start, stop in zip(breaks[long].tolist(), breaks[long + 1].tolist(), strict=True):
        first = max(start + 1, free)
        count = (stop - first) // period + 1
        if count >= LEAST_COUNT:
            free = first + count * period
            yield first, count
