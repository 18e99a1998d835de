"""From components to Verilog.

A design of many equal parts is emitted with one module for each distinct part, so that reading,
building and synthesizing it costs what its distinct parts cost. Parents place such parts with
`place`: in simulation that is the component itself, in emission an instance of a module that is
emitted once.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from amaranth.back import rtlil, verilog  # type: ignore[attr-defined]  # no stubs for rtlil
from amaranth.hdl import ClockSignal, Instance, ResetInserter, ResetSignal, Signal
from amaranth.lib import wiring

__all__ = ["Emission", "emit_verilog", "place"]

C = TypeVar("C", bound=wiring.Component)

_MODULE = re.compile(
    r"^(?:\(\*.*\*\)\n)*module \\?(?P<name>[^\s(]+).*?^endmodule\n", re.MULTILINE | re.DOTALL
)
"""In Verilog."""


def place(platform: object, cls: type[C], *args: Hashable, reset: Signal | None = None) -> C:
    """A part ``cls(*args)`` for the design that is elaborated on ``platform``.

    Parameters
    ----------
    platform : object
        As given to ``elaborate``.
    cls : type
        Component that depends on nothing but its arguments, clocked by the ``sync`` domain.
    *args : hashable
        Its arguments.
    reset : Signal, optional
        Resets the part while it is 1, beside the reset of the domain.
    """
    if isinstance(platform, Emission):
        # The stand-in has the ports of ``cls``, which is all that a parent may use.
        return cast(C, platform.instance(cls, args, reset))
    part = cls(*args)
    return part if reset is None else cast(C, ResetInserter(reset)(part))


class Emission:
    """Platform that collects placed parts during one emission.

    Attributes
    ----------
    parts : list of str
        RTLIL of the parts, in the order in which they were first placed.
    modules : list of str
        Modules that are written in Verilog.
    """

    def __init__(self) -> None:
        self._parts: dict[Hashable, _Part] = {}
        self.parts: list[str] = []
        self.modules: list[str] = []

    def add(self, module: str) -> None:
        """Take up a module that is written in Verilog, once."""
        if module not in self.modules:
            self.modules.append(module)

    def instance(
        self, cls: type[wiring.Component], args: tuple[Hashable, ...], reset: Signal | None = None
    ) -> wiring.Component:
        """Stand-in for ``cls(*args)``, which is emitted once however often it is placed."""
        if (cls, args) not in self._parts:
            component = cls(*args)
            stem = _snake_case(f"{cls.__module__.rpartition('.')[2]}_{cls.__name__}")
            variants = sum(part.name.startswith(f"{stem}_v") for part in self._parts.values())
            part = _Part(f"{stem}_v{variants}", component.signature)
            self._parts[cls, args] = part
            # The parts inside are placed while this one is converted, and come after it.
            index = len(self.parts)
            self.parts.append("")
            self.parts[index] = text = _convert(component, part.name, self)
            part.clocked = _has_port(text, "clk")
        return _Placed(self._parts[cls, args], reset)


@dataclass
class _Part:
    """A module that is emitted apart."""

    name: str
    signature: wiring.Signature
    clocked: bool = False


class _Placed(wiring.Component):
    """Instance of a part."""

    def __init__(self, part: _Part, reset: Signal | None) -> None:
        super().__init__(part.signature)
        self._part = part
        self._reset = reset

    def elaborate(self, platform: object) -> Instance:
        ports: dict[str, Any] = {}
        if self._part.clocked:
            reset = ResetSignal() if self._reset is None else ResetSignal() | self._reset
            ports = {"i_clk": ClockSignal(), "i_rst": reset}
        for path, member, value in self.signature.flatten(self):
            direction = "i" if member.flow == wiring.In else "o"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = value
        return Instance(self._part.name, **ports)


def emit_verilog(component: wiring.Component, name: str) -> str:
    """Verilog of ``component`` as module ``name``, with the modules of its placed parts.

    The same component gives the same text.
    """
    emission = Emission()
    top = _convert(component, name, emission)
    return "\n".join([_to_verilog("\n".join([top, *emission.parts])), *emission.modules])


def _convert(component: wiring.Component, name: str, emission: Emission) -> str:
    """RTLIL of a component, its module first."""
    return str(rtlil.convert(component, name=name, platform=emission, emit_src=False))


def _to_verilog(modules: str) -> str:
    """Verilog of modules in RTLIL, in their order.

    Yosys takes longer to start than to convert most modules. So it does all of them at once,
    which ``verilog.convert`` has no way to ask for.
    """
    convert = verilog._convert_rtlil_text  # type: ignore[attr-defined]  # no stub
    text: str = convert(modules, strip_internal_attrs=True)
    order = re.findall(r"^module \\(\S+)", modules, re.MULTILINE)
    # Yosys orders modules by name.
    found = {match["name"]: match[0] for match in _MODULE.finditer(text)}
    return "\n".join([text.partition("\n")[0], "", *(found[name] for name in order)])


def _has_port(rtlil_text: str, port: str) -> bool:
    """Whether the first module has the port: a part without state has no clock."""
    module = rtlil_text.partition("\nend\n")[0]
    return re.search(rf"^  wire .*\\{port}$", module, re.MULTILINE) is not None


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
