"""Where things lie in activation memory."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from mapper.allocation.problem import Buffer, Problem
from mapper.allocation.search import allocate_buffers
from mapper.status import Status

__all__ = ["Fit", "Item", "NoRoomError", "place"]

_SEARCH_S = 5.0
"""Seconds after which a search for places is given up."""


class Fit(Enum):
    """How hard to look for places.

    FIRST: items one after the other, in the order of time. EXACT: an exact search where that fails.
    """

    FIRST = "first"
    EXACT = "exact"


class NoRoomError(Exception):
    """There is no room for an item.

    Parameters
    ----------
    item : Item
        The first that found none.
    is_proven : bool
        Whether there are no places for all items together.
    """

    def __init__(self, item: "Item", *, is_proven: bool = False) -> None:
        super().__init__(f"there is no room for {item.words} words")
        self.item = item
        self.is_proven = is_proven


@dataclass(frozen=True, kw_only=True)
class Item:
    """Words that are needed for some time. Time is counted in stages.

    Parameters
    ----------
    key : hashable
        Its name.
    words : int
    first, last : int
        Stages between which it is needed, both included.
    executed : frozenset of int
        Stages in which the execute unit reads it.
    processed : frozenset of int
        Stages in which the vector unit reads it, or takes it to memory.
    written, loaded : frozenset of int
        Stages in which the vector unit writes it, and the load unit.
    """

    key: Any
    words: int
    first: int
    last: int
    executed: frozenset[int] = field(default=frozenset())
    processed: frozenset[int] = field(default=frozenset())
    written: frozenset[int] = field(default=frozenset())
    loaded: frozenset[int] = field(default=frozenset())


def place(
    items: Sequence[Item], words: int, banks: int, fit: Fit = Fit.FIRST
) -> dict[Hashable, int]:
    """First words of items, none of which share a word at a time.

    Things that two units read, or write, at the same time are put into different banks where
    possible: units that share a port of a bank wait for each other.

    Parameters
    ----------
    items : sequence of Item
    words : int
        Of the memory.
    banks : int
        Equal parts of it.
    fit : Fit

    Raises
    ------
    NoRoomError
        If an item finds no room.
    """
    try:
        return _placed(items, words, words // banks)
    except NoRoomError:
        pass
    try:
        # Packed as closely as the order allows, whatever the banks.
        return _placed(items, words, words)
    except NoRoomError as error:
        if fit is Fit.FIRST:
            raise
        return _searched(items, words, error.item)


def _searched(items: Sequence[Item], words: int, failed: Item) -> dict[Hashable, int]:
    """Places from an exact search, whatever the banks."""
    problem = Problem(
        tuple(
            Buffer(id=str(number), lower=item.first, upper=item.last + 1, size=item.words)
            for number, item in enumerate(items)
        )
    )
    rng = np.random.default_rng(0)
    found = allocate_buffers(problem, capacity=words, time_limit=_SEARCH_S, rng=rng)
    if found.offsets is None:
        raise NoRoomError(failed, is_proven=found.status is Status.INFEASIBLE)
    return {item.key: address for item, address in zip(items, found.offsets, strict=True)}


def _placed(items: Sequence[Item], words: int, size: int) -> dict[Hashable, int]:
    placed: list[tuple[Item, int]] = []
    for item in sorted(items, key=lambda entry: (entry.first, -entry.words)):
        present = [
            (other, address)
            for other, address in placed
            if other.first <= item.last and item.first <= other.last
        ]
        candidates = set(range(0, words, size))
        candidates |= {address + other.words for other, address in present}
        best: tuple[int, int, int] | None = None
        for address in candidates:
            end = address + item.words
            if end > words or any(
                address < start + other.words and start < end for other, start in present
            ):
                continue
            touched = _banks(item, address, size)
            clashes = sum(
                _clash(item, other)
                for other, start in placed
                if not touched.isdisjoint(_banks(other, start, size))
            )
            rank = (clashes, len(touched), address)
            best = rank if best is None else min(best, rank)
        if best is None:
            raise NoRoomError(item)
        placed.append((item, best[2]))
    return {item.key: address for item, address in placed}


def _banks(item: Item, address: int, size: int) -> set[int]:
    return set(range(address // size, (address + item.words - 1) // size + 1))


def _clash(a: Item, b: Item) -> int:
    """How often two units use a port at a time if these share a bank.

    The vector unit is a stage behind at times.
    """
    reads = sum(
        stage in one.executed or stage + 1 in one.executed
        for one, other in ((a, b), (b, a))
        for stage in other.processed
    )
    writes = sum(
        abs(stage - loaded) <= 1
        for one, other in ((a, b), (b, a))
        for stage in one.written
        for loaded in other.loaded
    )
    return reads + writes
