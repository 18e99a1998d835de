"""Pareto fronts, by comparing every pair, and as Optuna has them."""

import numpy as np
import optuna
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tilewright.sweeps.pareto import pareto_front

POINTS = st.tuples(st.integers(0, 24), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 5).map(float))
)


def dominates(one: list[float], other: list[float]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@given(POINTS)
def test_no_pair_says_otherwise(values: np.ndarray) -> None:
    points = values.tolist()
    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert pareto_front(values).tolist() == expected


def test_optuna_agrees() -> None:
    values = np.random.default_rng(0).integers(0, 30, (60, 3)).astype(float)
    study = optuna.create_study(directions=["minimize"] * 3)
    study.add_trials([optuna.trial.create_trial(values=row) for row in values.tolist()])
    theirs = sorted(trial.number for trial in study.best_trials)
    assert np.flatnonzero(pareto_front(values)).tolist() == theirs
