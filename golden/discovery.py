"""Finding engines: those of this package, and those of installed packages.

An engine of this package is a module of the same name in ``golden.engines``, ``hw.engines`` and
``sim.engines``. An installed package adds one by an entry point of the group
``tilewright.engines`` whose value is a package with the modules ``golden``, ``hw`` and ``sim``.
"""

import importlib.metadata
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from golden.errors import UserError

__all__ = ["ENTRY_POINTS", "EngineModules", "close_names", "find_modules"]

ENTRY_POINTS = "tilewright.engines"

_MOST_LISTED = 16
"""Names in an error message."""


@dataclass(frozen=True, kw_only=True)
class EngineModules:
    """Import names of an engine's three parts.

    Parameters
    ----------
    name : str
        Of the engine.
    golden, hw, sim : str
        Modules.
    """

    name: str
    golden: str
    hw: str
    sim: str


@cache
def find_modules() -> dict[str, EngineModules]:
    """Every engine by name; nothing is imported.

    Raises
    ------
    UserError
        If two engines have the same name.
    """
    found = {
        info.name: EngineModules(
            name=info.name,
            golden=f"golden.engines.{info.name}",
            hw=f"hw.engines.{info.name}",
            sim=f"sim.engines.{info.name}",
        )
        for info in pkgutil.iter_modules([str(Path(__file__).parent / "engines")])
    }
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        name = entry.name.lower()
        if name in found:
            raise UserError(
                f"two engines are called {name!r}: uninstall the package that provides"
                f" {entry.value}, or rename its entry point"
            )
        found[name] = EngineModules(
            name=name,
            golden=f"{entry.value}.golden",
            hw=f"{entry.value}.hw",
            sim=f"{entry.value}.sim",
        )
    return dict(sorted(found.items()))


def close_names(name: str, names: list[str]) -> str:
    """End of an error message: what ``name`` may have meant, and what there is.

    Of very many names only the closest are listed, the closest first.
    """
    close = get_close_matches(name, names, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    listed = names
    if len(names) > _MOST_LISTED:
        listed = get_close_matches(name, names, n=_MOST_LISTED, cutoff=0.0)
    others = len(names) - len(listed)
    more = f" and {others} others" if others else ""
    return f"{meant}: there are {', '.join(listed) or 'none'}{more}"
