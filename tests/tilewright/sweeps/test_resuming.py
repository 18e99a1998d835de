"""Sweeps that are killed go on as if they had not been."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.tilewright.sweeps.comparison import essence
from tests.tilewright.sweeps.studies import engines_study, engines_text
from tilewright.sweeps import storage
from tilewright.sweeps.study import Study
from tilewright.sweeps.sweeping import sweep

SAMPLERS = [("grid", None), ("random", 14), ("tpe", 14)]


class Deadly(sqlite3.Connection):
    """Kills this process before a certain commit of any connection."""

    commits_left = 0

    def commit(self) -> None:
        Deadly.commits_left -= 1
        if Deadly.commits_left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit()


def killed_after(commits: int, study: Study, file: Path) -> bool:
    """Sweep in a process that is killed after so many commits; whether it was not done before."""
    with warnings.catch_warnings():
        # Python dislikes forks of processes with threads; this one does not come back.
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            connect = sqlite3.connect
            storage.sqlite3.connect = lambda *a, **k: connect(*a, factory=Deadly, **k)  # type: ignore[assignment]
            Deadly.commits_left = commits
            sweep(study, storage=file, workers=1)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def study_of(sampler: str, trials: int | None) -> Study:
    return engines_study(sampler=sampler, seed=4, **({} if trials is None else {"trials": trials}))


@pytest.mark.parametrize(("sampler", "trials"), SAMPLERS)
def test_killed_again_and_again(sampler: str, trials: int | None, tmp_path: Path) -> None:
    study = study_of(sampler, trials)
    whole = sweep(study, storage=tmp_path / "whole.db", workers=1)
    file = tmp_path / "killed.db"
    kills = 0
    # A trial takes about nine commits, so that it is killed at another of them each time.
    while killed_after(49, study, file):
        kills += 1
    assert kills >= 2
    assert essence(sweep(study, storage=file, workers=1)) == essence(whole)


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "trials"), SAMPLERS)
def test_killed_at_many_commits(sampler: str, trials: int | None, tmp_path: Path) -> None:
    study = study_of(sampler, trials)
    whole = essence(sweep(study, storage=tmp_path / "whole.db", workers=1))
    commits = 1
    while killed_after(commits, study, tmp_path / f"{commits}.db"):
        assert essence(sweep(study, storage=tmp_path / f"{commits}.db", workers=1)) == whole
        # Prime to the number of commits of a trial, so that each of these is met.
        commits += 7
    assert commits > 100


def done(file: Path) -> int:
    """Trials that are done."""
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
            states = "SELECT COUNT(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')"
            (count,) = connection.execute(states).fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        if "connection" in locals():
            connection.close()
    return int(count)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_command_killed_with_two_workers(sampler: str, tmp_path: Path) -> None:
    trials: dict[str, Any] = {} if sampler == "grid" else {"trials": 40}
    (tmp_path / "engines.toml").write_text(engines_text(sampler=sampler, **trials))
    file = tmp_path / "engines.db"
    command = [sys.executable, "-m", "tilewright", "sweep", str(tmp_path / "engines.toml")]
    for least in (1, 6, 9):
        process = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.DEVNULL)
        workers: list[psutil.Process] = []
        while done(file) < least and process.poll() is None:
            time.sleep(0.02)
        if process.poll() is None:
            workers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        process.wait()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
    resumed = sweep(tmp_path / "engines.toml", workers=2)
    whole = sweep(tmp_path / "engines.toml", storage=tmp_path / "whole.db", workers=1)
    assert essence(resumed) == essence(whole)
