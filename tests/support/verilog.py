"""Looking at emitted Verilog."""

import os
import re
import subprocess
from pathlib import Path

from hw.bench.simulators import Simulator

__all__ = ["lint", "modules", "repeated_modules"]

WAIVED = {
    "UNUSEDSIGNAL": "the writer names every intermediate result, used or not",
    "PROCASSINIT": "a register has an initial value as well as a reset",
    "WIDTHEXPAND": "the writer leaves extension of operands to the rules of Verilog",
    "DECLFILENAME": "one file holds all modules of a design",
}
"""Verilator's warnings that come from how the Verilog writer writes, not from the design."""

_MODULE = re.compile(r"^module (\\\S+ |\w+)\(.*?^endmodule", re.MULTILINE | re.DOTALL)
_COUNTER = re.compile(r"(?<=dump_module\$)\d+")
_COMPLAINT = re.compile(r"^%|: (warning|error): ")


def modules(verilog: str) -> dict[str, str]:
    """Text of every module by its name.

    Raises
    ------
    ValueError
        If two have the same name.
    """
    found: dict[str, str] = {}
    for match in _MODULE.finditer(verilog):
        name = match[1].strip()
        if name in found:
            raise ValueError(f"two modules are called {name}")
        found[name] = match[0]
    return found


def repeated_modules(verilog: str) -> list[list[str]]:
    """Names of modules that are equal but for the writer's counters and order of ports."""
    names: dict[str, list[str]] = {}
    for name, text in modules(verilog).items():
        body = _COUNTER.sub("", text.partition(";")[2])
        names.setdefault(body, []).append(name)
    return [equal for equal in names.values() if len(equal) > 1]


def lint(simulator: Simulator, verilog: Path) -> list[str]:
    """Warnings and errors of a simulator about a file whose top module has the file's name."""
    top = verilog.stem
    if simulator.name == "verilator":
        waivers = [f"-Wno-{name}" for name in WAIVED]
        command = ["verilator", "--lint-only", "-Wall", *waivers, "--top-module", top]
    else:
        command = ["iverilog", "-Wall", "-t", "null", "-s", top]
    done = subprocess.run(
        [*command, str(verilog)],
        env={**os.environ, **simulator.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).splitlines()
    found = [line.replace(str(verilog), top) for line in said if _COMPLAINT.search(line)]
    return found or (said if done.returncode else [])
