"""Processes end with what started them, however that ends."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from hw.tied import tied

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
