"""Engines are found, and names that are close are suggested."""

import importlib.util
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from golden.discovery import ENTRY_POINTS, close_names, find_modules
from golden.errors import UserError


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """Entry points of installed packages, to be filled in."""
    entries: list[EntryPoint] = []

    def entry_points(*, group: str) -> EntryPoints:
        assert group == ENTRY_POINTS == "tilewright.engines"
        return EntryPoints(entries)

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    find_modules.cache_clear()
    yield entries
    find_modules.cache_clear()


def test_engines_of_the_folder_are_found_with_their_parts(installed: list[EntryPoint]) -> None:
    found = find_modules()
    assert "systolic" in found
    for name, modules in found.items():
        assert modules.name == name
        for part in (modules.golden, modules.hw, modules.sim):
            assert importlib.util.find_spec(part) is not None, part


def test_engines_of_other_packages_join(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("mac", "some.package", ENTRY_POINTS))
    modules = find_modules()["mac"]
    assert (modules.golden, modules.hw, modules.sim) == (
        "some.package.golden",
        "some.package.hw",
        "some.package.sim",
    )
    assert list(find_modules()) == sorted(find_modules())


@pytest.mark.parametrize("name", ["systolic", "mac"])
def test_two_engines_of_one_name_are_refused(name: str, installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("mac", "first", ENTRY_POINTS))
    installed.append(EntryPoint(name, "second", ENTRY_POINTS))
    with pytest.raises(UserError, match=f"two engines are called '{name}': uninstall .* second"):
        find_modules()


@pytest.mark.parametrize(
    ("name", "names", "said"),
    [
        ("systolik", ["systolic", "lut"], " (did you mean systolic?): there are systolic, lut"),
        ("zebra", ["systolic", "lut"], ": there are systolic, lut"),
        ("zebra", [], ": there are none"),
    ],
)
def test_close_names_are_suggested(name: str, names: list[str], said: str) -> None:
    assert close_names(name, names) == said


def test_of_many_names_the_closest_are_listed() -> None:
    names = [f"engine{number}" for number in range(40)]
    end = close_names("engine7x", names)
    assert end.startswith(" (did you mean engine7?): there are engine7, ")
    assert end.endswith(" and 24 others")
