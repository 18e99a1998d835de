"""Delay by ABC's static timing.

ABC knows logic alone. Time from a flip-flop's clock to its output, and setup, are looked up in the
library and added: the former for the load of the path's first net, setup for the slope at its end.
"""

import importlib.util
import re
import subprocess
from pathlib import Path

from hw.synth.liberty import Cell, Library
from hw.synth.netlist import FALSE, TRUE, Netlist
from hw.synth.options import SynthesisError
from hw.synth.paths import CriticalPath

__all__ = ["abc_program", "maps_for_speed", "time_by_abc", "write_blif"]

_FEW_CELLS = 12

_DELAY = re.compile(r"Delay = *([\d.]+) ps")
_ENDS = re.compile(r"Start-point = pi(\d+).*End-point = po(\d+)")
_STEP = re.compile(r"^Path +\d+ --.* Df = *([\d.]+).* S = *([\d.]+) ps.* Cout = *([\d.]+) ff", re.M)


def abc_program() -> Path:
    """The ABC that comes with Yosys."""
    spec = importlib.util.find_spec("pyosys")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("yosys-abc")


def maps_for_speed(library: Library) -> bool:
    """Whether ABC's ``map`` takes this library: it fails an assertion on some.

    Works in the current folder.
    """
    Path("trial.lib").write_text(library.text())
    done = subprocess.run(
        [abc_program(), "-c", "read_lib -w trial.lib; read_truth 8; strash; map; print_stats"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode == 0 and "area" in done.stdout


def write_blif(netlist: Netlist) -> tuple[str, list[int], list[int]]:
    """The logic of a netlist in BLIF, with the nets of its inputs and outputs in order."""
    driven = {net for gate in netlist.logic for net in gate.outputs.values()}
    read = {net for gate in netlist.logic for net in gate.inputs.values()}
    starts = sorted((netlist.starts().keys() | {FALSE, TRUE}) & read | (read - driven))
    ends = sorted(netlist.ends().keys() & driven)
    lines = [".model logic", _nets(".inputs", starts), _nets(".outputs", ends)]
    for gate in netlist.logic:
        pins = {**gate.inputs, **gate.outputs}
        lines.append(f".gate {gate.kind} {' '.join(f'{pin}=n{net}' for pin, net in pins.items())}")
    return "\n".join([*lines, ".end", ""]), starts, ends


def time_by_abc(netlist: Netlist, library: Library) -> CriticalPath | None:
    """The critical path, or None if there is no logic; works in the current folder.

    Raises
    ------
    SynthesisError
        If ABC fails.
    """
    text, starts, ends = write_blif(netlist)
    if not ends:
        return None
    Path("logic.blif").write_text(text)
    kinds = {gate.kind for gate in netlist.logic} | _small_cells(library)
    Path("logic.lib").write_text(library.text(kinds | {library.buffer.name}))
    Path("driver").write_text(f"set_driving_cell {library.buffer.name}\n")
    script = "read_lib -w logic.lib; read_constr driver; read_blif logic.blif; topo; stime -p"
    done = subprocess.run(
        [abc_program(), "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    delay, at_ends, steps = (
        _DELAY.search(done.stdout),
        _ENDS.search(done.stdout),
        _STEP.findall(done.stdout),
    )
    if not (delay and at_ends and steps):
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise SynthesisError(f"ABC told no delay:\n{tail}")
    first, last = starts[int(at_ends[1])], ends[int(at_ends[2])]
    drivers = {net: gate.kind for gate in netlist.state for net in gate.outputs.values()}
    takers = {net: gate.kind for gate in netlist.state for net in gate.inputs.values()}
    driver_ps, _, load_ff = map(float, steps[0])
    total = (float(delay[1]) - driver_ps) / 1000
    total += _clock_to_output(library.cells.get(drivers.get(first, "")), load_ff / 1000)
    total += _setup(library.cells.get(takers.get(last, "")), float(steps[-1][1]) / 1000)
    return CriticalPath(
        delay_ns=total,
        start=netlist.starts().get(first, "a constant"),
        end=netlist.ends()[last],
        tool="abc",
    )


def _small_cells(library: Library) -> set[str]:
    """Some cells: ABC refuses a library of very few."""
    logic = [cell for cell in library.cells.values() if cell.usable and not cell.sequential]
    return {cell.name for cell in sorted(logic, key=lambda cell: cell.area_um2)[:_FEW_CELLS]}


def _nets(what: str, nets: list[int]) -> str:
    return " ".join([what, *(f"n{net}" for net in nets)])


def _clock_to_output(cell: Cell | None, load_pf: float) -> float:
    """Ns after an edge of the clock without slope; 0 for what is no flip-flop."""
    tables = cell.clock_to_output if cell else ()
    return max((table.at(0, load_pf) for table in tables), default=0.0)


def _setup(cell: Cell | None, transition_ns: float) -> float:
    tables = cell.setup if cell else ()
    return max((table.at(0, transition_ns) for table in tables), default=0.0)
