"""A flat netlist, cut at flip-flops, for timing."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
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


class _Flattener:
    """Numbers nets and joins those that are one."""

    def __init__(self, modules: Mapping[str, Any], technology: Technology) -> None:
        self._modules = modules
        self._technology = technology
        self._joined = [FALSE, TRUE]
        self._names = {name: _net_names(modules[name]) for name in modules}
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
        for cell_name, cell in self._modules[name]["cells"].items():
            kind = cell["type"]
            if kind in self._modules:
                inner: dict[int, int] = {}
                for port, bits in cell["connections"].items():
                    for bit, outer in zip(
                        self._modules[kind]["ports"][port]["bits"], bits, strict=True
                    ):
                        net = self.bound(binding, outer)
                        if isinstance(bit, str) or bit in inner:
                            self._join(self.bound(inner, bit), net)
                        else:
                            inner[bit] = net
                self.place(kind, f"{path}{cell_name}.", inner)
            else:
                self._add(name, path, binding, cell)

    def _add(
        self, module: str, path: str, binding: dict[int, int], cell: Mapping[str, Any]
    ) -> None:
        kind = cell["type"]
        inputs: dict[str, int] = {}
        outputs: dict[str, int] = {}
        label = kind
        for pin, bits in cell["connections"].items():
            nets = [self.bound(binding, bit) for bit in bits]
            if self._technology.is_clock(kind, pin):
                self.clocks += nets
                continue
            driven = self._technology.drives(cell, pin)
            if driven and bits:
                label = self._names[module].get(bits[0], kind)
            names = [pin] if len(nets) == 1 else [f"{pin}[{index}]" for index in range(len(nets))]
            (outputs if driven else inputs).update(zip(names, nets, strict=True))
        self.gates.append(Gate(sys.intern(kind), f"{path}{label}", inputs, outputs))


def _net_names(module: Mapping[str, Any]) -> dict[int, str]:
    """A name that a reader knows for each net that has one, the shortest."""
    found: dict[int, str] = {}
    shown = [(name, net) for name, net in module["netnames"].items() if not net["hide_name"]]
    for name, net in sorted(shown, key=lambda item: (-len(item[0]), item[0])):
        for index, bit in enumerate(net["bits"]):
            found[bit] = f"{name}[{index}]" if len(net["bits"]) > 1 else name
    return found
