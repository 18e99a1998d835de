"""Samplers whose choices depend on seed, trial and history, and not on who ran when.

Optuna's samplers carry a generator from trial to trial. A sweep that was killed and goes on has
another one, so each trial gets a generator of its own, seeded by its number.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study as OptunaStudy
from optuna.trial import FrozenTrial, TrialState

from tilewright.sweeps.study import Sampler, Study

__all__ = ["GridSampler", "SeededSampler", "sampler_of"]


class SeededSampler(BaseSampler):
    """A sampler that is made anew for each trial and each independent param.

    Parameters
    ----------
    make : callable
        A sampler from a seed.
    seed : int
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self._make = make
        self._seed = seed
        self._relative: tuple[int, BaseSampler] | None = None

    def infer_relative_search_space(
        self, study: OptunaStudy, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As Optuna defines it."""
        return self._of_trial(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: OptunaStudy, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna defines it."""
        return self._of_trial(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: OptunaStudy,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As Optuna defines it, whatever params were sampled before this one."""
        sampler = self._seeded(trial.number, crc32(param_name.encode()))
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: OptunaStudy, trial: FrozenTrial) -> None:
        """As Optuna defines it."""
        self._of_trial(trial).before_trial(study, trial)

    def after_trial(
        self,
        study: OptunaStudy,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As Optuna defines it."""
        self._seeded(trial.number, 1).after_trial(study, trial, state, values)

    def _of_trial(self, trial: FrozenTrial) -> BaseSampler:
        """The same for all that is sampled together; some keep state between the calls."""
        if self._relative is None or self._relative[0] != trial.number:
            self._relative = trial.number, self._seeded(trial.number, 0)
        return self._relative[1]

    def _seeded(self, *path: int) -> BaseSampler:
        (seed,) = np.random.SeedSequence([self._seed, *path]).generate_state(1)
        return self._make(int(seed))


class GridSampler(BaseSampler):
    """Trial by trial the points of a grid, in order.

    Parameters
    ----------
    points : sequence of mapping
        Params of each trial.
    """

    def __init__(self, points: Sequence[Mapping[str, Any]]) -> None:
        self._points = points

    def infer_relative_search_space(
        self, study: OptunaStudy, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Nothing: each param comes by itself."""
        return {}

    def sample_relative(
        self, study: OptunaStudy, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing."""
        return {}

    def sample_independent(
        self,
        study: OptunaStudy,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """What the trial's point has."""
        return self._points[trial.number][param_name]


def sampler_of(study: Study, *, at_once: int) -> BaseSampler:
    """The sampler that a study asks for.

    Parameters
    ----------
    study : Study
    at_once : int
        Trials that run at the same time. TPE takes those that others run for bad ones, so as not to
        choose the same; where there are none it need not look for them, which takes a while.
    """
    match study.sampler:
        case Sampler.GRID:
            return GridSampler(study.space.grid())
        case Sampler.RANDOM:
            return SeededSampler(lambda seed: RandomSampler(seed=seed), study.seed)
        case Sampler.TPE:
            liar = at_once > 1
            return SeededSampler(lambda seed: TPESampler(seed=seed, constant_liar=liar), study.seed)
        case Sampler.NSGA2:
            size = study.population
            return SeededSampler(
                lambda seed: NSGAIISampler(seed=seed, population_size=size), study.seed
            )
