"""Points evaluated by the workers of a Dask scheduler."""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from distributed import CancelledError, Client
from distributed.scheduler import KilledWorker

from golden.errors import UserError
from tilewright.sweeps.evaluation import Bench, Outcome, evaluate
from tilewright.sweeps.space import Point

__all__ = ["Cluster"]

CONNECT_S = 10
"""Seconds that a scheduler has to answer."""


class Cluster:
    """The workers of a scheduler; a point whose worker is killed is done again by another.

    Parameters
    ----------
    bench : Bench
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UserError
        If it can not be reached.
    """

    def __init__(self, bench: Bench, address: str) -> None:
        # What goes wrong is told below, in a sentence.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        connect: Any = Client
        try:
            self._client: Any = connect(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UserError(f"scheduler {address} can not be reached: {error}") from None
        self._address = address
        # A task, as scattered data would be gone with the worker that has it. Its name is new, so
        # that it is not taken for that of a sweep before.
        self._bench = self._client.submit(_same, bench, key=f"bench-{os.urandom(8).hex()}")
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._running: dict[str, tuple[int, Any]] = {}

    def free(self) -> bool:
        """As `Workers.free`; points wait for workers that are still to come."""
        try:
            threads: int = sum(self._client.nthreads().values())
        except OSError:
            raise self._lost() from None
        return len(self._running) < max(1, threads)

    def submit(self, number: int, point: Point) -> None:
        """As `Workers.submit`."""
        future = self._client.submit(evaluate, self._bench, point, pure=False)
        self._running[future.key] = number, future
        future.add_done_callback(self._done.put)

    def wait(self) -> Sequence[tuple[int, Outcome]]:
        """As `Workers.wait`.

        Raises
        ------
        UserError
            If the scheduler is gone.
        """
        future = self._done.get()
        number, _ = self._running.pop(future.key)
        return [(number, self._outcome(future))]

    def _outcome(self, future: Any) -> Outcome:
        try:
            # Both wait where a worker died that had the outcome, until another has it again.
            error = future.exception()
            if error is None:
                outcome: Outcome = future.result()
                return outcome
        except CancelledError:
            raise self._lost() from None
        if isinstance(error, KilledWorker):
            return Outcome(reason="several workers died of it; for want of memory?", lost=True)
        return Outcome(reason=f"{type(error).__name__}: {error}", lost=True)

    def _lost(self) -> UserError:
        return UserError(
            f"scheduler {self._address} was lost: the same command goes on where this ended"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        futures = [future for _, future in self._running.values()]
        # A scheduler that is gone needs not be told.
        with suppress(OSError, CancelledError):
            self._client.cancel([*futures, self._bench])
        self._client.close()


def _same(bench: Bench) -> Bench:
    return bench
