"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

from hw.bench.simulators import Simulator, SimulatorError, find_simulator
from tilewright.caching import Cache


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the reference data, which the environment variable TILEWRIGHT_DATA names."""
    folder = os.environ.get("TILEWRIGHT_DATA")
    if not folder:
        pytest.skip("TILEWRIGHT_DATA is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache of simulator builds that all tests of this run share, in all its processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Cache(Path(shared, "builds"))


@pytest.fixture(scope="session")
def verilator() -> Simulator:
    """Verilator, which every development environment has."""
    return find_simulator("verilator")


@pytest.fixture(scope="session")
def icarus() -> Simulator:
    """Icarus Verilog, where it is installed."""
    try:
        return find_simulator("icarus")
    except SimulatorError as error:
        pytest.skip(str(error))
