"""Matrices of codes with what they mean."""

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import INT8
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
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        QuantizedTensor(**{"codes": CODES, "format": INT8, **changes})  # type: ignore[arg-type]
