"""Fixtures for tests of the accelerator."""

import pytest

from tests.accelerator import programs
from tilewright.harness import built_cocotb, built_harness


@pytest.fixture(scope="session")
def play(cache):
    """The small accelerator with the native harness."""
    return built_harness(programs.accelerator(), cache=cache)


@pytest.fixture(scope="session")
def play_verilator(cache, verilator):
    """The small accelerator with the cocotb bench."""
    return built_cocotb(programs.accelerator(), verilator, cache=cache)


@pytest.fixture(scope="session")
def play_icarus(cache, icarus):
    """The same on Icarus."""
    return built_cocotb(programs.accelerator(), icarus, cache=cache)
