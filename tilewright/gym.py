"""Design spaces as environments of reinforcement learning, after ArchGym.

An action is a point of a study's space, an observation what was measured of it, the reward the
weighted objectives. Needs the extra ``gym``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.discovery import close_names
from golden.errors import UserError
from tilewright.sweeps.checks import require_count, require_finite
from tilewright.sweeps.designs import key_of, resolve
from tilewright.sweeps.evaluation import Outcome, evaluate
from tilewright.sweeps.reading import load_study
from tilewright.sweeps.study import Study

__all__ = ["DesignEnvironment"]

PENALTY = -1e9
"""Reward of points that fail, or break a constraint."""


class DesignEnvironment(gymnasium.Env[NDArray[np.float64], NDArray[np.int64]]):
    """The space of a study, a point a step.

    Parameters
    ----------
    study : Study or path
        Its sampler and number of trials mean nothing here.
    weights : mapping of str to float, optional
        Of objectives; default: 1 each. The reward is the weighted sum of those to maximise less
        that of those to minimise, so that weights carry the scale: 1e-6 for cycles in millions.
    penalty : float
        Reward of points that fail, or break a constraint.
    steps : int
        Of an episode, which is truncated then.

    Attributes
    ----------
    action_space : MultiDiscrete
        The index of a level of each dimension, in the order of `dimensions`. Where there are
        several designs the first is which; dimensions that it does not have are ignored.
    observation_space : Box
        Shape (1 + metrics,), float64: 1 if the point could be evaluated, then the objectives and
        whatever else the study asks for, in the order of `metrics`; zeros if it could not, and at
        the beginning.
    dimensions, metrics : tuple of str

    Raises
    ------
    UserError
        If the study is wrong, a range has no step, a weight is of no objective, or an option is no
        number that it can be.
    """

    def __init__(
        self,
        study: Study | Path | str,
        *,
        weights: Mapping[str, float] | None = None,
        penalty: float = PENALTY,
        steps: int = 100,
    ) -> None:
        require_count("steps", steps)
        require_finite("penalty", penalty)
        self._study = study if isinstance(study, Study) else load_study(Path(study))
        self._bench = self._study.bench
        self._weights = self._checked(weights or {})
        self._penalty, self._steps, self._taken = penalty, steps, 0
        self._levels = self._study.space.levels()
        self._known: dict[str, Outcome] = {}
        self.dimensions = tuple(self._levels)
        self.metrics = self._study.asked
        self._sizes = np.array([len(levels) for levels in self._levels.values()])
        self.action_space = gymnasium.spaces.MultiDiscrete(self._sizes)
        self.observation_space = gymnasium.spaces.Box(
            -np.inf, np.inf, (1 + len(self.metrics),), np.float64
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Begin an episode; nothing has been measured."""
        super().reset(seed=seed, options=options)
        self._taken = 0
        return np.zeros(1 + len(self.metrics)), {}

    def step(
        self, action: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Evaluate a point.

        Parameters
        ----------
        action : array-like of int, shape (dimensions,)

        Returns
        -------
        observation, reward, terminated, truncated, info
            ``info`` has ``design``, ``params``, ``metrics`` and, if it failed, ``reason``.

        Raises
        ------
        UserError
            If it is no action of `action_space`.
        """
        indices = self._indices(action)
        self._taken += 1
        chosen = {
            name: levels[index]
            for (name, levels), index in zip(self._levels.items(), indices, strict=True)
        }
        point = self._study.space.point(chosen)
        try:
            key = key_of(resolve(self._study.space, point))
        except UserError as error:
            outcome = Outcome(reason=str(error))
        else:
            if key not in self._known:
                self._known[key] = evaluate(self._bench, point)
            outcome = self._known[key]
        info: dict[str, Any] = {
            "design": point.design,
            "params": dict(point.shown),
            "metrics": dict(outcome.metrics),
        }
        if outcome.reason is not None:
            info["reason"] = outcome.reason
        done = self._taken >= self._steps
        return self._observation(outcome), self._reward(outcome), False, done, info

    def _indices(self, action: ArrayLike) -> NDArray[np.int64]:
        sizes = self._sizes
        try:
            given = np.asarray(action)
        except ValueError:  # lists of unlike lengths
            given = np.empty(0)
        if (
            given.dtype.kind not in "iu"
            or given.shape != sizes.shape
            or not ((given >= 0) & (given < sizes)).all()
        ):
            raise UserError(
                f"an action is {len(sizes)} whole numbers, each from 0 to below {sizes.tolist()},"
                f" not {action!r}"
            )
        return given

    def _observation(self, outcome: Outcome) -> NDArray[np.float64]:
        if outcome.reason is not None:
            return np.zeros(1 + len(self.metrics))
        return np.array([1.0, *(outcome.metrics[metric] for metric in self.metrics)])

    def _reward(self, outcome: Outcome) -> float:
        limits = self._study.limits
        if outcome.reason is not None or any(
            limit.excess(outcome.metrics[limit.metric]) > 0 for limit in limits
        ):
            return self._penalty
        return -sum(
            self._weights.get(objective.metric, 1.0)
            * objective.sign
            * outcome.metrics[objective.metric]
            for objective in self._study.objectives
        )

    def _checked(self, weights: Mapping[str, float]) -> Mapping[str, float]:
        names = [objective.metric for objective in self._study.objectives]
        for name in weights:
            if name not in names:
                raise UserError(f"there is no objective {name!r}{close_names(name, names)}")
        for name, weight in weights.items():
            require_finite(f"the weight of {name}", weight)
        return weights
