"""Scales of least squared error, against every choice of levels."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.quantization.scales import SMALLEST_SCALE, fit_scales, nearest_levels

LEVELS = {
    "bipolar1": [-1, 1],
    "ternary": [-1, 0, 1],
    "int2": [-2, -1, 0, 1],
    "bipolar2": [-3, -1, 1, 3],
    "uint2": [0, 1, 2, 3],
    "powers": [-4, -2, -1, 0, 1, 2, 4],
    "off-centre": [-0.7, 0.1, 0.4],
    "one-sided": [1, 3],
}

numbers = st.one_of(
    st.just(0.0), st.floats(-4, 4, width=32).map(lambda x: x if abs(x) > 1e-3 else 0.0)
)


def least_error(
    values: NDArray[np.float64], levels: list[float], weights: NDArray[np.float64]
) -> float:
    """Over all choices of levels, each with its own best scale of at least 0."""
    best = float(np.sum(weights * values**2))
    for choice in itertools.product(levels, repeat=len(values)):
        v = np.array(choice, float)
        dot, norm = np.sum(weights * values * v), np.sum(weights * v**2)
        if dot > 0 and norm > 0:
            best = min(best, float(np.sum(weights * values**2) - dot**2 / norm))
    return best


@pytest.mark.parametrize("name", LEVELS)
@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(numbers, min_size=1, max_size=4),
    weights=st.lists(st.integers(0, 3), max_size=4),
)
def test_no_choice_of_levels_is_better(name: str, values: list[float], weights: list[int]) -> None:
    group = np.array([values])
    importance = np.ones_like(group)
    importance[0, : len(weights)] = weights[: len(values)]
    fit = fit_scales(group, np.array(LEVELS[name], float), importance)
    assert fit.scales[0] > 0
    least = least_error(group[0], LEVELS[name], importance[0])
    assert fit.errors[0] == pytest.approx(least, abs=1e-9 * (1 + np.sum(group**2)))


def test_errors_are_those_of_what_is_returned() -> None:
    rng = np.random.default_rng(0)
    values, levels = rng.standard_normal((5, 40)), np.arange(-8.0, 8)
    importance = rng.random((5, 40))
    fit = fit_scales(values, levels, importance)
    lost = values - fit.scales[:, np.newaxis] * levels[fit.choices]
    assert np.allclose(fit.errors, np.sum(importance * lost**2, axis=1))
    # Each group by itself is the same.
    alone = [fit_scales(values[i : i + 1], levels, importance[i : i + 1]) for i in range(5)]
    assert np.array_equal(fit.scales, np.concatenate([one.scales for one in alone]))
    # No scale of a fine grid does better.
    for group, row in enumerate(values):
        for scale in np.geomspace(1e-2, 1, 400):
            other = row - scale * levels[nearest_levels(row / scale, levels)]
            assert fit.errors[group] <= np.sum(importance[group] * other**2) + 1e-12


def test_what_is_held_exactly_stays() -> None:
    levels = np.arange(-8.0, 8)
    exact = 0.125 * np.array([[-8.0, 7, 3, 0, 1]])
    fit = fit_scales(exact, levels)
    assert fit.scales[0] * levels[fit.choices[0]] == pytest.approx(exact[0], abs=1e-15)


def test_groups_of_nothing_but_zeros() -> None:
    zeros = np.zeros((1, 3))
    assert fit_scales(zeros, np.array([-1.0, 0, 1])).scales[0] == 1
    fit = fit_scales(zeros, np.array([-1.0, 1]))
    assert fit.scales[0] == SMALLEST_SCALE
    assert np.float32(fit.scales[0]) > 0


def test_many_groups_are_taken_in_parts() -> None:
    rng = np.random.default_rng(1)
    values, levels = rng.standard_normal((9000, 32)), np.arange(-8.0, 8)
    whole = fit_scales(values, levels)
    part = fit_scales(values[8500:], levels)
    assert np.array_equal(whole.scales[8500:], part.scales)


def test_halves_go_to_the_level_nearer_to_zero() -> None:
    levels = np.array([-2.0, -1, 0, 1, 2])
    values = np.array([-1.5, -0.5, 0.5, 1.5, -9, 9, 0])
    assert levels[nearest_levels(values, levels)].tolist() == [-1, 0, 0, 1, -2, 2, 0]
