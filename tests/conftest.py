"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of the reference data, which the environment variable TILEWRIGHT_DATA names."""
    folder = os.environ.get("TILEWRIGHT_DATA")
    if not folder:
        pytest.skip("TILEWRIGHT_DATA is not set")
    return Path(folder)
