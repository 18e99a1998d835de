"""A process that evaluates points: pickled objects come in, pickled outcomes go out."""

import io
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import redirect_stderr

from tilewright.sweeps.evaluation import evaluate

__all__ = ["serve"]

ORPHANED_S = 1.0
"""How often to look whether the sweep is still there, seconds."""


def serve() -> None:
    """Evaluate points until standard input ends."""
    # An interrupt goes to all processes of a terminal; the sweep ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    given = sys.stdin.buffer
    # Whatever else is printed must not get between the results.
    with os.fdopen(os.dup(1), "wb") as results:
        os.dup2(2, 1)
        bench = pickle.load(given)
        while True:
            try:
                point = pickle.load(given)
            except EOFError:
                return
            # The sweep has a line of progress, which those of its parts must not write over.
            with redirect_stderr(io.StringIO()):
                outcome = evaluate(bench, point)
            pickle.dump(outcome, results)
            results.flush()


def _end_with(parent: int) -> None:
    """End with the sweep, in the middle of a point if need be."""
    while os.getppid() == parent:
        time.sleep(ORPHANED_S)
    os._exit(1)


if __name__ == "__main__":
    serve()
