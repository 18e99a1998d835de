"""A netlist cut at its flip-flops, so that all paths begin and end at ports.

Each flip-flop takes its data from a port of its own, whose activity is that of its output; that
drives the logic behind it. What the flip-flop took before leaves by a port with the load of its
pin.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from hw.synth.functions import truth_table
from hw.synth.liberty import Library
from hw.synth.netlist import FALSE, TRUE, Gate, Netlist
from hw.synth.options import PORT_LOAD_FF, SynthesisError

__all__ = ["Cut", "cut_netlist"]

_NEXT_STATE = re.compile(r'next_state\s*:\s*"([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A netlist that is cut at its flip-flops.

    Parameters
    ----------
    verilog : str
    kinds : set of str
        Of cells in it.
    sources : mapping of str to int
        Ports that begin paths, and the net whose activity each has.
    loads : tuple of (str, float)
        Ports that end paths, and their loads in pF.
    """

    verilog: str
    kinds: set[str]
    sources: Mapping[str, int]
    loads: tuple[tuple[str, float], ...]


def cut_netlist(netlist: Netlist, library: Library) -> Cut:
    """Cut a netlist.

    Parameters
    ----------
    netlist : Netlist
    library : Library

    Raises
    ------
    SynthesisError
        If a flip-flop has no input that it takes.
    """
    logic = [gate for gate in netlist.logic if gate.kind in library.cells]
    state = [gate for gate in netlist.state if gate.kind in library.cells]
    driven = {net for gate in (*logic, *state) for net in gate.outputs.values()}
    read = {net for gate in logic for net in gate.inputs.values()}
    sources = {f"i{net}": net for net in sorted(read - driven - {FALSE, TRUE})}
    sources |= {
        f"q{number}": next(iter(gate.outputs.values())) for number, gate in enumerate(state)
    }
    loads = _loads(netlist, library, driven)
    names = {FALSE: "1'b0", TRUE: "1'b1"} | {net: f"n{net}" for net in driven}
    names |= {net: port for port, net in sources.items() if port[0] == "i"}
    names |= {net: f"o{net}" for net in loads}
    ports = ["clk", *sources, *(f"o{net}" for net in loads)]
    lines = [f"module power ({', '.join(ports)});", "  input clk;"]
    lines += [f"  input {port};" for port in sources]
    lines += [f"  output o{net};" for net in loads]
    lines += [f"  wire n{net};" for net in sorted(driven - loads.keys())]
    for number, gate in enumerate(logic):
        pins = (f".{pin}({names[net]})" for pin, net in {**gate.inputs, **gate.outputs}.items())
        lines.append(f"  {gate.kind} g{number} ({', '.join(pins)});")
    for number, gate in enumerate(state):
        wired = {pin: names[net] for pin, net in gate.outputs.items()}
        wired |= _fed(gate, library, f"q{number}")
        clock = library.cells[gate.kind].clock
        wired |= {} if clock is None else {clock: "clk"}
        pins = (f".{pin}({name})" for pin, name in wired.items())
        lines.append(f"  {gate.kind} f{number} ({', '.join(pins)});")
    return Cut(
        verilog="\n".join([*lines, "endmodule", ""]),
        kinds={gate.kind for gate in (*logic, *state)},
        sources=sources,
        loads=tuple((f"o{net}", load) for net, load in loads.items()),
    )


def _loads(netlist: Netlist, library: Library, driven: set[int]) -> dict[int, float]:
    """What flip-flops, memories and ports weigh on the nets that end there, pF."""
    loads: dict[int, float] = {}
    for gate in netlist.state:
        cell = library.cells.get(gate.kind)
        for pin, net in gate.inputs.items():
            if net in driven:
                load = PORT_LOAD_FF / 1000 if cell is None else cell.loads_pf[pin]
                loads[net] = loads.get(net, 0.0) + load
    for net in netlist.outputs.values():
        if net in driven:
            loads[net] = loads.get(net, 0.0) + PORT_LOAD_FF / 1000
    return loads


def _fed(gate: Gate, library: Library, port: str) -> dict[str, str]:
    """Inputs of a flip-flop, such that it takes what comes from a port.

    Raises
    ------
    SynthesisError
        If there is no such way.
    """
    found = _NEXT_STATE.search(library.texts[gate.kind])
    pins = [*gate.inputs]
    for data in pins if found else ():
        others = [pin for pin in pins if pin != data]
        for values in itertools.product((False, True), repeat=len(others)):
            fixed = dict(zip(others, values, strict=True))
            if _follows(found[1], data, fixed):  # type: ignore[index]  # found, or no pins
                return {data: port} | {pin: f"1'b{int(value)}" for pin, value in fixed.items()}
    raise SynthesisError(f"power is not known: {gate.kind} has no input that it takes")


def _follows(function: str, data: str, fixed: Mapping[str, bool]) -> bool:
    """Whether a next state is the data, or its inverse, where other pins are fixed."""
    states = sorted(set(re.findall(r"[A-Za-z_]\w*", function)) - {data} - fixed.keys())
    table = truth_table(function, [*fixed, *states, data])
    if table is None:
        return False
    begin = 0
    for value in fixed.values():
        begin = 2 * begin + value
    size = 2 << len(states)
    part = table[begin * size : (begin + 1) * size]
    low, high = set(part[::2]), set(part[1::2])
    return len(low) == len(high) == 1 and low != high
