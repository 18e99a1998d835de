"""Names: engines with all their parts, presets, accelerators."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from golden.contract import GoldenEngine
from golden.discovery import EngineModules, close_names, find_modules
from golden.errors import UserError
from golden.params import ParamInfo, describe_params, parse_params
from sim.contract import TimedEngine

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = [
    "Engine",
    "accelerator_names",
    "check_names",
    "find_design",
    "find_engine",
    "find_presets",
    "list_engines",
]


@dataclass(frozen=True)
class Engine:
    """One engine: its parts, imported when they are asked for.

    Parameters
    ----------
    modules : EngineModules
    """

    modules: EngineModules

    @property
    def name(self) -> str:
        """Of the engine."""
        return self.modules.name

    @cached_property
    def golden(self) -> GoldenEngine:
        """Jobs, layout and arithmetic."""
        return cast(GoldenEngine, self._part("golden"))

    @cached_property
    def sim(self) -> TimedEngine:
        """Timing."""
        return cast(TimedEngine, self._part("sim"))

    @property
    def params_type(self) -> type[Any]:
        """Params dataclass."""
        return cast(type[Any], self._part("golden").Params)

    @property
    def presets(self) -> Mapping[str, Any]:
        """Params by name."""
        return cast(Mapping[str, Any], self._part("golden").PRESETS)

    @property
    def summary(self) -> str:
        """One line that says what it is."""
        return (self._part("golden").__doc__ or "").partition("\n")[0].rstrip(".")

    def component(self, params: Any) -> "wiring.Component[Any]":
        """RTL for ``params``."""
        return cast("wiring.Component[Any]", self._part("hw").Engine(params))

    def describe(self) -> tuple[ParamInfo, ...]:
        """Params with their defaults."""
        return describe_params(self.params_type)

    def params(self, given: Mapping[str, Any], base: Any = None) -> Any:
        """Params from text or JSON values; see `golden.params.parse_params`."""
        return parse_params(self.params_type, given, base=base)

    def _part(self, part: str) -> ModuleType:
        module = getattr(self.modules, part)
        try:
            return importlib.import_module(module)
        except ImportError as error:
            raise UserError(
                f"engine {self.name} is not complete: {module} can not be imported ({error})"
            ) from error


def list_engines() -> list[Engine]:
    """Every engine that is installed, by name."""
    return [Engine(modules) for modules in find_modules().values()]


def find_engine(name: str) -> Engine:
    """The engine ``name``.

    Raises
    ------
    UserError
        If there is none.
    """
    modules = find_modules()
    key = _engine_key(name)
    if key not in modules:
        raise UserError(f"there is no engine {name!r}{close_names(name, list(modules))}")
    return Engine(modules[key])


def _engine_key(name: str) -> str:
    """An engine's name as its modules have it: in lower case, and no hyphens."""
    return name.lower().replace("-", "_")


def accelerator_names() -> list[str]:
    """Names of the accelerators that come along."""
    files = resources.files("tilewright.accelerators").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def check_names() -> None:
    """Refuse an engine that is called like an accelerator.

    Raises
    ------
    UserError
        If there is one.
    """
    for name in accelerator_names():
        if name in find_modules():
            raise UserError(
                f"engine {name} has the name of an accelerator: names of engines, presets and"
                " accelerators are unique together"
            )


def find_design(name: str, given: Mapping[str, Any]) -> tuple[Engine, Any]:
    """Engine and params of an engine's or a preset's name.

    Parameters
    ----------
    name : str
    given : mapping
        Params to set, over those of the preset or over the defaults.

    Raises
    ------
    UserError
        If there is no such name, or a param is wrong.
    """
    modules = find_modules()
    if _engine_key(name) in modules:
        engine = Engine(modules[_engine_key(name)])
        return engine, engine.params(given)
    presets = find_presets()
    if name.lower() in presets:
        engine, params = presets[name.lower()]
        return engine, engine.params(given, params)
    if name.lower() in accelerator_names():
        raise UserError(f"{name} is an accelerator, not an engine or a preset")
    close = close_names(name, [*modules, *presets, *accelerator_names()])
    raise UserError(f"there is no engine or preset {name!r}{close}")


def find_presets() -> dict[str, tuple[Engine, Any]]:
    """Engine and params of every preset.

    Raises
    ------
    UserError
        If a preset's name is not its own alone.
    """
    check_names()
    engines = list_engines()
    taken = {engine.name for engine in engines} | set(accelerator_names())
    presets: dict[str, tuple[Engine, Any]] = {}
    for engine in engines:
        for name, params in engine.presets.items():
            if name in taken:
                raise UserError(
                    f"preset {name!r} of engine {engine.name} has a name that is taken: names of"
                    " engines, presets and accelerators are unique together"
                )
            taken.add(name)
            presets[name] = engine, params
    return presets
