"""A flat netlist, cut at flip-flops, for timing."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hw.synth.gates import is_memory
from hw.synth.order import instances
from hw.synth.technology import Technology

__all__ = ["FALSE", "TRUE", "Gate", "Netlist", "cell_count", "flatten"]

FALSE, TRUE = 0, 1
"""Nets of the constants."""


@dataclass(frozen=True)
class Gate:
    """A cell and its nets.

    Parameters
    ----------
    kind : str
    name : str
        With the modules that it lies in.
    inputs, outputs : mapping of str to int
        Net of each pin.
    """

    kind: str
    name: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A design without modules.

    Parameters
    ----------
    top : str
    logic : tuple of Gate
        Cells without state.
    state : tuple of Gate
        Flip-flops, without their clocks, and memories.
    inputs, outputs : mapping of str to int
        Nets of ports, without clocks.
    """

    top: str
    logic: tuple[Gate, ...]
    state: tuple[Gate, ...]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]

    def starts(self) -> dict[int, str]:
        """Nets at which paths begin, with a name of their source."""
        found = {net: name for name, net in self.inputs.items()}
        found |= {net: gate.name for gate in self.state for net in gate.outputs.values()}
        return found

    def ends(self) -> dict[int, str]:
        """Nets at which paths end, with the name of one end."""
        found = {net: gate.name for gate in self.state for net in gate.inputs.values()}
        return found | {net: name for name, net in self.outputs.items()}


def cell_count(modules: Mapping[str, Any], top: str) -> int:
    """Cells of the flat netlist."""
    return sum(
        number * sum(cell["type"] not in modules for cell in modules[name]["cells"].values())
        for name, number in instances(modules, top).items()
    )


def flatten(modules: Mapping[str, Any], top: str, technology: Technology) -> Netlist:
    """Dissolve all modules.

    Parameters
    ----------
    modules : mapping
        As `hw.synth.yosys.Session.modules` returns them.
    top : str
    technology : Technology
    """
    flat = _Flattener(modules, technology)
    binding = {bit: flat.new_net() for bit in _bits(modules[top]["ports"])}
    flat.place(top, "", binding)
    clocks = {flat.root(net) for net in flat.clocks}
    ports: dict[str, dict[str, int]] = {"input": {}, "output": {}}
    for name, port in modules[top]["ports"].items():
        for index, bit in enumerate(port["bits"]):
            net = flat.root(flat.bound(binding, bit))
            label = f"{name}[{index}]" if len(port["bits"]) > 1 else name
            if net not in clocks:
                ports[port["direction"]][label] = net
    gates = [
        Gate(
            gate.kind,
            gate.name,
            {pin: flat.root(net) for pin, net in gate.inputs.items()},
            {pin: flat.root(net) for pin, net in gate.outputs.items()},
        )
        for gate in flat.gates
    ]
    state = {kind for kind in {gate.kind for gate in gates} if _has_state(kind, technology)}
    return Netlist(
        top=top,
        logic=tuple(gate for gate in gates if gate.kind not in state),
        state=tuple(gate for gate in gates if gate.kind in state),
        inputs=ports["input"],
        outputs=ports["output"],
    )


def _has_state(kind: str, technology: Technology) -> bool:
    return technology.is_sequential(kind) or is_memory(kind)


def _bits(ports: Mapping[str, Any]) -> list[int]:
    return [bit for port in ports.values() for bit in port["bits"] if isinstance(bit, int)]


class _Role(Enum):
    READ, DRIVEN, CLOCK = range(3)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of a module, as all instances of the module have it.

    Parameters
    ----------
    kind, label : str
        Label: the signal that it drives, or else its kind.
    pins : tuple of (str, int or str, _Role)
        Names and bits, in the order of the module.
    """

    kind: str
    label: str
    pins: tuple[tuple[str, int | str, _Role], ...]


class _Flattener:
    """Numbers nets and joins those that are one."""

    def __init__(self, modules: Mapping[str, Any], technology: Technology) -> None:
        self._modules = modules
        self._technology = technology
        self._joined = [FALSE, TRUE]
        self._cells: dict[str, list[tuple[str, _Cell | None]]] = {}
        self.gates: list[Gate] = []
        self.clocks: list[int] = []

    def new_net(self) -> int:
        """A number for a net."""
        self._joined.append(len(self._joined))
        return len(self._joined) - 1

    def root(self, net: int) -> int:
        """The number that all joined nets have."""
        while self._joined[net] != net:
            self._joined[net] = self._joined[self._joined[net]]
            net = self._joined[net]
        return net

    def _join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._joined[high] = low

    def bound(self, binding: dict[int, int], bit: int | str) -> int:
        """Net of a module's bit; what is undefined counts as 0."""
        if isinstance(bit, str):
            return TRUE if bit == "1" else FALSE
        if bit not in binding:
            binding[bit] = self.new_net()
        return binding[bit]

    def place(self, name: str, path: str, binding: dict[int, int]) -> None:
        """Add the cells of a module, some nets of which are given."""
        if name not in self._cells:
            self._cells[name] = self._read(self._modules[name])
        for part, cell in self._cells[name]:
            if cell is None:
                self._place_inner(f"{path}{part}.", self._modules[name]["cells"][part], binding)
                continue
            nets: dict[_Role, dict[str, int]] = {role: {} for role in _Role}
            for pin, bit, role in cell.pins:
                nets[role][pin] = self.bound(binding, bit)
            self.clocks += nets[_Role.CLOCK].values()
            self.gates.append(
                Gate(cell.kind, f"{path}{cell.label}", nets[_Role.READ], nets[_Role.DRIVEN])
            )

    def _place_inner(self, path: str, cell: Mapping[str, Any], binding: dict[int, int]) -> None:
        """Add the cells of an instance of a module."""
        inner: dict[int, int] = {}
        ports = self._modules[cell["type"]]["ports"]
        for port, bits in cell["connections"].items():
            for bit, outer in zip(ports[port]["bits"], bits, strict=True):
                net = self.bound(binding, outer)
                if isinstance(bit, str) or bit in inner:
                    self._join(self.bound(inner, bit), net)
                else:
                    inner[bit] = net
        self.place(cell["type"], path, inner)

    def _read(self, module: Mapping[str, Any]) -> list[tuple[str, _Cell | None]]:
        """Cells of a module by name; None for instances of modules."""
        names = _net_names(module)
        return [
            (name, None if cell["type"] in self._modules else self._read_cell(cell, names))
            for name, cell in module["cells"].items()
        ]

    def _read_cell(self, cell: Mapping[str, Any], names: Mapping[int, str]) -> _Cell:
        kind = cell["type"]
        label, pins = kind, []
        for pin, bits in cell["connections"].items():
            role = _Role.READ
            if self._technology.is_clock(kind, pin):
                role = _Role.CLOCK
            elif self._technology.drives(cell, pin):
                role = _Role.DRIVEN
                label = names.get(bits[0], kind) if bits else label
            pins += [
                (pin if len(bits) == 1 else f"{pin}[{index}]", bit, role)
                for index, bit in enumerate(bits)
            ]
        return _Cell(sys.intern(kind), label, tuple(pins))


def _net_names(module: Mapping[str, Any]) -> dict[int, str]:
    """A name that a reader knows for each net that has one, the shortest."""
    found: dict[int, str] = {}
    shown = [(name, net) for name, net in module["netnames"].items() if not net["hide_name"]]
    for name, net in sorted(shown, key=lambda item: (-len(item[0]), item[0])):
        for index, bit in enumerate(net["bits"]):
            found[bit] = f"{name}[{index}]" if len(net["bits"]) > 1 else name
    return found
