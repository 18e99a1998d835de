"""From components to Verilog.

A design of many equal parts is emitted with one module for each distinct part, so that reading,
building and synthesizing it costs what its distinct parts cost. Parents place such parts with
`place`: in simulation that is the component itself, in emission an instance of a module that is
emitted once.
"""

import re
from collections.abc import Hashable
from typing import Any, TypeVar, cast

from amaranth.back import verilog
from amaranth.hdl import ClockSignal, Instance, ResetSignal
from amaranth.lib import wiring

__all__ = ["Emission", "emit_verilog", "place"]

C = TypeVar("C", bound=wiring.Component)


def place(platform: object, cls: type[C], *args: Hashable) -> C:
    """A part ``cls(*args)`` for the design that is elaborated on ``platform``.

    Parameters
    ----------
    platform : object
        As given to ``elaborate``.
    cls : type
        Component that depends on nothing but its arguments, clocked by the ``sync`` domain.
    *args : hashable
        Its arguments.
    """
    if isinstance(platform, Emission):
        # The stand-in has the ports of ``cls``, which is all that a parent may use.
        return cast(C, platform.instance(cls, args))
    return cls(*args)


class Emission:
    """Platform that collects placed parts during one emission."""

    def __init__(self) -> None:
        self._modules: dict[Hashable, tuple[str, wiring.Component]] = {}
        self.pending: list[tuple[str, wiring.Component]] = []

    def instance(self, cls: type[wiring.Component], args: tuple[Hashable, ...]) -> wiring.Component:
        """Stand-in for ``cls(*args)``, which is emitted once however often it is placed."""
        if (cls, args) not in self._modules:
            stem = _snake_case(f"{cls.__module__.rpartition('.')[2]}_{cls.__name__}")
            variants = sum(name.startswith(f"{stem}_v") for name, _ in self._modules.values())
            module = f"{stem}_v{variants}", cls(*args)
            self._modules[cls, args] = module
            self.pending.append(module)
        name, component = self._modules[cls, args]
        return _Placed(component.signature, name)


class _Placed(wiring.Component):
    """Instance of a module that is emitted apart."""

    def __init__(self, signature: wiring.Signature, module: str) -> None:
        super().__init__(signature)
        self._module = module

    def elaborate(self, platform: object) -> Instance:
        ports: dict[str, Any] = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for path, member, value in self.signature.flatten(self):
            direction = "i" if member.flow == wiring.In else "o"
            ports[f"{direction}_{'__'.join(map(str, path))}"] = value
        return Instance(self._module, **ports)


def emit_verilog(component: wiring.Component, name: str) -> str:
    """Verilog of ``component`` as module ``name``, with the modules of its placed parts.

    The same component gives the same text.
    """
    emission = Emission()
    text = [_convert(component, name, emission)]
    while emission.pending:
        module, part = emission.pending.pop(0)
        text.append(_convert(part, module, emission))
    return "\n".join(text)


def _convert(component: wiring.Component, name: str, emission: Emission) -> str:
    return str(
        verilog.convert(
            component, name=name, platform=emission, strip_internal_attrs=True, emit_src=False
        )
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
