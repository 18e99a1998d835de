"""Design spaces: designs to start from, and what is changed of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from golden.accelerator.description import Accelerator, Memory
from golden.discovery import close_names
from golden.errors import UserError
from golden.params import to_plain
from tilewright.accelerator import describe, read_description
from tilewright.catalog import find_design
from tilewright.sweeps.dimensions import Dimension, Scalar

if TYPE_CHECKING:
    from optuna.trial import Trial

__all__ = ["AcceleratorBase", "Base", "DesignSpace", "EngineBase", "Point", "Space"]

DESIGN = "design"
"""Name of the dimension that says which design."""


@dataclass(frozen=True, kw_only=True)
class AcceleratorBase:
    """An accelerator to start from.

    Parameters
    ----------
    source : str
        Name or file, for messages.
    text : str
        Of its TOML file.
    """

    options: ClassVar = ("scheme", "mapper", "time_limit")
    """What may be set and is no field; see `tilewright.sweeps.designs.Options`."""

    source: str
    text: str

    def build(self, changes: Mapping[str, Any]) -> Accelerator:
        """The accelerator with fields changed; see `tilewright.accelerator.find_accelerator`."""
        return read_description(self.text, self.source, changes)

    def facts(self) -> dict[str, Any]:
        """What designs made of it depend on, as JSON values."""
        return describe(self.build({}))

    def fields(self) -> list[str]:
        """What may be changed."""
        hints = get_type_hints(Accelerator)
        plain = [
            entry.name
            for entry in fields(Accelerator)
            if entry.name not in ("name", "engine")
            and hints[entry.name] is not Any
            and not is_dataclass(hints[entry.name])
        ]
        params = [f"params.{entry.name}" for entry in fields(self.build({}).params)]
        return [*plain, *params, *(f"memory.{entry.name}" for entry in fields(Memory))]


@dataclass(frozen=True, kw_only=True)
class EngineBase:
    """A bare engine, or a preset, to start from.

    Parameters
    ----------
    engine : str
    """

    options: ClassVar = ("scheme",)
    """As `AcceleratorBase.options`."""

    engine: str

    def build(self, changes: Mapping[str, Any]) -> Any:
        """The engine's params."""
        return find_design(self.engine, changes)[1]

    def facts(self) -> dict[str, Any]:
        """As `AcceleratorBase.facts`."""
        return {"engine": self.engine, "params": to_plain(self.build({}))}

    def fields(self) -> list[str]:
        """What may be changed."""
        return [entry.name for entry in find_design(self.engine, {})[0].describe()]


Base = AcceleratorBase | EngineBase


@dataclass(frozen=True, kw_only=True)
class DesignSpace:
    """A design and its own dimensions.

    Parameters
    ----------
    name : str
    base : AcceleratorBase or EngineBase
    fixed : mapping of str to Scalar
        Fields that every point sets alike.
    dimensions : tuple of Dimension
    """

    name: str
    base: Base
    fixed: Mapping[str, Scalar]
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Point:
    """A point of a space.

    Parameters
    ----------
    design : str
        Which one.
    settings : mapping of str to Scalar
        Fields and options, fixed ones included.
    shown : mapping of str to Scalar
        Dimensions, as results show them.
    """

    design: str
    settings: Mapping[str, Scalar]
    shown: Mapping[str, Scalar]

    @property
    def identity(self) -> tuple[str, frozenset[tuple[str, Scalar]]]:
        """Equal for equal points."""
        return self.design, frozenset(self.settings.items())


@dataclass(frozen=True, kw_only=True)
class Space:
    """Designs, and the dimensions that all of them have.

    Parameters
    ----------
    designs : tuple of DesignSpace
    dimensions : tuple of Dimension

    Raises
    ------
    UserError
        If it is empty, a name is used twice, or a field is unknown.
    """

    designs: tuple[DesignSpace, ...]
    dimensions: tuple[Dimension, ...] = ()

    def __post_init__(self) -> None:
        if not self.designs:
            raise UserError("the study has no designs: the space is empty")
        names = [design.name for design in self.designs]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"two designs are called {twice}: give one another name = ...")
        if len(self.designs) == 1 and not (self.dimensions or self.designs[0].dimensions):
            raise UserError("the space is empty: it has one design, and nothing changes of it")
        for design in self.designs:
            self._check_fields(design)

    def _check_fields(self, design: DesignSpace) -> None:
        known = [*design.base.fields(), *design.base.options]
        given = list(design.fixed)
        for dimension in (*self.dimensions, *design.dimensions):
            given.extend(dimension.fields)
        for field in given:
            if field not in known:
                close = close_names(field, known)
                raise UserError(f"design {design.name} has no field {field!r}{close}")
            if given.count(field) > 1:
                raise UserError(f"design {design.name} sets {field} twice")

    @cached_property
    def by_name(self) -> Mapping[str, DesignSpace]:
        """Designs."""
        return {design.name: design for design in self.designs}

    def suggest(self, trial: "Trial") -> dict[str, Any]:
        """Let a sampler choose; what it chose, by the names that the trial has."""
        chosen: dict[str, Any] = {}
        if len(self.designs) > 1:
            chosen[DESIGN] = trial.suggest_categorical(DESIGN, list(self.by_name))
        design = self._design(chosen)
        for name, dimension in self._named(design).items():
            chosen[name] = dimension.suggest(trial, name)
        return chosen

    def point(self, chosen: Mapping[str, Any]) -> Point:
        """The point that choices stand for."""
        design = self._design(chosen)
        settings = dict(design.fixed)
        shown: dict[str, Scalar] = {}
        for name, dimension in self._named(design).items():
            settings.update(dimension.settings(chosen[name]))
            shown[dimension.name] = dimension.shown(chosen[name])
        return Point(design=design.name, settings=settings, shown=shown)

    def levels(self) -> dict[str, Sequence[Any]]:
        """All that may be chosen by each name that trials have, whichever the design.

        Raises
        ------
        UserError
            If a range has no end of levels.
        """
        several = {DESIGN: tuple(self.by_name)} if len(self.designs) > 1 else {}
        named = {name: entry for d in self.designs for name, entry in self._named(d).items()}
        return several | {name: entry.levels() for name, entry in named.items()}

    def size(self) -> int:
        """Points of the grid."""
        sizes = (
            math.prod(dimension.count for dimension in self._named(design).values())
            for design in self.designs
        )
        return sum(sizes)

    def grid(self) -> list[dict[str, Any]]:
        """Choices of every point, design after design, the last dimension the quickest."""
        points: list[dict[str, Any]] = []
        for design in self.designs:
            named = self._named(design)
            chosen = {DESIGN: design.name} if len(self.designs) > 1 else {}
            levels = (dimension.levels() for dimension in named.values())
            points.extend(
                {**chosen, **dict(zip(named, values, strict=True))} for values in product(*levels)
            )
        return points

    def _design(self, chosen: Mapping[str, Any]) -> DesignSpace:
        return self.by_name[chosen[DESIGN]] if len(self.designs) > 1 else self.designs[0]

    def _named(self, design: DesignSpace) -> dict[str, Dimension]:
        """Dimensions of a design by the names that trials have.

        A design's own have its name in front, as others may have the same with other values.
        """
        own = {f"{design.name}/{entry.name}": entry for entry in design.dimensions}
        return {**{entry.name: entry for entry in self.dimensions}, **own}
