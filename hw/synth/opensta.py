"""Delay by OpenSTA, where it is installed (command ``sta``)."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from hw.synth.liberty import Library
from hw.synth.netlist import FALSE, TRUE, Gate, Netlist
from hw.synth.options import PORT_LOAD_FF, SynthesisError
from hw.synth.paths import CriticalPath

__all__ = ["opensta_version", "time_by_opensta", "write_verilog"]

_PERIOD_NS = 1000.0

_SCRIPT = """\
read_liberty netlist.lib
read_verilog netlist.v
link_design netlist
set_cmd_units -time ns -capacitance pF
create_clock -name clk -period {period} [get_ports clk]
{ports}
report_checks -path_delay max -digits 6
exit
"""

_INPUTS = """\
set_input_delay 0 -clock clk [get_ports i*]
set_driving_cell -lib_cell {buffer} [get_ports i*]
"""

_OUTPUTS = """\
set_output_delay 0 -clock clk [get_ports o*]
set_load -pin_load {load} [get_ports o*]
"""


def opensta_version() -> str | None:
    """Version of the OpenSTA that is installed, None if there is none."""
    program = shutil.which("sta")
    if program is None:
        return None
    shown = subprocess.run(
        [program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = re.search(r"\d+\.\d+[\w.]*", shown.stdout)
    return found[0] if shown.returncode == 0 and found else None


def write_verilog(netlist: Netlist, library: Library) -> str:
    """A netlist of cells alone, its nets and ports by number; memories are outside of it.

    Parameters
    ----------
    netlist : Netlist
    library : Library
    """
    cells = [gate for gate in (*netlist.logic, *netlist.state) if gate.kind in library.cells]
    driven = {net for gate in cells for net in gate.outputs.values()}
    read = {net for gate in cells for net in gate.inputs.values()}
    inputs = sorted(net for net in read - driven if net not in (FALSE, TRUE))
    outputs = sorted(_leaving(netlist, library) & driven)
    ports = ["clk", *(f"i{net}" for net in inputs), *(f"o{net}" for net in outputs)]
    lines = [f"module netlist ({', '.join(ports)});", "  input clk;"]
    lines += [f"  input i{net};" for net in inputs]
    lines += [f"  output o{net};" for net in outputs]
    names = {FALSE: "1'b0", TRUE: "1'b1"} | {net: f"i{net}" for net in inputs}
    names |= {net: f"o{net}" for net in outputs}
    lines += [f"  wire n{net};" for net in sorted(driven - set(outputs))]
    for number, gate in enumerate(cells):
        lines.append(f"  {gate.kind} g{number} ({', '.join(_pins(gate, names, library))});")
    return "\n".join([*lines, "endmodule", ""])


def time_by_opensta(netlist: Netlist, library: Library, version: str) -> CriticalPath | None:
    """The critical path, or None if there is none; works in the current folder.

    Parameters
    ----------
    netlist : Netlist
    library : Library
    version : str
        From `opensta_version`.

    Raises
    ------
    SynthesisError
        If OpenSTA fails.
    """
    text = write_verilog(netlist, library)
    Path("netlist.v").write_text(text)
    kinds = {gate.kind for gate in (*netlist.logic, *netlist.state)} & library.cells.keys()
    Path("netlist.lib").write_text(library.text(kinds | {library.buffer.name}))
    ports = _INPUTS.format(buffer=library.buffer.name) if "\n  input i" in text else ""
    ports += _OUTPUTS.format(load=PORT_LOAD_FF / 1000) if "\n  output o" in text else ""
    Path("sta.tcl").write_text(_SCRIPT.format(period=_PERIOD_NS, ports=ports))
    done = subprocess.run(
        ["sta", "-no_splash", "-exit", "sta.tcl"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if "No paths found" in done.stdout:
        return None
    slack = re.search(r"(-?[\d.]+) +slack", done.stdout)
    ends = [re.search(rf"^{kind}: (\w+)", done.stdout, re.M) for kind in ("Startpoint", "Endpoint")]
    if slack is None or None in ends:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise SynthesisError(f"OpenSTA told no path:\n{tail}")
    start, end = (_signal(match[1], netlist, library) for match in ends if match)
    return CriticalPath(
        delay_ns=_PERIOD_NS - float(slack[1]), start=start, end=end, tool=f"opensta {version}"
    )


def _leaving(netlist: Netlist, library: Library) -> set[int]:
    """Nets that go to ports and memories."""
    memories = (gate for gate in netlist.state if gate.kind not in library.cells)
    return {net for gate in memories for net in gate.inputs.values()} | set(
        netlist.outputs.values()
    )


def _pins(gate: Gate, names: dict[int, str], library: Library) -> Iterator[str]:
    for pin, net in {**gate.inputs, **gate.outputs}.items():
        yield f".{pin}({names.get(net, f'n{net}')})"
    clock = library.cells[gate.kind].clock
    if clock is not None:
        yield f".{clock}(clk)"


def _signal(name: str, netlist: Netlist, library: Library) -> str:
    """Signal of a port or a flip-flop in the netlist that was written."""
    number = int(name[1:])
    if name.startswith("g"):
        cells = [gate for gate in (*netlist.logic, *netlist.state) if gate.kind in library.cells]
        return cells[number].name
    return netlist.starts()[number] if name.startswith("i") else netlist.ends()[number]
