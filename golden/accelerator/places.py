"""Numbers for what the instructions of a program tell apart: words, and runs of bytes of DRAM."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.accesses import Access, Space

__all__ = ["Key", "Places"]

Key: TypeAlias = tuple[Space, int]
"""A memory: its space and, of DRAM, the base register."""


class Places:
    """The places of each memory.

    A word of a local memory is a place. In DRAM, all bytes that every access has or has not
    together are one, so that large memories take no more places than there are accesses.

    Parameters
    ----------
    found : iterable of Access
        All of a program; empty ones do not matter.
    """

    def __init__(self, found: Iterable[Access]) -> None:
        ends: dict[Key, list[NDArray[np.int64]]] = {}
        self._counts: dict[Key, int] = {}
        for access in found:
            key = (access.space, access.base)
            if access.empty:
                continue
            if access.space is Space.DRAM:
                ends.setdefault(key, []).extend(access.runs)
            else:
                self._counts[key] = max(self._counts.get(key, 0), access.high + 1)
        self._cuts = {key: np.unique(np.concatenate(runs)) for key, runs in ends.items()}
        self._counts |= {key: len(cuts) for key, cuts in self._cuts.items()}

    @property
    def counts(self) -> dict[Key, int]:
        """Places of each memory that is touched."""
        return dict(self._counts)

    def of(self, access: Access) -> slice | NDArray[np.int64]:
        """Places of one of the accesses, each once; to index an array with."""
        low, high = access.runs
        if access.space is Space.DRAM:
            cuts = self._cuts[access.space, access.base]
            low, high = np.searchsorted(cuts, low), np.searchsorted(cuts, high)
            if np.any(low[1:] < high[:-1]):
                return np.unique(_numbers(low, high))
        elif len(low) > 1:
            return access.index
        if len(low) == 1:
            return slice(int(low[0]), int(high[0]))
        return _numbers(low, high)


def _numbers(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """All numbers of some ranges."""
    counts = high - low
    before = np.cumsum(counts) - counts
    return np.repeat(low - before, counts) + np.arange(counts.sum())
