"""Groups of weights, against brute force and the published definitions."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import NF4, TERNARY, BipolarFormat, Format, IntFormat, parse_format
from golden.quantization.groups import absmean_ternary, affine, least_error, to_largest
from golden.quantization.levels import format_levels
from golden.quantized import QuantizedTensor

Reals = NDArray[np.float64]


def weights(*shape: int, seed: int = 0) -> Reals:
    return np.random.default_rng(seed).standard_normal(shape)


def squared_error(tensor: QuantizedTensor, of: Reals, importance: Reals | float = 1.0) -> float:
    return float(np.sum(importance * (of - tensor.dequantize()) ** 2))


def brute_force(group: Reals, levels: Reals, importance: Reals) -> float:
    """Least error of a group over all choices of levels, each with its own best scale."""
    best = float(np.sum(importance * group**2))
    for choice in itertools.product(levels, repeat=len(group)):
        v = np.array(choice)
        dot, norm = np.sum(importance * group * v), np.sum(importance * v**2)
        if dot > 0 and norm > 0:
            best = min(best, float(np.sum(importance * group**2) - dot**2 / norm))
    return best


@pytest.mark.parametrize("name", ["int2", "int3", "ternary", "bipolar1", "bipolar2", "flint3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_least_error_is_that_of_brute_force(name: str, weighted: bool) -> None:
    format = parse_format(name)
    matrix = weights(8, 3)
    importance = np.random.default_rng(1).random((8, 3)) if weighted else np.ones((8, 3))
    tensor = least_error(matrix, format, group_size=3, importance=importance if weighted else None)
    assert (tensor.format, tensor.group_size) == (format, 3)
    least = sum(
        brute_force(matrix[k : k + 3, n], format_levels(format), importance[k : k + 3, n])
        for k in range(0, 8, 3)
        for n in range(3)
    )
    assert squared_error(tensor, matrix, importance) == pytest.approx(least)


@pytest.mark.parametrize("format", [IntFormat(2, signed=False), IntFormat(2), IntFormat(3)])
def test_affine_is_the_best_of_all_zero_points(format: IntFormat) -> None:
    matrix = weights(3, 4) + 0.7
    tensor = affine(matrix, format)
    assert tensor.zero_points is not None
    assert tensor.zero_points.min() >= format.min
    assert tensor.zero_points.max() <= format.max
    least = sum(
        min(
            brute_force(matrix[:, n], format_levels(format) - z, np.ones(3))
            for z in range(format.min, format.max + 1)
        )
        for n in range(4)
    )
    assert squared_error(tensor, matrix) == pytest.approx(least)


def test_affine_of_wide_formats_beats_the_extremes() -> None:
    format = IntFormat(8, signed=False)
    matrix = weights(16, 3) + 1.5
    tensor = affine(matrix, format)
    low = np.minimum(matrix.min(axis=0), 0)
    step = (np.maximum(matrix.max(axis=0), 0) - low) / 255
    zero_point = np.rint(-low / step)
    usual = np.clip(np.rint(matrix / step) + zero_point, 0, 255)
    assert squared_error(tensor, matrix) <= np.sum((matrix - step * (usual - zero_point)) ** 2)
    assert tensor.zero_points is not None
    assert np.all(np.abs(tensor.zero_points - zero_point) <= 2)


def test_nf4_as_published() -> None:
    """Blocks of 64, the largest magnitude becomes 1 or −1, the others the nearest levels."""
    matrix = weights(128, 2)
    tensor = to_largest(matrix, NF4, group_size=64)
    assert tensor.scales is not None
    largest = np.abs(matrix.reshape(2, 64, 2)).max(axis=1)
    assert np.array_equal(tensor.scales, largest)
    levels = NF4.decode(np.arange(16))
    scaled = matrix / np.repeat(largest, 64, axis=0)
    nearest = np.abs(scaled[..., np.newaxis] - levels).argmin(axis=-1)
    assert np.array_equal(tensor.codes, nearest)


@pytest.mark.parametrize(
    ("format", "scale"),
    [(IntFormat(4), 1.5 / 8), (IntFormat(4, signed=False), 1.2 / 15), (BipolarFormat(2), 1.5 / 3)],
)
def test_to_largest_reaches_the_ends(format: Format, scale: float) -> None:
    tensor = to_largest(np.array([[1.2], [-1.5], [0.1]]), format)
    assert tensor.scales is not None
    assert tensor.scales.item() == pytest.approx(scale)


def test_absmean_by_the_definition() -> None:
    matrix = weights(6, 5)
    tensor = absmean_ternary(matrix)
    scale = np.abs(matrix).mean()
    assert tensor.format == TERNARY
    assert tensor.scales is not None
    assert np.all(tensor.scales == scale)
    assert np.array_equal(tensor.dequantize(), scale * np.clip(np.rint(matrix / scale), -1, 1))
    assert np.array_equal(absmean_ternary(np.zeros((2, 2))).dequantize(), np.zeros((2, 2)))


def test_the_last_group_may_be_shorter() -> None:
    matrix = weights(10, 2)
    whole = least_error(matrix, IntFormat(3), group_size=4)
    assert whole.scales is not None
    assert whole.scales.shape == (3, 2)
    last = least_error(matrix[8:], IntFormat(3))
    assert np.allclose(whole.dequantize()[8:], last.dequantize())
    # A group longer than K is all of K.
    assert least_error(matrix, IntFormat(3), group_size=99).group_size == 10


@pytest.mark.parametrize(
    ("matrix", "size", "said"),
    [
        (np.zeros(3), None, r"a matrix \(K, N\), not of shape \(3,\)"),
        (np.zeros((0, 3)), None, r"not of shape \(0, 3\)"),
        (np.array([[np.nan]]), None, "must be finite"),
        (np.zeros((2, 2)), 0, "group_size must be at least 1, not 0"),
    ],
)
def test_refusals(matrix: Reals, size: int | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        least_error(matrix, IntFormat(4), group_size=size)
