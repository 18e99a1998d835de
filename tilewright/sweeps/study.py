"""Studies: a design space, workloads, and what is wanted of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from golden.errors import UserError
from tilewright.caching import cache_key
from tilewright.sweeps.checks import is_finite
from tilewright.sweeps.dimensions import Dimension
from tilewright.sweeps.evaluation import Bench, Process
from tilewright.sweeps.metrics import Direction, Need, find_metric
from tilewright.sweeps.space import Space
from tilewright.sweeps.workloads import Task
from tilewright.technology import DEFAULT_TECHNOLOGY, find_technology

__all__ = ["Limit", "Objective", "Sampler", "Study"]

MOST_POINTS = 1_000_000
"""Of a grid, which is written out before the first is evaluated."""


class Sampler(Enum):
    """Who chooses points."""

    GRID = "grid"
    RANDOM = "random"
    TPE = "tpe"
    NSGA2 = "nsga2"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A metric to make small or large.

    Parameters
    ----------
    metric : str
    direction : Direction
    """

    metric: str
    direction: Direction

    @property
    def sign(self) -> int:
        """Factor that makes less better."""
        return 1 if self.direction is Direction.MINIMISE else -1


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Bounds of a metric, both included.

    Parameters
    ----------
    metric : str
    least, most : float, optional
        At least one of them.

    Raises
    ------
    UserError
        If there is none, one is no finite number, or nothing lies between them.
    """

    metric: str
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        if self.least is None and self.most is None:
            raise UserError(f"the constraint of {self.metric} needs least = ... or most = ...")
        for bound in (self.least, self.most):
            if bound is not None and not is_finite(bound):
                raise UserError(
                    f"the constraint of {self.metric} takes finite numbers, not {bound}"
                )
        if self.least is not None and self.most is not None and self.least > self.most:
            raise UserError(
                f"no {self.metric} is at least {self.least} and at most {self.most}: the space is"
                " empty"
            )

    def excess(self, value: float) -> float:
        """By how much a value is out of bounds; 0 or less within."""
        over = [] if self.most is None else [value - self.most]
        under = [] if self.least is None else [self.least - value]
        return max(over + under)


def _default_process() -> Process:
    return Process(technology=find_technology(DEFAULT_TECHNOLOGY))


@dataclass(frozen=True, kw_only=True)
class Study:
    """What to explore, and what for.

    Parameters
    ----------
    name : str
    space : Space
    tasks : tuple of Task
        Workloads that every point runs.
    objectives : tuple of Objective
        At least one.
    limits : tuple of Limit
        A trial that breaks one is on no front.
    sampler : Sampler
    trials : int or None
        None for all points of the grid.
    seed : int
        Of everything random.
    population : int
        Of a generation of ``nsga2``.
    metrics : tuple of str
        To be worked out although nothing depends on them.
    process : Process
        What designs are built in.

    Raises
    ------
    UserError
        If these do not go together.
    """

    name: str
    space: Space
    tasks: tuple[Task, ...]
    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...] = ()
    sampler: Sampler = Sampler.TPE
    trials: int | None = None
    seed: int = 0
    population: int = 50
    metrics: tuple[str, ...] = ()
    process: Process = field(default_factory=_default_process)

    def __post_init__(self) -> None:
        if not self.tasks:
            raise UserError("the study has no workloads")
        names = [task.name for task in self.tasks]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"two workloads are called {twice}: give one another name = ...")
        if not self.objectives:
            raise UserError('the study has no objectives, such as cycles = "minimise"')
        for metric in self.asked:
            self._check_metric(metric, names)
        if self.sampler is Sampler.GRID:
            self._check_grid()
        elif self.trials is None:
            raise UserError(
                f"sampler {self.sampler.value} needs trials = ..., the number of points"
            )

    def _check_metric(self, text: str, names: list[str]) -> None:
        metric = find_metric(text, names)
        if metric.needs is Need.ACCURACY:
            _, _, workload = text.partition("@")
            labelled = [task.name for task in self.tasks if getattr(task, "data", None)]
            if not labelled or (workload and workload not in labelled):
                who = workload or "no workload"
                verb = "has no" if workload else "has"
                raise UserError(
                    f"{text}: {who} {verb} inputs and labels; give them as"
                    " { model = ..., inputs = ..., labels = ... }"
                )

    def _check_grid(self) -> None:
        size = self.space.size()
        if size > MOST_POINTS:
            raise UserError(
                f"the grid has {size} points, and must have at most {MOST_POINTS}: make its ranges"
                " shorter, give them a step or a factor, or use sampler random"
            )
        if self.trials is not None and self.trials != size:
            raise UserError(
                f"the grid has {size} points, not {self.trials}: leave trials out, or use sampler"
                " random"
            )

    @property
    def asked(self) -> tuple[str, ...]:
        """Metrics that every trial must have."""
        wanted = [objective.metric for objective in self.objectives]
        bounded = [limit.metric for limit in self.limits]
        return tuple(dict.fromkeys((*wanted, *bounded, *self.metrics)))

    @cached_property
    def count(self) -> int:
        """Trials in the end."""
        return self.space.size() if self.trials is None else self.trials

    @property
    def bench(self) -> Bench:
        """What points are measured with."""
        names = [task.name for task in self.tasks]
        needs = (find_metric(metric, names).needs for metric in self.asked)
        return Bench(
            space=self.space,
            tasks=self.tasks,
            needs=frozenset(need for need in needs if need is not None),
            process=self.process,
        )

    def facts(self) -> dict[str, Any]:
        """What must stay as it is while a sweep goes on, part by part, as JSON values.

        The number of trials may grow, unless the sampler is the grid.
        """
        liberty = self.process.liberty
        return {
            "designs": {
                design.name: {
                    "base": design.base.facts(),
                    "set": dict(design.fixed),
                    "space": _plain(design.dimensions),
                }
                for design in self.space.designs
            },
            "space": _plain(self.space.dimensions),
            "workloads": {task.name: task.digest for task in self.tasks},
            "objectives": {o.metric: o.direction.value for o in self.objectives},
            "constraints": {entry.metric: [entry.least, entry.most] for entry in self.limits},
            "metrics": sorted(self.metrics),
            "sampler": self.sampler.value,
            "seed": self.seed,
            "population": self.population,
            "technology": asdict(self.process.technology),
            "liberty": None if liberty is None else cache_key(liberty.read_bytes()),
        }


def _plain(dimensions: Sequence[Dimension]) -> list[dict[str, Any]]:
    return [{"kind": type(entry).__name__, **asdict(entry)} for entry in dimensions]
