"""Progress of long work, on standard error, silent where that is no terminal."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

__all__ = ["progress"]

T = TypeVar("T")


def progress(items: Iterable[T], what: str) -> Iterator[T]:
    """``items``, with a line that counts them."""
    shown = sys.stderr.isatty()
    total = f"/{len(items)}" if isinstance(items, Sized) else ""
    try:
        for number, item in enumerate(items, start=1):
            if shown:
                print(f"\r{what}: {number}{total}", end="", file=sys.stderr, flush=True)
            yield item
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
