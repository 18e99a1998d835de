"""Who evaluates points: this process, or others on this machine that stay warm."""

import os
import pickle
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tilewright.sweeps.evaluation import Bench, Outcome, evaluate
from tilewright.sweeps.space import Point

__all__ = ["Inline", "LocalWorkers", "Workers", "local_count"]

MOST_DEATHS = 3
"""Workers that may die of a point before it counts as failed."""


class Workers(Protocol):
    """Evaluates points in any order."""

    def free(self) -> bool:
        """Whether another point would be begun at once."""

    def submit(self, number: int, point: Point) -> None:
        """Begin the point of a trial."""

    def wait(self) -> Sequence[tuple[int, Outcome]]:
        """Trials that are done, at least one; only to be called while some are not."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def local_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Inline:
    """Points one after the other, in this process.

    Parameters
    ----------
    bench : Bench
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._next: tuple[int, Point] | None = None

    def free(self) -> bool:
        """As `Workers.free`."""
        return self._next is None

    def submit(self, number: int, point: Point) -> None:
        """As `Workers.submit`."""
        self._next = number, point

    def wait(self) -> Sequence[tuple[int, Outcome]]:
        """As `Workers.wait`."""
        assert self._next is not None
        (number, point), self._next = self._next, None
        return [(number, evaluate(self._bench, point))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class LocalWorkers:
    """Processes on this machine; one that dies is replaced, and its point done again.

    All start with the first point: a sweep with nothing left to do starts none. They end when this
    process does, however it ends: their input is then closed. As they are killed in whatever they
    do, their temporary files lie in a folder that is removed with them.

    Parameters
    ----------
    bench : Bench
    count : int
        Processes.
    """

    def __init__(self, bench: Bench, count: int) -> None:
        self._bench = pickle.dumps(bench)
        self._count = count
        self._processes: list[_Worker] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._deaths: dict[int, int] = {}

    def free(self) -> bool:
        """As `Workers.free`."""
        return not self._processes or any(worker.task is None for worker in self._processes)

    def submit(self, number: int, point: Point) -> None:
        """As `Workers.submit`."""
        if not self._processes:
            self._folder = tempfile.TemporaryDirectory(
                prefix="tilewright-", ignore_cleanup_errors=True
            )
            self._processes = [self._started() for _ in range(self._count)]
        worker = next(worker for worker in self._processes if worker.task is None)
        self._begin(worker, number, point)

    def wait(self) -> Sequence[tuple[int, Outcome]]:
        """As `Workers.wait`."""
        while True:
            with selectors.DefaultSelector() as selector:
                for worker in self._processes:
                    if worker.task is not None:
                        selector.register(worker.output, selectors.EVENT_READ, worker)
                ready = [key.data for key, _ in selector.select()]
            done = [outcome for worker in ready if (outcome := self._take(worker)) is not None]
            if done:
                return done

    def _begin(self, worker: "_Worker", number: int, point: Point) -> None:
        try:
            worker.begin(number, point)
        except BrokenPipeError:
            # It died while it had nothing to do.
            self._begin(self._replace(worker), number, point)

    def _take(self, worker: "_Worker") -> tuple[int, Outcome] | None:
        """What a worker has; None if it died and its point has begun again."""
        assert worker.task is not None
        number, point = worker.task
        try:
            return number, worker.result()
        except (EOFError, pickle.UnpicklingError):
            status = worker.process.wait()
        replacement = self._replace(worker)
        deaths = self._deaths[number] = self._deaths.get(number, 0) + 1
        if deaths < MOST_DEATHS:
            self._begin(replacement, number, point)
            return None
        return number, Outcome(
            reason=f"{deaths} workers ended with status {status}; for want of memory?", lost=True
        )

    def _replace(self, worker: "_Worker") -> "_Worker":
        worker.close()
        self._processes.remove(worker)
        self._processes.append(self._started())
        return self._processes[-1]

    def _started(self) -> "_Worker":
        assert self._folder is not None
        return _Worker(self._bench, self._folder.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._processes:
            worker.close()
        if self._folder is not None:
            self._folder.cleanup()


class _Worker:
    """A process that runs `tilewright.sweeps.worker`, with a folder for temporary files."""

    def __init__(self, bench: bytes, folder: str) -> None:
        # One thread each: there are as many workers as cores.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tilewright.sweeps.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": path, "TMPDIR": folder},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self.output = self.process.stdin, self.process.stdout
        self.task: tuple[int, Point] | None = None
        # Sent with the first point: by then all workers have begun to start.
        self._unsent = bench

    def begin(self, number: int, point: Point) -> None:
        """Evaluate a point."""
        self._input.write(self._unsent + pickle.dumps(point))
        self._input.flush()
        self._unsent = b""
        self.task = number, point

    def result(self) -> Outcome:
        """What became of it."""
        outcome: Outcome = pickle.load(self.output)
        self.task = None
        return outcome

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.output.close()
        with suppress(BrokenPipeError):
            self._input.close()
