"""Engines loaded from source text with faults in it, beside the real ones.

Neither the files nor the real modules are touched: patched modules live in a table of their own,
and import each other through an ``__import__`` that looks there first.
"""

import builtins
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from amaranth.lib import wiring

from golden.discovery import EngineModules

__all__ = ["Fault", "PatchedEngine", "load_patched"]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A mistake in one module.

    Parameters
    ----------
    module : str
    old : str
        Text that the module has exactly once.
    new : str
        What stands there instead.
    broken : str
        What this breaks, in words.
    params : mapping
        Of the design in which it shows.
    """

    module: str
    old: str
    new: str
    broken: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PatchedEngine:
    """An engine whose parts come from patched modules."""

    name: str
    golden: Any
    hw: Any
    sim: Any

    def component(self, params: Any) -> wiring.Component:
        """RTL for ``params``."""
        component: wiring.Component = self.hw.Engine(params)
        return component


def load_patched(
    engine: EngineModules, modules: Sequence[str], faults: Sequence[Fault] = ()
) -> PatchedEngine:
    """The parts of ``engine``, with ``modules`` loaded anew and ``faults`` put into them.

    Raises
    ------
    ValueError
        If a fault's module is not loaded anew, or its old text is not there exactly once.
    """
    loader = _Loader(frozenset(modules), faults)
    for fault in faults:
        loader.load(fault.module)
    return PatchedEngine(
        name=engine.name,
        golden=loader.load(engine.golden),
        hw=loader.load(engine.hw),
        sim=loader.load(engine.sim),
    )


class _Loader:
    def __init__(self, names: frozenset[str], faults: Sequence[Fault]) -> None:
        self._names = names
        self._faults = faults
        self._loaded: dict[str, ModuleType] = {}

    def load(self, name: str) -> ModuleType:
        """The module ``name``, executed once in a namespace of its own."""
        if name not in self._names:
            raise ValueError(f"{name} is not among the modules to load: {sorted(self._names)}")
        package = name.rpartition(".")[0]
        if package in self._names:
            self.load(package)
        if name in self._loaded:
            return self._loaded[name]
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ValueError(f"there is no module {name}")
        module = ModuleType(name)
        module.__file__ = spec.origin
        module.__package__ = spec.parent
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        self._loaded[name] = module
        source = self._patched(name, Path(spec.origin).read_text())
        exec(compile(source, spec.origin, "exec"), module.__dict__)
        return module

    def _patched(self, name: str, source: str) -> str:
        for fault in self._faults:
            if fault.module != name:
                continue
            if source.count(fault.old) != 1:
                raise ValueError(
                    f"{name} has {source.count(fault.old)} times, not once: {fault.old!r}"
                )
            source = source.replace(fault.old, fault.new)
        return source

    def _import(
        self,
        name: str,
        scope: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        wanted: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        """As the built-in, but patched modules first."""
        below = {item: f"{name}.{item}" for item in wanted or () if f"{name}.{item}" in self._names}
        if name not in self._names and not below:
            return builtins.__import__(name, scope, variables, wanted, level)
        if level or not wanted:
            raise ValueError(f"{name}: a patched module is imported by its full name, with 'from'")
        if name in self._names:
            module = self.load(name)
        else:
            module = ModuleType(name)
            module.__dict__.update(vars(builtins.__import__(name, fromlist=wanted)))
        for item, full in below.items():
            setattr(module, item, self.load(full))
        return module
