"""Two results side by side."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from tilewright.results import LayerResult, Result

__all__ = ["Comparison", "Difference", "compare"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A number of both.

    Parameters
    ----------
    name : str
        With its unit.
    a, b : float or None
        None where one does not have it.
    """

    name: str
    a: float | None
    b: float | None

    @property
    def change(self) -> float | None:
        """(b - a) / a; None where that says nothing."""
        if self.a is None or self.b is None or not self.a:
            return None
        return (self.b - self.a) / self.a

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "change": self.change}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What differs.

    Parameters
    ----------
    a, b : Result
    totals : tuple of Difference
    layers : tuple of Difference
        Cycles of layers, by name; those that only one has are there as well.
    """

    a: Result
    b: Result
    totals: tuple[Difference, ...]
    layers: tuple[Difference, ...]

    @property
    def same_workload(self) -> bool:
        """Whether workloads have the same name, wherever their files are."""
        return PurePath(self.a.workload).name == PurePath(self.b.workload).name

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "a": _facts(self.a),
            "b": _facts(self.b),
            "same_workload": self.same_workload,
            "totals": [difference.to_json() for difference in self.totals],
            "layers": [difference.to_json() for difference in self.layers],
        }


def compare(a: Result, b: Result) -> Comparison:
    """What differs between two results of ``run`` or ``simulate``.

    Layers are matched by their names, in the order of ``a``; of equal names, the first with the
    first.
    """
    return Comparison(a=a, b=b, totals=_totals(a, b), layers=_layers(a.layers, b.layers))


def _facts(result: Result) -> dict[str, Any]:
    return {
        "workload": result.workload,
        "target": result.target,
        "command": result.command,
        "total_cycles": result.total_cycles,
    }


def _totals(a: Result, b: Result) -> tuple[Difference, ...]:
    names = ("total_cycles", "utilisation", "dram_bytes", "energy_pj", "accuracy")
    costs = ("area_mm2", "clock_ns", "time_ns", "power_mw")
    found = [Difference(name=name, a=_total(a, name), b=_total(b, name)) for name in names]
    found += [Difference(name=name, a=_cost(a, name), b=_cost(b, name)) for name in costs]
    return tuple(entry for entry in found if (entry.a, entry.b) != (None, None))


def _total(result: Result, name: str) -> float | None:
    """A total; the energy of a bare engine is told with its costs alone."""
    number: float | None = getattr(result, name)
    return _cost(result, name) if number is None else number


def _cost(result: Result, name: str) -> float | None:
    number: float | None = (result.facts.get("cost") or {}).get(name)
    return number


def _layers(a: Sequence[LayerResult], b: Sequence[LayerResult]) -> tuple[Difference, ...]:
    rest = list(b)
    found = []
    for layer in a:
        other = next((entry for entry in rest if entry.name == layer.name), None)
        if other is not None:
            rest.remove(other)
        cycles = None if other is None else other.cycles
        found.append(Difference(name=layer.name, a=layer.cycles, b=cycles))
    found += [Difference(name=layer.name, a=None, b=layer.cycles) for layer in rest]
    return tuple(found)
