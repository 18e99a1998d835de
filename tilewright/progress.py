"""Progress of long work, on standard error, silent where that is no terminal."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from mapper import clock

__all__ = ["compiling", "counting", "progress"]

T = TypeVar("T")


@contextmanager
def progress(items: Sequence[T], what: str) -> Iterator[Iterator[T]]:
    """``items``, with a line that counts them; it is gone when the ``with`` ends, however it does.

    Parameters
    ----------
    items : sequence
    what : str
        Being counted.
    """
    if not sys.stderr.isatty():
        yield iter(items)
        return
    try:
        yield _counted(items, what)
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _counted(items: Sequence[T], what: str) -> Iterator[T]:
    for number, item in enumerate(items, start=1):
        print(f"\r{what}: {number}/{len(items)}", end="", file=sys.stderr, flush=True)
        yield item


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A function that tells how many are done, of how many; its line is gone in the end.

    Parameters
    ----------
    what : str
        Being counted.
    """
    if not sys.stderr.isatty():
        yield lambda done, count: None
        return

    def tell(done: int, count: int) -> None:
        print(f"\r{what}: {done}/{count}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def compiling() -> Iterator[None]:
    """Tell when a search is compiled, which takes a while the first time on a machine.

    Its line is gone when that is done.
    """
    if not sys.stderr.isatty():
        yield
        return

    def tell(is_compiling: bool) -> None:
        line = "compiling the search, once on this machine" if is_compiling else ""
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)

    with clock.watched(tell):
        yield
