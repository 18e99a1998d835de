"""Results that reports are made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import chromium
from tests.support.environments import ROOT
from tilewright.accelerated import run_accelerated

DIGITS = ROOT / "tilewright" / "networks" / "digits"


def digits(accelerator: str, folder: Path) -> dict[str, Any]:
    run = run_accelerated(
        DIGITS / "digits.onnx",
        accelerator=accelerator,
        host_fallback=True,
        timeline=True,
        output=folder,
    )
    return {**run.to_json(), "command": f"tilewright run digits.onnx --accelerator {accelerator}"}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run of the digits network on the smallest accelerator."""
    return digits("tiny", tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run on a larger one."""
    return digits("edge", tmp_path_factory.mktemp("edge"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, where it is installed."""
    with chromium() as found:
        yield found
