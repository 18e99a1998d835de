"""Planes of signs with scales, against brute force over signs and scales."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import BipolarFormat
from golden.quantization.planes import binary_planes, power_of_two_planes
from golden.quantized import QuantizedTensor

Reals = NDArray[np.float64]


def error(tensor: QuantizedTensor, matrix: Reals) -> float:
    return float(((matrix - tensor.dequantize()) ** 2).sum())


def least_error(group: Reals, bits: int) -> float:
    """Over all signs, with scales of least squares."""
    best = np.inf
    for signs in itertools.product([-1.0, 1.0], repeat=bits * len(group)):
        b = np.array(signs).reshape(len(group), bits)
        alpha, *_ = np.linalg.lstsq(b, group)
        best = min(best, float(((group - b @ alpha) ** 2).sum()))
    return best


def matrix(k: int = 5, n: int = 6) -> Reals:
    return np.random.default_rng(0).standard_normal((k, n))


def test_one_plane_is_the_best() -> None:
    """Signs of the weights and their mean magnitude: XNOR-Net, equation 6."""
    tensor = binary_planes(matrix(), bits=1)
    assert tensor.planes is not None
    assert tensor.planes[..., 0] == pytest.approx(np.abs(matrix()).mean(axis=0)[np.newaxis])
    assert np.array_equal(tensor.codes, matrix() >= 0)
    assert error(tensor, matrix()) == pytest.approx(
        sum(least_error(column, 1) for column in matrix().T)
    )


def test_two_planes_are_near_the_best() -> None:
    tensor = binary_planes(matrix(), bits=2)
    least = sum(least_error(column, 2) for column in matrix().T)
    assert least - 1e-9 <= error(tensor, matrix()) <= 1.5 * least


@pytest.mark.parametrize("planes", [binary_planes, power_of_two_planes])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_codes_are_the_nearest_sums(planes: Callable[..., QuantizedTensor], bits: int) -> None:
    values = matrix(24, 3)
    tensor = planes(values, bits=bits, group_size=8)
    assert tensor.format == BipolarFormat(bits)
    assert tensor.planes is not None
    assert tensor.planes.shape == (3, 3, bits)
    for k, n in np.ndindex(values.shape):
        sums = [
            sum(plane * sign for plane, sign in zip(tensor.planes[k // 8, n], signs, strict=True))
            for signs in itertools.product([-1, 1], repeat=bits)
        ]
        held = tensor.dequantize()[k, n]
        assert abs(values[k, n] - held) == pytest.approx(np.abs(values[k, n] - sums).min())


def test_more_planes_less_error() -> None:
    values = matrix(64, 4)
    errors = [error(binary_planes(values, bits=bits), values) for bits in (1, 2, 3, 4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 0.1 * errors[0]


def test_scales_of_least_squares() -> None:
    """No change of scales alone makes it better."""
    values = matrix(32, 2)
    tensor = binary_planes(values, bits=3)
    signs = 2.0 * ((tensor.codes[..., np.newaxis] >> np.arange(3)) & 1) - 1
    for n in range(2):
        alpha, *_ = np.linalg.lstsq(signs[:, n], values[:, n])
        best = ((values[:, n] - signs[:, n] @ alpha) ** 2).sum()
        mine = ((values[:, n] - tensor.dequantize()[:, n]) ** 2).sum()
        assert mine <= best * 1.05


def test_powers_of_two() -> None:
    values = matrix(32, 4)
    tensor = power_of_two_planes(values, bits=3, group_size=16)
    assert tensor.planes is not None
    assert np.all(np.frexp(tensor.planes)[0] == 0.5)
    assert error(tensor, values) >= error(binary_planes(values, bits=3, group_size=16), values)


def test_weights_that_planes_hold_are_held() -> None:
    tensor = power_of_two_planes(np.array([[3.0], [1], [-1], [-3]]), bits=2)
    assert tensor.planes is not None
    assert tensor.planes[0, 0].tolist() == [1, 2]
    assert tensor.codes[:, 0].tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("bits", [0, 9])
def test_bits_out_of_range(bits: int) -> None:
    with pytest.raises(UserError, match=f"planes must be 1 to 8, not {bits}"):
        binary_planes(matrix(), bits=bits)
