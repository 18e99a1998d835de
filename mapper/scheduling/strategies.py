"""Schedulers by name."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from golden.errors import UserError

if TYPE_CHECKING:
    # The names alone are wanted for help, which is to be quick.
    from mapper.scheduling.graph import SizedGraph
    from mapper.scheduling.outcome import Options, Outcome

__all__ = ["STRATEGIES", "Strategy", "find_strategy"]


class Strategy(Protocol):
    """Makes schedules."""

    def __call__(self, graph: "SizedGraph", capacity_bytes: int, options: "Options") -> "Outcome":
        """A schedule of a graph in a scratchpad, or why there is none."""


_BASELINES = "mapper.scheduling.baselines.strategies"

STRATEGIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "optimal": ("mapper.scheduling.optimal", "schedule_optimally"),
        "divide": ("mapper.scheduling.heuristic", "schedule_by_parts"),
        "monolith": ("mapper.scheduling.monolith", "schedule_monolithically"),
        "tflite-belady": (_BASELINES, "TFLITE_BELADY"),
        "tflite-greedy": (_BASELINES, "TFLITE_GREEDY"),
        "least-peak-belady": (_BASELINES, "LEAST_PEAK_BELADY"),
        "least-peak-greedy": (_BASELINES, "LEAST_PEAK_GREEDY"),
        "planned-tflite-belady": (_BASELINES, "PLANNED_TFLITE_BELADY"),
        "planned-tflite-greedy": (_BASELINES, "PLANNED_TFLITE_GREEDY"),
        "planned-least-peak-belady": (_BASELINES, "PLANNED_LEAST_PEAK_BELADY"),
        "planned-least-peak-greedy": (_BASELINES, "PLANNED_LEAST_PEAK_GREEDY"),
    }
)
"""Module and name of each; a module is imported when it is used."""


def find_strategy(name: str) -> Strategy:
    """The scheduler of that name.

    Raises
    ------
    UserError
        If there is none.
    """
    if name not in STRATEGIES:
        raise UserError(f"strategy must be one of {', '.join(STRATEGIES)}, not {name!r}")
    module, attribute = STRATEGIES[name]
    return cast(Strategy, getattr(importlib.import_module(module), attribute))
