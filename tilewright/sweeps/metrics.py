"""What a sweep can measure: metrics by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from golden.discovery import close_names
from golden.errors import UserError
from tilewright.costs import Costs

__all__ = ["METRICS", "Direction", "Measured", "Metric", "Need", "find_metric", "tell"]

SEPARATOR = "@"
"""Between a metric and the one workload that it is of."""


class Direction(Enum):
    """What is better."""

    MINIMISE = "minimise"
    MAXIMISE = "maximise"


class Need(Enum):
    """What some metrics need to be worked out, and others do without."""

    ACCURACY = "accuracy"
    COST = "cost"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a workload took on a design.

    Parameters
    ----------
    workload : str
    cycles : int
        Of a sample.
    utilisation : float
        Of the engine's multipliers.
    dram_bytes : int
    energy_pj : float
    accuracy : float or None
        None where it was not asked for, or there are no labels.
    """

    workload: str
    cycles: int
    utilisation: float
    dram_bytes: int
    energy_pj: float
    accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that a trial has.

    Parameters
    ----------
    name : str
        With the unit, if there is one.
    direction : Direction
        What is better.
    meaning : str
        A line for people.
    value : callable
        Of what was measured of one or several workloads, and the design's cost where it is known.
        None where there is no such number.
    needs : Need, optional
    of_workloads : bool
        Whether workloads have it each for itself.
    """

    name: str
    direction: Direction
    meaning: str
    value: Callable[[Sequence[Measured], Costs | None], float | None]
    needs: Need | None = None
    of_workloads: bool = True


def _mean_accuracy(runs: Sequence[Measured], _: Costs | None) -> float | None:
    known = [run.accuracy for run in runs if run.accuracy is not None]
    return sum(known) / len(known) if known else None


def _utilisation(runs: Sequence[Measured], _: Costs | None) -> float | None:
    return sum(run.utilisation * run.cycles for run in runs) / sum(run.cycles for run in runs)


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="cycles",
            direction=Direction.MINIMISE,
            meaning="clock cycles, all workloads one after the other",
            value=lambda runs, _: sum(run.cycles for run in runs),
        ),
        Metric(
            name="dram_bytes",
            direction=Direction.MINIMISE,
            meaning="bytes read and written, of all workloads",
            value=lambda runs, _: sum(run.dram_bytes for run in runs),
        ),
        Metric(
            name="energy_pj",
            direction=Direction.MINIMISE,
            meaning="picojoules of all workloads, by the energies of the technology",
            value=lambda runs, _: sum(run.energy_pj for run in runs),
        ),
        Metric(
            name="utilisation",
            direction=Direction.MAXIMISE,
            meaning="fraction of the multipliers' time in use, over the cycles of all workloads",
            value=_utilisation,
        ),
        Metric(
            name="accuracy",
            direction=Direction.MAXIMISE,
            meaning="fraction of samples that are right, mean of the workloads that have labels",
            value=_mean_accuracy,
            needs=Need.ACCURACY,
        ),
        Metric(
            name="time_ns",
            direction=Direction.MINIMISE,
            meaning="cycles of all workloads by the clock that the design can have",
            value=lambda runs, cost: (
                None if cost is None else cost.time_ns(sum(run.cycles for run in runs))
            ),
            needs=Need.COST,
        ),
        Metric(
            name="area_mm2",
            direction=Direction.MINIMISE,
            meaning="silicon of the design, local memories included, wires not",
            value=lambda _, cost: None if cost is None else cost.area_mm2,
            needs=Need.COST,
            of_workloads=False,
        ),
        Metric(
            name="clock_ns",
            direction=Direction.MINIMISE,
            meaning="shortest period of the design's clock",
            value=lambda _, cost: None if cost is None else cost.clock_ns,
            needs=Need.COST,
            of_workloads=False,
        ),
    )
}
"""Every metric, by name."""


def find_metric(text: str, workloads: Sequence[str]) -> Metric:
    """The metric of a name, which may end in ``@`` and a workload.

    Raises
    ------
    UserError
        If there is none.
    """
    name, separator, workload = text.partition(SEPARATOR)
    if name not in METRICS:
        raise UserError(f"there is no metric {text!r}{close_names(name, list(METRICS))}")
    metric = METRICS[name]
    if separator and not metric.of_workloads:
        raise UserError(f"{text}: {name} is of the design, not of a workload")
    if separator and len(workloads) == 1:
        raise UserError(f"{text}: with one workload alone its {name} are called {name}")
    if separator and workload not in workloads:
        close = close_names(workload, list(workloads))
        raise UserError(f"{text}: there is no workload {workload!r}{close}")
    return metric


def tell(runs: Sequence[Measured], cost: Costs | None) -> Mapping[str, float]:
    """Every metric that is known, over all workloads and, where they are several, of each."""
    values = {name: metric.value(runs, cost) for name, metric in METRICS.items()}
    if len(runs) > 1:
        values |= {
            f"{name}{SEPARATOR}{run.workload}": metric.value([run], cost)
            for name, metric in METRICS.items()
            if metric.of_workloads
            for run in runs
        }
    return {name: value for name, value in values.items() if value is not None}
