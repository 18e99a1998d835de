"""Buffers for nets with many loads.

ABC sees the logic of one module at a time, and parts nets that have many loads there. It does not
see that a net goes to many flip-flops or into other modules: these trees are added afterwards.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hw.synth.liberty import Library
from hw.synth.order import bottom_up

__all__ = ["MOST_LOADS", "buffer_nets"]

MOST_LOADS = 10
"""Pins that one cell drives, as ABC's ``buffer`` has it."""

_Sink = tuple[list[Any], int, int]
"""Bits of a connection, index of the one, and its loads."""


def buffer_nets(modules: Mapping[str, Any], top: str, library: Library) -> int:
    """Add trees of buffers where a net has too many loads, those inside placed modules counted.

    Nets of clocks are left alone: clock trees are not part of synthesis.

    Parameters
    ----------
    modules : mapping
        As `hw.synth.yosys.Session.modules` returns them, mapped to the library; changed in place.
    top : str
    library : Library

    Returns
    -------
    int
        Buffers added, one instance of each module counted.
    """
    loads: dict[str, dict[int | str, int]] = {}
    added = 0
    for name in bottom_up(modules, top):
        sinks = _sinks(modules[name], modules, loads, library)
        added += sum(_buffer(modules[name], bit, sinks[bit], library) for bit in sorted(sinks))
        sinks = _sinks(modules[name], modules, loads, library)
        loads[name] = {bit: sum(sink[2] for sink in found) for bit, found in sinks.items()}
    return added


def _sinks(
    module: Mapping[str, Any],
    modules: Mapping[str, Any],
    loads: Mapping[str, Mapping[int | str, int]],
    library: Library,
) -> dict[int, list[_Sink]]:
    """Where each net of a module goes, the more so in placed modules."""
    found: dict[int, list[_Sink]] = {}
    for cell in module["cells"].values():
        kind = cell["type"]
        for port, bits in cell["connections"].items():
            weights = _weights(kind, port, len(bits), modules, loads, library)
            for index, weight in enumerate(weights):
                if weight and isinstance(bits[index], int):
                    found.setdefault(bits[index], []).append((bits, index, weight))
    return found


def _weights(
    kind: str,
    port: str,
    width: int,
    modules: Mapping[str, Any],
    loads: Mapping[str, Mapping[int | str, int]],
    library: Library,
) -> Iterable[int]:
    """Loads of each bit of a connection: none of outputs and clocks."""
    if kind in modules:
        inner = modules[kind]["ports"][port]
        if inner["direction"] == "output":
            return [0] * width
        return [loads[kind].get(bit, 0) for bit in inner["bits"]]
    if kind not in library.cells:
        return [0] * width
    cell = library.cells[kind]
    return [int(port in cell.inputs and port != cell.clock)] * width


def _buffer(module: dict[str, Any], bit: int, sinks: list[_Sink], library: Library) -> int:
    """Part a net by a tree of buffers, if it has too many loads; the buffers added."""
    added = 0
    while sum(sink[2] for sink in sinks) > MOST_LOADS and len(sinks) > 1:
        above: list[_Sink] = []
        for group in _groups(sinks):
            bits = [bit]
            number = _new_bit(module)
            for target, index, _ in group:
                target[index] = number
            module["cells"][f"$fanout${number}"] = _cell(library, bits, number)
            above.append((bits, 0, 1))
            added += 1
        sinks = above
    return added


def _groups(sinks: list[_Sink]) -> list[list[_Sink]]:
    """Sinks in groups of few loads, in order."""
    groups: list[list[_Sink]] = []
    filled = MOST_LOADS
    for sink in sinks:
        if filled + sink[2] > MOST_LOADS:
            groups.append([])
            filled = 0
        groups[-1].append(sink)
        filled += sink[2]
    return groups


def _new_bit(module: dict[str, Any]) -> int:
    """A number that no net of the module has."""
    if "next_bit" not in module:
        numbers = [
            bit
            for owner in (*module["ports"].values(), *module["netnames"].values())
            for bit in owner["bits"]
        ]
        numbers += [
            bit
            for cell in module["cells"].values()
            for bits in cell["connections"].values()
            for bit in bits
        ]
        module["next_bit"] = max((bit for bit in numbers if isinstance(bit, int)), default=1) + 1
    module["next_bit"] += 1
    return int(module["next_bit"]) - 1


def _cell(library: Library, bits: list[Any], number: int) -> dict[str, Any]:
    (output,) = library.buffer.functions
    (entry,) = library.buffer.inputs
    return {
        "hide_name": 1,
        "type": library.buffer.name,
        "parameters": {},
        "attributes": {},
        "port_directions": {entry: "input", output: "output"},
        "connections": {entry: bits, output: [number]},
    }
