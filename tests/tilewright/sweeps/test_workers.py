"""Workers that die."""

import os
import signal
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.tilewright.sweeps.comparison import essence
from tests.tilewright.sweeps.studies import engines_study
from tilewright.sweeps import workers
from tilewright.sweeps.sweeping import sweep
from tilewright.sweeps.workers import LocalWorkers


def own_workers() -> list[psutil.Process]:
    """Processes of this one that evaluate points; other tests leave others."""
    children = psutil.Process().children()
    return [child for child in children if "tilewright.sweeps.worker" in child.cmdline()]


def test_a_killed_worker_costs_no_trial(tmp_path: Path) -> None:
    study = engines_study(sampler="random", trials=12, seed=2)
    killed = []

    def kill(done: int, failed: int, count: int) -> None:
        if done == 4:
            worker = own_workers()[0]
            killed.append(worker.pid)
            worker.send_signal(signal.SIGKILL)

    result = sweep(study, storage=tmp_path / "a.db", workers=2, progress=kill)
    assert killed
    assert essence(result) == essence(sweep(study, storage=tmp_path / "b.db", workers=1))
    assert not own_workers()


def test_a_finished_sweep_starts_no_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = engines_study(sampler="random", trials=3, seed=2)
    first = sweep(study, storage=tmp_path / "a.db", workers=2)
    monkeypatch.setattr(workers, "_Worker", None)
    assert essence(sweep(study, storage=tmp_path / "a.db", workers=2)) == essence(first)


def test_a_point_that_kills_its_workers_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    study = engines_study(sampler="grid")
    points = [study.space.point(chosen) for chosen in study.space.grid()[:2]]

    class Doomed(workers._Worker):
        def begin(self, number: int, point: workers.Point) -> None:
            super().begin(number, point)
            if number == 0:
                os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(workers, "_Worker", Doomed)
    with LocalWorkers(study.bench, 2) as pool:
        for number, point in enumerate(points):
            pool.submit(number, point)
        assert not pool.free()
        outcomes = dict(pool.wait())
        while len(outcomes) < 2:
            outcomes.update(pool.wait())
    assert outcomes[0].reason == "3 workers ended with status -9; for want of memory?"
    assert outcomes[0].lost
    assert outcomes[1].metrics["cycles"] > 0


def test_temporary_files_of_workers_go_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    study = engines_study(sampler="grid")
    with LocalWorkers(study.bench, 2) as pool:
        assert not list(tmp_path.iterdir())
        pool.submit(0, study.space.point(study.space.grid()[0]))
        (folder,) = tmp_path.iterdir()
        assert folder.name.startswith("tilewright-")
        places = [worker.environ()["TMPDIR"] for worker in own_workers()]
        assert places == [str(folder)] * 2
        (folder / "of-synthesis").mkdir()
    assert not own_workers()
    assert not list(tmp_path.iterdir())
