"""The page about Python has everything that is public."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import tilewright
import tilewright.report
from tests.docs.pages import ROOT
from tilewright import gym, plots
from tilewright.catalog import list_engines
from tilewright.plots import hover

PAGE = ROOT / "docs" / "reference" / "python.md"
LISTED = frozenset(re.findall(r"^::: (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def homes(module: ModuleType) -> Iterator[str]:
    """Where what a module offers is defined."""
    for name in module.__all__:
        offered = getattr(module, name)
        yield f"{offered.__module__}.{offered.__qualname__}"


def reports() -> Iterator[str]:
    """Functions that write a report; everything else in the folder is a part of theirs."""
    for found in pkgutil.iter_modules(tilewright.report.__path__, "tilewright.report."):
        for name in getattr(importlib.import_module(found.name), "__all__", ()):
            if name.endswith("_report"):
                yield f"{found.name}.{name}"


def engines() -> Iterator[str]:
    """Golden models and timings that are in this repository."""
    for engine in list_engines():
        if engine.modules.golden.startswith("golden.engines."):
            yield from (engine.modules.golden, engine.modules.sim)


PUBLIC = [*homes(tilewright), *homes(plots), *homes(hover), *homes(gym), *reports(), *engines()]


@pytest.mark.parametrize("home", PUBLIC)
def test_what_is_public_is_listed(home: str) -> None:
    whole = {home, home.rpartition(".")[0]}
    assert whole & LISTED, f"docs/reference/python.md lacks '::: {home}'"
