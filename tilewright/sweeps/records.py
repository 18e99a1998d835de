"""What a sweep knows of each trial, and how the storage has it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from tilewright.sweeps.dimensions import Scalar
from tilewright.sweeps.evaluation import Outcome
from tilewright.sweeps.space import Point
from tilewright.sweeps.study import Study

__all__ = ["Record", "known_outcomes", "records", "remember"]

_OUTCOME = "outcome"
_KEY = "key"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A trial that is done.

    Parameters
    ----------
    number : int
        From 0, in the order in which points were chosen.
    point : Point
    metrics : mapping of str to float
        Empty if it failed.
    feasible : bool
        Whether it has metrics, and none that a constraint forbids.
    reason : str or None
        Why it failed.
    seconds : float
        That it took; 0 where an equal design had been evaluated.
    """

    number: int
    point: Point
    metrics: Mapping[str, float]
    feasible: bool
    reason: str | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "trial": self.number,
            "design": self.point.design,
            "params": dict(self.point.shown),
            "state": "complete" if self.reason is None else "failed",
            "feasible": self.feasible,
            "metrics": dict(self.metrics),
            "reason": self.reason,
            "seconds": self.seconds,
        }

    def row(self) -> dict[str, Scalar | None]:
        """As a row of a table."""
        plain = self.to_json()
        params, metrics = plain.pop("params"), plain.pop("metrics")
        head = {name: plain[name] for name in ("trial", "design", "state", "feasible")}
        tail = {name: plain[name] for name in ("reason", "seconds")}
        return {**head, **params, **metrics, **tail}


def remember(trial: optuna.Trial, outcome: Outcome, key: str | None) -> None:
    """Keep an outcome with its trial, and the key of the design if equal ones may share it."""
    trial.set_user_attr(_OUTCOME, {**asdict(outcome), _KEY: key})


def known_outcomes(trials: Sequence[FrozenTrial]) -> dict[str, Outcome]:
    """Outcomes by the key of the design."""
    kept = [trial.user_attrs[_OUTCOME] for trial in trials if trial.state.is_finished()]
    return {entry[_KEY]: _outcome(entry) for entry in kept if entry[_KEY] is not None}


def records(study: Study, trials: Sequence[FrozenTrial]) -> tuple[Record, ...]:
    """Trials that are done, in order."""
    done = (trial for trial in trials if trial.state.is_finished())
    return tuple(_record(study, trial) for trial in sorted(done, key=lambda trial: trial.number))


def _record(study: Study, trial: FrozenTrial) -> Record:
    outcome = _outcome(trial.user_attrs[_OUTCOME])
    within = (limit.excess(outcome.metrics[limit.metric]) <= 0 for limit in study.limits)
    return Record(
        number=trial.number,
        point=study.space.point(trial.params),
        metrics=outcome.metrics,
        feasible=outcome.reason is None and all(within),
        reason=outcome.reason,
        seconds=outcome.seconds,
    )


def _outcome(kept: Mapping[str, Any]) -> Outcome:
    return Outcome(**{name: value for name, value in kept.items() if name != _KEY})
