"""Results of a sweep: every trial, the Pareto front, and the best design with its Verilog."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from golden.discovery import close_names
from golden.errors import UserError
from tilewright.files import partial_file
from tilewright.sweeps.chosen import ChosenDesign, chosen_design
from tilewright.sweeps.pareto import pareto_front
from tilewright.sweeps.records import Record
from tilewright.sweeps.study import Objective, Study

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["SweepResult"]


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """A sweep that is done.

    Parameters
    ----------
    study : Study
    records : tuple of Record
        Every trial, in order.
    storage : Path
        SQLite file that holds them.
    """

    study: Study
    records: tuple[Record, ...]
    storage: Path

    @cached_property
    def front(self) -> tuple[Record, ...]:
        """Feasible trials that no other feasible trial dominates, in order; equal points once."""
        once: dict[Hashable, Record] = {}
        for record in self.records:
            once.setdefault(record.point.identity, record)
        feasible = [record for record in once.values() if record.feasible]
        if not feasible:
            return ()
        values = np.array([self._losses(record) for record in feasible])
        return tuple(
            record for record, on in zip(feasible, pareto_front(values), strict=True) if on
        )

    @property
    def trials(self) -> "DataFrame":
        """A row for each trial: design, dimensions, metrics, and why it failed if it did."""
        return self._frame(self.records)

    @property
    def pareto(self) -> "DataFrame":
        """The rows of `trials` that are on the front."""
        return self._frame(self.front)

    def best(self, metric: str | None = None) -> ChosenDesign:
        """The design of the front that is best by one objective.

        Parameters
        ----------
        metric : str, optional
            Default: the first objective. Ties go to what is better by the others, in their order,
            then to the earlier trial.

        Raises
        ------
        UserError
            If no trial is feasible, or there is no such objective.
        """
        objectives = {objective.metric: objective for objective in self.study.objectives}
        if metric is not None and metric not in objectives:
            close = close_names(metric, list(objectives))
            raise UserError(f"there is no objective {metric!r}{close}")
        self.require_feasible()
        order = list(objectives.values())
        if metric is not None:
            order.sort(key=lambda objective: objective.metric != metric)
        best = min(self.front, key=lambda record: _losses(record, order))
        return chosen_design(self.study, best)

    def require_feasible(self) -> None:
        """Refuse to go on with nothing.

        Raises
        ------
        UserError
            If no trial is feasible.
        """
        if not self.front:
            raise UserError(f"no trial of {self.study.name} is feasible: {self._why()}")

    def write(self, folder: Path | str) -> list[Path]:
        """Write ``trials`` and ``pareto`` as Parquet and CSV.

        Parameters
        ----------
        folder : path
            Made if it is not there.

        Raises
        ------
        OSError
            If it can not be written.
        """
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        files = []
        for name, frame in (("trials", self.trials), ("pareto", self.pareto)):
            with partial_file(place / f"{name}.parquet") as partial:
                _uniform(frame).to_parquet(partial)
            with partial_file(place / f"{name}.csv") as partial:
                frame.to_csv(partial, index=False)
            files += [place / f"{name}.parquet", place / f"{name}.csv"]
        return files

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "study": self.study.name,
            "objectives": self.study.facts()["objectives"],
            "storage": str(self.storage),
            "trials": [record.to_json() for record in self.records],
            "pareto": [record.to_json() for record in self.front],
            "failed": sum(record.reason is not None for record in self.records),
        }

    def _frame(self, records: Sequence[Record]) -> "DataFrame":
        # Imported late: it takes longer than many sweeps of few points.
        from pandas import DataFrame

        columns = _columns([record.row() for record in self.records])
        return DataFrame([record.row() for record in records], columns=columns)

    def _losses(self, record: Record) -> list[float]:
        return _losses(record, self.study.objectives)

    def _why(self) -> str:
        reasons = [record.reason for record in self.records if record.reason is not None]
        if len(reasons) == len(self.records):
            return f"all failed, the first because {reasons[0]}" if reasons else "there is none"
        return "all that did not fail break a constraint"


def _losses(record: Record, objectives: Sequence[Objective]) -> list[float]:
    """Values of objectives; less is better."""
    return [objective.sign * record.metrics[objective.metric] for objective in objectives]


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every name once; reasons and seconds last."""
    names = dict.fromkeys(name for row in rows for name in row)
    last = ["reason", "seconds"]
    return [*(name for name in names if name not in last), *last]


def _uniform(frame: "DataFrame") -> "DataFrame":
    """Columns of values of several kinds as text, as Parquet's have one kind each."""
    mixed = [name for name in frame if len({type(value) for value in frame[name].dropna()}) > 1]
    return frame.assign(**{name: frame[name].map(str, na_action="ignore") for name in mixed})
