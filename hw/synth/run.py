"""Synthesizes what lies in a folder: ``python -m hw.synth.run FOLDER``.

The folder has ``design.v``, ``request.json`` and, with a library, ``given.lib``; ``result.json``
and, without a library, the netlist ``gates.v`` are added. Steps are told on standard error, each
in a line ``@step NUMBER COUNT TEXT``. A user's mistake is written to ``mistake.txt``.
"""

import json
import os
import sys
from pathlib import Path

from golden.errors import UserError
from hw.synth.abc import time_by_abc
from hw.synth.area import take_inventory
from hw.synth.depth import longest_path
from hw.synth.fanout import buffer_nets
from hw.synth.liberty import Library, read_library
from hw.synth.netlist import Netlist, cell_count, flatten
from hw.synth.opensta import opensta_version, time_by_opensta
from hw.synth.options import Options
from hw.synth.paths import CriticalPath
from hw.synth.result import Synthesis
from hw.synth.steps import map_to_gates, map_to_library, prepare
from hw.synth.technology import Generic, LibraryCells, Technology
from hw.synth.yosys import Session, yosys_version

__all__ = ["MOST_CELLS", "synthesize_here"]

MOST_CELLS = 400_000
"""Beyond, a design is not flattened for timing."""

_STEPS = ("reading", "optimizing", "mapping", "timing")


def synthesize_here(top: str, library_name: str | None, options: Options) -> Synthesis:
    """Synthesize ``design.v`` of the current folder.

    Parameters
    ----------
    top : str
    library_name : str, optional
        Of the Liberty file ``given.lib``, for messages; without it gates are generic.
    options : Options
    """
    _tell(0)
    library = read_library(Path("given.lib").read_text(), library_name) if library_name else None
    _tell(1)
    session = Session()
    prepare(session, Path("design.v"), top, options)
    _tell(2)
    technology: Technology
    if library is None:
        technology = Generic()
        map_to_gates(session)
        session.run("write_verilog -noattr gates.v")
        modules = session.modules()
    else:
        technology = LibraryCells(library)
        map_to_library(session, library, options)
        modules = session.modules()
        buffer_nets(modules, top, library)
    _tell(3)
    small = cell_count(modules, top) <= MOST_CELLS
    netlist = flatten(modules, top, technology) if small else None
    tools = {"yosys": yosys_version()}
    critical = None
    if netlist is not None and library is not None:
        critical = _critical(netlist, library, tools)
    return Synthesis(
        top=top,
        library=library.name if library else None,
        inventory=take_inventory(modules, top, technology),
        longest=longest_path(netlist) if netlist else None,
        critical=critical,
        tools=tools,
    )


def _critical(netlist: Netlist, library: Library, tools: dict[str, str]) -> CriticalPath | None:
    """By OpenSTA if it is installed, else by ABC."""
    version = opensta_version()
    if version is None:
        return time_by_abc(netlist, library)
    tools["opensta"] = version
    return time_by_opensta(netlist, library, version)


def _tell(step: int) -> None:
    print(f"@step {step + 1} {len(_STEPS)} {_STEPS[step]}", file=sys.stderr, flush=True)


def main(folder: str) -> int:
    """Do it; 2 is a user's mistake."""
    os.chdir(folder)
    request = json.loads(Path("request.json").read_text())
    try:
        options = Options(**request["options"])
        synthesis = synthesize_here(request["top"], request["library_name"], options)
    except UserError as error:
        Path("mistake.txt").write_text(str(error))
        return 2
    Path("result.json").write_text(json.dumps(synthesis.to_json()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
