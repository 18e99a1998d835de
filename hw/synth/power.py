"""Power by OpenSTA, from activities that were measured at flip-flops and ports.

OpenSTA takes activities of ports alone, so that the netlist is cut at its flip-flops.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from golden.errors import UserError
from hw.synth.activity import Activities, Activity
from hw.synth.cut import cut_netlist
from hw.synth.liberty import Library
from hw.synth.netlist import Netlist
from hw.synth.options import SynthesisError

__all__ = ["Power", "power_by_opensta"]

_MW_PER_W = 1000.0

_SCRIPT = """\
read_liberty power.lib
read_verilog power.v
link_design power
set_cmd_units -time ns -capacitance pF
create_clock -name clk -period {period} [get_ports clk]
set_input_transition 0.1 [all_inputs]
{lines}
report_power -digits 9
exit
"""

_ROW = re.compile(r"^(Sequential|Combinational|Total) +(\S+) +(\S+) +(\S+) +(\S+)", re.M)


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a design takes while its inputs and flip-flops change as they did in a trace.

    Parameters
    ----------
    total_mw, internal_mw, switching_mw, leakage_mw : float
        The first is the sum of the others.
    sequential_mw, combinational_mw : float
        The same by kind of cell; memories, wires and the clock's tree are not among it.
    clock_ns : float
        At this period.
    measured : float
        Part of the flip-flops and inputs that the trace has; the others change like their mean.
    tool : str
    """

    total_mw: float
    internal_mw: float
    switching_mw: float
    leakage_mw: float
    sequential_mw: float
    combinational_mw: float
    clock_ns: float
    measured: float
    tool: str


def power_by_opensta(
    netlist: Netlist, library: Library, activities: Activities, clock_ns: float, version: str
) -> Power:
    """Power of a netlist; works in the current folder.

    Parameters
    ----------
    netlist : Netlist
    library : Library
    activities : mapping of str to Activity
    clock_ns : float
    version : str
        Of OpenSTA.

    Raises
    ------
    UserError
        If the library lacks what power needs.
    SynthesisError
        If OpenSTA fails.
    """
    cut = cut_netlist(netlist, library)
    Path("power.v").write_text(cut.verilog)
    Path("power.lib").write_text(library.text_with_power(cut.kinds | {library.buffer.name}))
    names = netlist.starts()
    known = {
        port: activities[names[net]]
        for port, net in cut.sources.items()
        if names.get(net) in activities
    }
    mean = _mean([*known.values()])
    lines = [
        f"set_power_activity -input_ports {port} -activity {activity.changes:.6f}"
        f" -duty {activity.duty:.6f}"
        for port in cut.sources
        for activity in (known.get(port, mean),)
    ]
    lines += [f"set_load -pin_load {load:.6f} [get_ports {port}]" for port, load in cut.loads]
    Path("power.tcl").write_text(_SCRIPT.format(period=clock_ns, lines="\n".join(lines)))
    done = subprocess.run(
        ["sta", "-no_splash", "-exit", "power.tcl"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    rows = {
        row[1]: [float(word) * _MW_PER_W for word in row.groups()[1:]]
        for row in _ROW.finditer(done.stdout)
    }
    if "Total" not in rows or "Error" in done.stdout + done.stderr:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise SynthesisError(f"OpenSTA told no power:\n{tail}")
    internal, switching, leakage, total = rows["Total"]
    if not total:
        raise UserError(f"power is not known: {library.name} has no voltage to compute it with")
    return Power(
        total_mw=total,
        internal_mw=internal,
        switching_mw=switching,
        leakage_mw=leakage,
        sequential_mw=rows["Sequential"][-1],
        combinational_mw=rows["Combinational"][-1],
        clock_ns=clock_ns,
        measured=len(known) / max(1, len(cut.sources)),
        tool=f"opensta {version}",
    )


def _mean(found: Sequence[Activity]) -> Activity:
    if not found:
        return Activity(changes=0.0, duty=0.5)
    return Activity(
        changes=fmean(activity.changes for activity in found),
        duty=fmean(activity.duty for activity in found),
    )
