"""Processes end with what started them, however that ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hw.tied import run_tied, tied

# Starts a process that starts another, in one group, and tells both.
NESTED = """
import subprocess, sys, time
inner = subprocess.Popen(["sleep", "600"])
print(inner.pid, flush=True)
time.sleep(600)
"""

STARTER = f"""
import os, subprocess, sys, time
from hw.tied import tied
command = [sys.executable, "-c", {NESTED!r}]
with tied(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
    print(process.pid, process.stdout.readline(), end="", flush=True)
    time.sleep(600)
"""


WAITER = """
import os, sys
from hw.tied import run_tied
run_tied([sys.executable, "-c", sys.argv[1]], env=os.environ)
"""

LEAVER = """
import os, pathlib, tempfile, time
pathlib.Path(tempfile.gettempdir(), "left").write_text(str(os.getpid()))
time.sleep(600)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def read_and_fail(process: "subprocess.Popen[str]", read: list[int]) -> None:
    assert process.stdout is not None
    read.append(int(process.stdout.readline()))
    raise ZeroDivisionError


def test_what_a_body_does_not_wait_for_ends_with_it() -> None:
    inner: list[int] = []
    process = tied(
        [sys.executable, "-c", NESTED],
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with pytest.raises(ZeroDivisionError), process as outer:
        read_and_fail(outer, inner)
    assert wait_for(lambda: gone(inner[0]))


def test_a_process_that_ends_by_itself() -> None:
    before = psutil.Process().num_fds()
    command = [sys.executable, "-c", "import sys; print('said'); sys.exit(3)"]
    with tied(command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.communicate()[0] == "said\n"
    assert process.returncode == 3
    assert psutil.Process().num_fds() == before


def test_a_command_that_is_not_there() -> None:
    with (
        pytest.raises(FileNotFoundError),
        tied(["/nowhere/tool"], env={}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT),
    ):
        pass


def test_what_is_waited_for() -> None:
    command = [sys.executable, "-c", "import sys; print('said', file=sys.stderr); sys.exit(3)"]
    done = run_tied(command, env=os.environ)
    assert (done.returncode, done.stdout) == (3, "said\n")


def test_an_interrupt_ends_what_is_waited_for_and_removes_its_files(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITER, LEAVER],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
        # Tests that run in the background may have been told to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as waiter:
        assert wait_for(lambda: any(file.read_text() for file in tmp_path.glob("*/left")))
        (file,) = tmp_path.glob("*/left")
        left = int(file.read_text())
        waiter.send_signal(signal.SIGINT)
    assert gone(left)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="signals of pipes are those of Linux")
def test_killed_with_what_started_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        outer, inner = map(int, starter.stdout.readline().split())
        assert not gone(outer)
        assert not gone(inner)
        starter.kill()
    assert wait_for(lambda: gone(outer) and gone(inner))
