"""Matrices of codes with what they mean."""

from typing import Any

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import INT8, BipolarFormat, IntFormat
from golden.quantized import QuantizedTensor

CODES = INT8.encode(np.zeros((4, 3), dtype=np.int64))


def test_shape() -> None:
    assert QuantizedTensor(codes=CODES, format=INT8).shape == (4, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": CODES[0]}, r"a quantized tensor is a matrix, not of shape \(3,\)"),
        ({"group_size": 0}, "group_size must be at least 1, not 0"),
        (
            {"scales": np.ones((2, 3)), "zero_points": np.zeros((1, 3), dtype=np.int64)},
            r"scales and zero_points must have one shape, not \(2, 3\) and \(1, 3\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        QuantizedTensor(**{"codes": CODES, "format": INT8, **changes})


def test_dequantize_by_hand() -> None:
    codes = INT8.encode([[1, -2], [3, 4], [-5, 6]])
    scales = np.array([[0.5, 2], [10, 1]])
    zero_points = np.array([[1, 0], [0, -1]])
    tensor = QuantizedTensor(
        codes=codes, format=INT8, group_size=2, scales=scales, zero_points=zero_points
    )
    assert tensor.dequantize().tolist() == [[0, -4], [1, 8], [-50, 7]]
    # Of activations (M, K) groups lie along the second axis.
    turned = QuantizedTensor(
        codes=codes.T, format=INT8, group_size=2, scales=scales.T, zero_points=zero_points.T
    )
    assert np.array_equal(turned.dequantize(k_axis=1), tensor.dequantize().T)
    assert QuantizedTensor(codes=codes, format=INT8).dequantize()[2].tolist() == [-5, 6]


def test_dequantize_codebooks() -> None:
    indices = IntFormat(2, signed=False).encode([[0, 3], [1, 2]])
    book = np.array([-1.0, 0.25, 0.5, 7])
    one = QuantizedTensor(codes=indices, format=IntFormat(2, signed=False), codebook=book)
    assert one.dequantize().tolist() == [[-1, 7], [0.25, 0.5]]
    books = np.stack([book, 10 * book])
    each = QuantizedTensor(codes=indices, format=IntFormat(2, signed=False), codebook=books)
    assert each.dequantize().tolist() == [[-1, 70], [0.25, 5]]
    assert each.dequantize(k_axis=1).tolist() == [[-1, 7], [2.5, 5]]


def test_dequantize_planes() -> None:
    bipolar2 = BipolarFormat(2)
    codes = bipolar2.encode([[-3, 1], [3, -1]])
    planes = np.array([[[0.5, 4], [1, 2]]])
    tensor = QuantizedTensor(codes=codes, format=bipolar2, planes=planes)
    assert tensor.dequantize().tolist() == [[-4.5, 1], [4.5, -1]]


@pytest.mark.parametrize(
    ("field", "shape"), [("scales", (1, 3)), ("zero_points", (2, 4)), ("planes", (3, 2, 8))]
)
def test_dequantize_wants_one_for_each_group(field: str, shape: tuple[int, ...]) -> None:
    more: dict[str, Any] = {
        field: np.ones(shape, np.int64 if field == "zero_points" else np.float64)
    }
    tensor = QuantizedTensor(codes=CODES, format=INT8, group_size=2, **more)
    with pytest.raises(UserError, match=f"{field} of a tensor .* must have the shape"):
        tensor.dequantize()
