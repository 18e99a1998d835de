"""Ranges: their levels, counted and sampled without writing them out."""

import pytest
from optuna.trial import FixedTrial

from tilewright.sweeps.dimensions import FloatRange, IntRange, Powers


@pytest.mark.parametrize(
    "dimension",
    [
        IntRange(name="a", fields=("a",), low=3, high=12, step=4),
        Powers(name="a", fields=("a",), low=3, high=25, factor=2),
        FloatRange(name="a", fields=("a",), low=0.1, high=0.75, step=0.2),
    ],
)
def test_levels_are_what_may_be_suggested(dimension: IntRange | Powers | FloatRange) -> None:
    levels = dimension.levels()
    assert len(levels) == dimension.count == 4 - isinstance(dimension, IntRange)
    for level in levels:
        trial = FixedTrial({"a": level})
        assert dimension.suggest(trial, "a") == level  # type: ignore[arg-type]
        assert vars(trial.distributions["a"])["high"] == levels[-1]


@pytest.mark.parametrize(
    ("dimension", "count"),
    [
        (IntRange(name="a", fields=("a",), low=1, high=10**18), 10**18),
        (FloatRange(name="a", fields=("a",), low=0.0, high=5e8, step=0.5), 10**9 + 1),
    ],
)
def test_long_ranges_are_not_written_out(dimension: IntRange | FloatRange, count: int) -> None:
    assert dimension.count == count
    assert dimension.suggest(FixedTrial({"a": 1}), "a") == 1  # type: ignore[arg-type]
