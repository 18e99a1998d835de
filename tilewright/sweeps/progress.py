"""Progress of a sweep: a line on a terminal, or in a notebook."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tilewright.sweeps.driving import Progress

__all__ = ["shown", "summary"]

_EVERY_S = 0.1


@contextmanager
def shown() -> Iterator[Progress]:
    """A function to tell; silent where nobody looks."""
    notebook = _notebook()
    if notebook is not None:
        yield _Line(notebook).tell
    elif sys.stderr.isatty():
        try:
            yield _Line(_to_terminal).tell
        finally:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    else:
        yield lambda done, failed, count: None


def summary(done: int, failed: int, count: int, seconds_left: float | None) -> str:
    """A line that says how far a sweep is."""
    parts = [f"trials: {done}/{count}"]
    if failed:
        parts.append(f"{failed} failed")
    if seconds_left is not None:
        minutes, seconds = divmod(round(seconds_left), 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02}:{seconds:02} left")
    return ", ".join(parts)


class _Line:
    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._begun: tuple[float, int] | None = None
        self._last = 0.0

    def tell(self, done: int, failed: int, count: int) -> None:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now, done
        elif now - self._last < _EVERY_S and done < count:
            return
        self._last = now
        self._write(summary(done, failed, count, self._left(now, done, count)))

    def _left(self, now: float, done: int, count: int) -> float | None:
        """Seconds, if the rest takes as long as what this sweep has done."""
        assert self._begun is not None
        begun, before = self._begun
        if done in (before, count):
            return None
        return (now - begun) / (done - before) * (count - done)


def _to_terminal(line: str) -> None:
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _notebook() -> Callable[[str], None] | None:
    """Writes a line that replaces itself in a notebook's output, where this is one."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    display: Any = importlib.import_module("IPython.display").display
    handle = display({"text/plain": ""}, raw=True, display_id=True)
    return lambda line: handle.update({"text/plain": line}, raw=True)
