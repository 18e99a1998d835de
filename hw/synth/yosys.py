"""Yosys in this process, from the package ``pyosys``.

A mistake in a script, or one of Yosys's own, ends the process: only a child process imports this.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pyosys import libyosys

__all__ = ["Session", "yosys_version"]


def yosys_version() -> str:
    """Version of Yosys, as it calls itself."""
    return str(libyosys.yosys_maybe_version()).removeprefix("Yosys ").partition(" (")[0]


class Session:
    """A design in Yosys; files are those of the current folder."""

    def __init__(self) -> None:
        self._design = libyosys.Design()
        self._parent = os.getppid()

    def run(self, *commands: str) -> None:
        """Run commands; end where nobody waits for the result any more."""
        for command in commands:
            if os.getppid() != self._parent:
                sys.exit(1)
            libyosys.run_pass(command, self._design)

    def modules(self) -> dict[str, Any]:
        """All modules as Yosys's JSON has them: ports, cells, names of nets by number of bit."""
        file = Path("modules.json")
        self.run(f"write_json {file}")
        found: dict[str, Any] = json.loads(file.read_text())["modules"]
        file.unlink()
        return found

    def clone(self, module: str, name: str) -> None:
        """Add a copy of a module."""
        copy = self._design.module(_id(module)).clone()
        copy.name = _id(name)
        self._design.add(copy)

    def retype(self, module: str, cell: str, kind: str) -> None:
        """Make a cell of a module an instance of another module."""
        self._design.module(_id(module)).cell(_id(cell)).type = _id(kind)


def _id(name: str) -> Any:
    """Yosys's form of a name from its JSON."""
    return libyosys.IdString(name if name.startswith(("$", "\\")) else f"\\{name}")
