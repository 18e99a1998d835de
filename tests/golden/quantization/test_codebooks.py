"""Learned codebooks, against every partition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import NF4, IntFormat
from golden.quantization.codebooks import clusters, learned_codebook
from golden.quantization.groups import to_largest
from golden.quantized import QuantizedTensor

Reals = NDArray[np.float64]


def cost(values: Reals, weights: Reals, centres: Reals) -> float:
    distances = (values[:, np.newaxis] - centres) ** 2
    return float(np.sum(weights * distances.min(axis=1)))


def least_cost(values: Reals, weights: Reals, count: int) -> float:
    """Over all ways to put values in clusters, whose centres are weighted means."""
    best = np.inf
    for labels in itertools.product(range(count), repeat=len(values)):
        total = 0.0
        for label in set(labels):
            inside = np.array(labels) == label
            w, x = weights[inside], values[inside]
            centre = np.sum(w * x) / np.sum(w) if np.sum(w) else 0.0
            total += float(np.sum(w * (x - centre) ** 2))
        best = min(best, total)
    return best


@settings(max_examples=30, deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 3)), min_size=1, max_size=5),
    count=st.integers(1, 3),
)
def test_clusters_are_the_best(points: list[tuple[int, int]], count: int) -> None:
    values = np.array([x for x, _ in points], float)
    weights = np.array([w for _, w in points], float)
    centres = clusters(values, weights, count)
    assert centres.shape == (count,)
    assert np.all(np.diff(centres) >= 0)
    least = least_cost(values, weights, count)
    assert cost(values, weights, centres) == pytest.approx(least, abs=1e-9)


def test_columns_with_few_values_are_held_exactly() -> None:
    rng = np.random.default_rng(0)
    books = rng.standard_normal((3, 16))
    books /= np.abs(books).max(axis=1, keepdims=True)
    matrix = np.stack([rng.permutation(np.repeat(book, 2)) for book in books], axis=1)
    tensor = learned_codebook(matrix)
    assert tensor.codebook is not None
    assert tensor.codebook.shape == (3, 16)
    assert tensor.dequantize() == pytest.approx(matrix)
    assert tensor.format == IntFormat(4, signed=False)


def test_learned_levels_beat_fixed_ones_of_the_same_scales() -> None:
    matrix = np.random.default_rng(1).standard_t(3, (128, 4))
    learned = learned_codebook(matrix, group_size=64)
    fixed = to_largest(matrix, NF4, group_size=64)
    assert learned.scales is not None
    assert fixed.scales is not None
    assert np.array_equal(learned.scales, fixed.scales)
    errors = [((matrix - tensor.dequantize()) ** 2).sum() for tensor in (learned, fixed)]
    assert errors[0] < errors[1]


def test_importance_goes_where_activations_are_large() -> None:
    rng = np.random.default_rng(2)
    matrix, activations = rng.standard_normal((64, 2)), rng.standard_normal((500, 64))
    activations[:, :8] *= 20
    importance = (activations**2).mean(axis=0)
    outputs = activations @ matrix

    def error(tensor: QuantizedTensor) -> float:
        return float(((outputs - activations @ tensor.dequantize()) ** 2).sum())

    plain = learned_codebook(matrix, bits=2)
    guided = learned_codebook(matrix, bits=2, importance=importance)
    assert error(guided) < error(plain)


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_out_of_range(bits: int) -> None:
    with pytest.raises(UserError, match=f"1 to 8 bits, not {bits}"):
        learned_codebook(np.ones((2, 2)), bits=bits)
