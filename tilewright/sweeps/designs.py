"""Points become designs: an accelerator or a bare engine, and how workloads are put on it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.params import to_plain
from mapper.accelerator.mapping import Mapper
from tilewright.accelerator import describe
from tilewright.caching import cache_key
from tilewright.quantization.scheme import parse_scheme
from tilewright.sweeps.space import AcceleratorBase, Point, Space

__all__ = ["AcceleratorDesign", "Design", "EngineDesign", "Options", "key_of", "resolve"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How workloads are put on a design.

    Parameters
    ----------
    scheme : str or None
        That networks are quantized by.
    mapper : {"greedy", "optimal"}
        Of accelerators.
    time_limit : float
        Seconds that the optimal mapper has for a workload.

    Raises
    ------
    UserError
        If one is of the wrong kind.
    """

    scheme: str | None = None
    mapper: str = Mapper.GREEDY.value
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        if self.scheme is not None:
            parse_scheme(str(self.scheme))
        allowed = [mapper.value for mapper in Mapper]
        if self.mapper not in allowed:
            raise UserError(f"mapper must be one of {', '.join(allowed)}, not {self.mapper!r}")
        limit = self.time_limit
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit > 0:
            raise UserError(f"time_limit must be a number of seconds above 0, not {limit!r}")


@dataclass(frozen=True, kw_only=True)
class AcceleratorDesign:
    """An accelerator.

    Parameters
    ----------
    accelerator : Accelerator
    options : Options
    """

    accelerator: Accelerator
    options: Options

    def facts(self) -> dict[str, Any]:
        """All that results depend on, as JSON values."""
        described = describe(self.accelerator)
        # What it is called changes nothing.
        del described["name"]
        return {**described, "options": asdict(self.options)}


@dataclass(frozen=True, kw_only=True)
class EngineDesign:
    """A bare engine with ideal memory.

    Parameters
    ----------
    engine : str
        Engine or preset.
    params : object
    options : Options
    """

    engine: str
    params: Any
    options: Options

    def facts(self) -> dict[str, Any]:
        """As `AcceleratorDesign.facts`."""
        name = type(self.params).__module__
        return {"engine": name, "params": to_plain(self.params), "options": asdict(self.options)}


Design = AcceleratorDesign | EngineDesign


def key_of(design: Design) -> str:
    """Hash of everything that the design's results depend on; equal for equal designs."""
    return cache_key(json.dumps(design.facts(), sort_keys=True))


def resolve(space: Space, point: Point) -> Design:
    """The design that a point stands for.

    Raises
    ------
    UserError
        If there can be no such design.
    """
    base = space.by_name[point.design].base
    chosen = {name: value for name, value in point.settings.items() if name in base.options}
    options = Options(**_options(chosen))
    changes = {name: value for name, value in point.settings.items() if name not in chosen}
    if isinstance(base, AcceleratorBase):
        return AcceleratorDesign(accelerator=base.build(changes), options=options)
    return EngineDesign(engine=base.engine, params=base.build(changes), options=options)


def _options(chosen: Mapping[str, Any]) -> dict[str, Any]:
    # "none" leaves the network as it is: TOML has no other word for it.
    return {name: None if value == "none" else value for name, value in chosen.items()}
