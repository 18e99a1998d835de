"""Where things lie in activation memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Item", "NoRoomError", "place"]


class NoRoomError(Exception):
    """There is no room for an item.

    Parameters
    ----------
    item : Item
    """

    def __init__(self, item: "Item") -> None:
        super().__init__(f"there is no room for {item.words} words")
        self.item = item


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


def place(items: Sequence[Item], words: int, banks: int) -> dict[object, int]:
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

    Raises
    ------
    NoRoomError
        If an item finds no room.
    """
    try:
        return _placed(items, words, words // banks)
    except NoRoomError:
        # Packed as closely as the order allows, whatever the banks.
        return _placed(items, words, words)


def _placed(items: Sequence[Item], words: int, size: int) -> dict[object, int]:
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
