"""Synthesizes what lies in a folder: ``python -m hw.synth.run FOLDER``.

The folder has ``design.v``, ``request.json`` and, with a library, ``given.lib`` and, to tell the
power, ``activities.json``; ``result.json`` and, without a library, the netlist ``gates.v`` are
added. Steps are told on standard error, each
in a line ``@step NUMBER COUNT TEXT``. A user's mistake is written to ``mistake.txt``.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.errors import UserError
from hw.synth.abc import maps_for_speed, time_by_abc
from hw.synth.activity import Activity
from hw.synth.area import Inventory, take_inventory
from hw.synth.depth import longest_path
from hw.synth.fanout import buffer_nets
from hw.synth.liberty import Library, read_library
from hw.synth.netlist import Netlist, cell_count, flatten
from hw.synth.opensta import opensta_version, time_by_opensta
from hw.synth.options import Goal, Options
from hw.synth.paths import CriticalPath
from hw.synth.power import Power, power_by_opensta
from hw.synth.result import Synthesis
from hw.synth.steps import map_to_gates, map_to_library, prepare
from hw.synth.technology import Generic, LibraryCells, Technology
from hw.synth.yosys import Session, yosys_version

__all__ = ["MOST_CELLS", "MOST_GATES", "synthesize_here"]

MOST_CELLS = 400_000
"""Beyond, a design of a library's cells is not flattened for timing."""

MOST_GATES = 1_200_000
"""Beyond, one of gates is not flattened to count those of its longest path."""

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
    tools = {"yosys": yosys_version()}
    if library is None:
        map_to_gates(session)
        session.run("write_verilog -noattr gates.v")
        best = _candidate(session.modules(), top, Generic())
    else:
        version = opensta_version()
        tools |= {} if version is None else {"opensta": version}
        session.run("design -save prepared")
        # Which goal serves a clock better is not known before.
        both = options.clock_ns is not None and maps_for_speed(library)
        goals = tuple(Goal) if both else (Goal.AREA,)
        found = []
        for goal in goals:
            session.run("design -load prepared")
            map_to_library(session, library, options, goal)
            modules = session.modules()
            buffer_nets(modules, top, library)
            _tell(3)
            found.append(_candidate(modules, top, LibraryCells(library), version))
        best = min(found, key=lambda candidate: _rank(candidate, options.clock_ns))
    _tell(3)
    power = None if library is None else _power(best, library, options.clock_ns)
    return Synthesis(
        top=top,
        library=library.name if library else None,
        inventory=best.inventory,
        longest=longest_path(best.netlist) if best.netlist else None,
        critical=best.critical,
        power=power,
        tools=tools,
    )


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """A mapped design."""

    inventory: Inventory
    netlist: Netlist | None
    critical: CriticalPath | None


def _candidate(
    modules: Mapping[str, Any], top: str, technology: Technology, opensta: str | None = None
) -> _Candidate:
    """Count and time a mapped design: by OpenSTA if it is installed, else by ABC."""
    most = MOST_CELLS if isinstance(technology, LibraryCells) else MOST_GATES
    small = cell_count(modules, top) <= most
    netlist = flatten(modules, top, technology) if small else None
    critical = None
    if netlist is not None and isinstance(technology, LibraryCells):
        if opensta is None:
            critical = time_by_abc(netlist, technology.library)
        else:
            critical = time_by_opensta(netlist, technology.library, opensta)
    return _Candidate(
        inventory=take_inventory(modules, top, technology), netlist=netlist, critical=critical
    )


def _power(best: _Candidate, library: Library, clock_ns: float | None) -> Power | None:
    """At the clock that was asked for, or else at the shortest."""
    given, version = Path("activities.json"), opensta_version()
    if not given.exists() or version is None or best.netlist is None or best.critical is None:
        return None
    plain = json.loads(given.read_text())
    activities = {name: Activity(*values) for name, values in plain.items()}
    period = clock_ns or best.critical.delay_ns
    return power_by_opensta(best.netlist, library, activities, period, version)


def _rank(candidate: _Candidate, clock_ns: float | None) -> tuple[bool, float]:
    """The smallest that meets the clock comes first, else the fastest."""
    area = candidate.inventory.total.nand2_equivalents
    if clock_ns is None or candidate.critical is None:
        return False, area
    missed = candidate.critical.delay_ns > clock_ns
    return missed, candidate.critical.delay_ns if missed else area


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
