"""Pictures of results, by matplotlib for print; `tilewright.plots.hover` has some by plotly.

They are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilewright.plots.array import array_diagram as array_diagram
    from tilewright.plots.memory_maps import memory_map as memory_map
    from tilewright.plots.parallel import parallel_coordinates as parallel_coordinates
    from tilewright.plots.pareto import pareto_front as pareto_front
    from tilewright.plots.rooflines import roofline as roofline
    from tilewright.plots.timelines import timeline as timeline
    from tilewright.plots.utilisations import utilisation as utilisation

__all__ = [
    "array_diagram",
    "memory_map",
    "parallel_coordinates",
    "pareto_front",
    "roofline",
    "timeline",
    "utilisation",
]

_HOMES = {
    "array_diagram": "array",
    "memory_map": "memory_maps",
    "parallel_coordinates": "parallel",
    "pareto_front": "pareto",
    "roofline": "rooflines",
    "timeline": "timelines",
    "utilisation": "utilisations",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tilewright.plots' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tilewright.plots.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
