"""Sweeps on a Dask cluster."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import LocalCluster

from golden.errors import UserError
from tests.tilewright.sweeps.comparison import essence
from tests.tilewright.sweeps.studies import engines_study
from tilewright.sweeps import cluster
from tilewright.sweeps.sweeping import sweep


@pytest.fixture
def workers() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as found:
        yield found


def test_two_workers_of_which_one_is_killed(workers: LocalCluster, tmp_path: Path) -> None:
    study = engines_study(sampler="random", trials=20, seed=9)
    address = workers.scheduler_address
    killed = []

    def kill(done: int, failed: int, count: int) -> None:
        if done == 5:
            killed.append(workers.workers[0].pid)
            psutil.Process(killed[0]).send_signal(signal.SIGKILL)

    result = sweep(study, storage=tmp_path / "a.db", scheduler=address, progress=kill)
    local = sweep(study, storage=tmp_path / "b.db", workers=1)
    assert killed
    assert essence(result) == essence(local)


@pytest.mark.slow
def test_a_scheduler_that_is_lost(workers: LocalCluster, tmp_path: Path) -> None:
    study = engines_study(sampler="grid")
    address = workers.scheduler_address

    def lose(done: int, failed: int, count: int) -> None:
        if done == 3:
            workers.close()

    with pytest.raises(UserError, match=f"scheduler {address} was lost: the same command goes on"):
        sweep(study, storage=tmp_path / "a.db", scheduler=address, progress=lose)
    resumed = sweep(study, storage=tmp_path / "a.db", workers=1)
    assert essence(resumed) == essence(sweep(study, storage=tmp_path / "b.db", workers=1))


def test_a_scheduler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UserError, match=f"scheduler {address} can not be reached: "):
            sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", scheduler=address)
    assert not list(tmp_path.iterdir())


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="scheduler nowhere://x can not be reached: "):
        sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", scheduler="nowhere://x")


def test_workers_are_of_one_kind(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="workers are of this machine; those of a scheduler"):
        sweep(engines_study(sampler="grid"), workers=2, scheduler="tcp://127.0.0.1:8786")
