"""Processes that do not outlive this one."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = ["run_tied", "tied"]


@contextmanager
def tied(
    command: Sequence[str], *, env: Mapping[str, str], stdout: int, stderr: int
) -> Iterator["subprocess.Popen[str]"]:
    """A process in a group of its own that ends, with all that it starts, when the body does.

    On Linux it also ends when this process is killed.

    Parameters
    ----------
    command : sequence of str
    env : mapping of str to str
    stdout, stderr : int
        As `subprocess.Popen` takes them.

    Yields
    ------
    subprocess.Popen
        What it says is text.
    """
    kept, held = os.pipe()
    try:
        with subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            process_group=0,
            pass_fds=(kept,),
        ) as process:
            _signal_when_closed(kept, process.pid)
            os.close(kept)
            kept = -1
            try:
                yield process
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    finally:
        if kept >= 0:
            os.close(kept)
        os.close(held)


def run_tied(
    command: Sequence[str], *, env: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Wait for a process; an interrupt ends it, with all that it starts.

    What they leave in the folder for temporary files goes.

    Parameters
    ----------
    command : sequence of str
    env : mapping of str to str

    Returns
    -------
    subprocess.CompletedProcess
        Its ``stdout`` has the errors as well.
    """
    with (
        tempfile.TemporaryDirectory(prefix="tilewright-", ignore_cleanup_errors=True) as scratch,
        tied(
            command,
            env={**env, "TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        said, _ = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, said)


def _signal_when_closed(pipe: int, group: int) -> None:
    """End a group of processes when nobody can write to a pipe any more, as none then listens."""
    if sys.platform == "linux":
        import fcntl

        # SIGIO ends what does not handle it. No thread of theirs has to wait, which a thread of
        # Python could not while a tool computes.
        fcntl.fcntl(pipe, fcntl.F_SETOWN, -group)
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
