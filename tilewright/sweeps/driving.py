"""The loop of a sweep: it alone asks the sampler and tells it; workers only evaluate."""

import math
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

import optuna
from optuna.trial import TrialState

from golden.errors import UserError
from tilewright.sweeps.designs import key_of, resolve
from tilewright.sweeps.evaluation import Outcome
from tilewright.sweeps.records import known_outcomes, remember
from tilewright.sweeps.study import Study
from tilewright.sweeps.workers import Workers

__all__ = ["Progress", "drive"]

Progress = Callable[[int, int, int], None]
"""Told how many trials are done, how many of them failed, and how many there will be."""

_SUCCESS = "success"
"""A constraint to samplers, which trials that fail break."""

_WORST = sys.float_info.max
"""By how much: more than others break any, and still a number in JSON."""


def drive(study: Study, stored: optuna.Study, workers: Workers, progress: Progress) -> None:
    """Run trials until there are as many as the study asks for.

    Trials that were running when an earlier sweep ended are begun again, with the params that
    they had.

    Parameters
    ----------
    study : Study
    stored : optuna.Study
    workers : Workers
    progress : callable
    """
    _Drive(study, stored, workers, progress).run()


class _Drive:
    def __init__(
        self, study: Study, stored: optuna.Study, workers: Workers, progress: Progress
    ) -> None:
        self._study, self._stored, self._workers = study, stored, workers
        self._progress = progress
        trials = stored.get_trials(deepcopy=False)
        self._stale = deque(t for t in trials if t.state is TrialState.RUNNING)
        self._begun = len(trials) - len(self._stale)
        self._done = self._begun
        self._failed = self._done - sum(trial.state is TrialState.COMPLETE for trial in trials)
        self._known = known_outcomes(trials)
        # Trials of equal designs; the first of each is being evaluated.
        self._waiting: dict[str, list[optuna.Trial]] = {}
        self._keys: dict[int, str] = {}

    def run(self) -> None:
        count = self._study.count
        self._progress(self._done, self._failed, count)
        while self._done < count:
            while self._begun < count and self._workers.free():
                self._begin(self._next())
            if self._waiting:
                for number, outcome in self._workers.wait():
                    self._settle(self._keys.pop(number), outcome)

    def _next(self) -> optuna.Trial:
        self._begun += 1
        if self._stale:
            return optuna.Trial(self._stored, self._stale.popleft()._trial_id)
        return self._stored.ask()

    def _begin(self, trial: optuna.Trial) -> None:
        """Evaluate a trial, unless that is needless."""
        space = self._study.space
        point = space.point(space.suggest(trial))
        try:
            key = key_of(resolve(space, point))
        except UserError as error:
            self._finish(trial, Outcome(reason=str(error)), None)
            return
        if key in self._known:
            self._finish(trial, replace(self._known[key], seconds=0.0), key)
        elif key in self._waiting:
            self._waiting[key].append(trial)
        else:
            self._waiting[key] = [trial]
            self._keys[trial.number] = key
            self._workers.submit(trial.number, point)

    def _settle(self, key: str, outcome: Outcome) -> None:
        """Finish every trial of a design."""
        outcome = self._checked(outcome)
        kept = None if outcome.lost else key
        if kept is not None:
            self._known[kept] = outcome
        first, *others = self._waiting.pop(key)
        self._finish(first, outcome, kept)
        for trial in others:
            self._finish(trial, replace(outcome, seconds=0.0), kept)

    def _checked(self, outcome: Outcome) -> Outcome:
        """An outcome without something that was asked for has failed."""
        if outcome.reason is not None:
            return outcome
        for metric in self._study.asked:
            if not math.isfinite(outcome.metrics.get(metric, math.nan)):
                return replace(outcome, metrics={}, reason=f"{metric} is not known of this design")
        return outcome

    def _finish(self, trial: optuna.Trial, outcome: Outcome, key: str | None) -> None:
        remember(trial, outcome, key)
        if outcome.reason is not None:
            self._failed += 1
            # Samplers do not look at trials whose state is FAIL, and would choose the same again.
            _constrain(trial, {_SUCCESS: _WORST})
            self._stored.tell(trial, state=TrialState.PRUNED)
        else:
            metrics = outcome.metrics
            excesses = {e.metric: e.excess(metrics[e.metric]) for e in self._study.limits}
            _constrain(trial, excesses)
            wanted = [metrics[objective.metric] for objective in self._study.objectives]
            self._stored.tell(trial, wanted)
        self._done += 1
        self._progress(self._done, self._failed, self._study.count)


def _constrain(trial: optuna.Trial, excesses: Mapping[str, float]) -> None:
    """Tell by how much a trial breaks each constraint."""
    # A sweep that was killed here has set some.
    already = trial.constraints
    for name, excess in excesses.items():
        if name not in already:
            trial.set_constraint(name, excess)
