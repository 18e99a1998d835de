"""The clock of time limits: it stands still while functions are compiled.

What is compiled once on a machine should not decide what a search finds there the first time.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["now", "pause", "resume", "watched"]


class _Clock:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pauses = 0
        self._stopped = 0.0
        self._begun = 0.0
        self.watchers: list[Callable[[bool], None]] = []

    def now(self) -> float:
        with self._lock:
            return (self._begun if self._pauses else time.monotonic()) - self._stopped

    def turn(self, pauses: int) -> None:
        with self._lock:
            was_running = not self._pauses
            if was_running:
                self._begun = time.monotonic()
            self._pauses += pauses
            is_running = not self._pauses
            if is_running:
                self._stopped += time.monotonic() - self._begun
        if was_running != is_running:
            for watcher in self.watchers:
                watcher(not is_running)


_CLOCK = _Clock()


def now() -> float:
    """Seconds from some moment on, but for those in which the clock stood still."""
    return _CLOCK.now()


def pause() -> None:
    """Stop the clock until `resume`; pauses may be nested."""
    _CLOCK.turn(1)


def resume() -> None:
    """End a pause."""
    _CLOCK.turn(-1)


@contextmanager
def watched(watcher: Callable[[bool], None]) -> Iterator[None]:
    """Call ``watcher`` with True when the clock stops, with False when it goes on.

    From whatever thread stops it.
    """
    _CLOCK.watchers.append(watcher)
    try:
        yield
    finally:
        _CLOCK.watchers.remove(watcher)
