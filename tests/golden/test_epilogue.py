"""The epilogue against integers of Python and NumPy's single precision."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.epilogue import Epilogue
from golden.formats import BF16, FP32, IntFormat

INT20, INT16, UINT8 = IntFormat(20), IntFormat(16), IntFormat(8, signed=False)
FLOAT = Epilogue(
    sums=INT20, scale=FP32, result=FP32, zero_point=IntFormat(8), row_sums=IntFormat(15)
)


def drawn(
    rng: np.random.Generator, groups: int = 3, m: int = 2, n: int = 4
) -> tuple[NDArray[np.int64], ...]:
    sums = rng.integers(INT20.min, INT20.max + 1, (groups, m, n))
    points = rng.integers(-128, 128, (groups, n))
    rows = rng.integers(-(1 << 14), 1 << 14, (groups, m))
    return sums, points, rows


def test_single_precision_is_that_of_numpy_in_order_of_groups() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        sums, points, rows = drawn(rng)
        scales = rng.normal(size=(3, 4)).astype(np.float32)
        total = np.zeros((2, 4), np.float32)
        for group in range(3):
            exact = sums[group] - rows[group][:, np.newaxis] * points[group]
            total = total + exact.astype(np.float32) * scales[group]
        found = FLOAT.apply(sums, scales.view(np.uint32), zero_points=points, row_sums=rows)
        assert np.array_equal(found, total.view(np.uint32))


def test_order_of_groups_matters() -> None:
    """2**24 swallows a 1 after it, and keeps one half of 2 that came before it."""
    sums = np.array([1 << 18, 1, 1])[:, np.newaxis, np.newaxis]
    scales = FP32.encode([[64.0], [1.0], [1.0]])
    plain = Epilogue(sums=INT20, scale=FP32, result=FP32)
    assert FP32.decode(plain.apply(sums, scales)).item() == 2**24
    assert FP32.decode(plain.apply(sums[::-1], scales[::-1])).item() == 2**24 + 2


def test_integers_of_more_than_24_bits_are_rounded_before_the_scale() -> None:
    wide = Epilogue(sums=IntFormat(30), scale=FP32, result=FP32)
    sums = np.array([[[(1 << 25) + 1]]])
    assert FP32.decode(wide.apply(sums, FP32.encode([[3.0]]))).item() == 3 * 2**25


def test_integer_scales_are_exact_and_wrap() -> None:
    rng = np.random.default_rng(1)
    for bits in (12, 40, 64):
        fixed = Epilogue(
            sums=INT20,
            scale=UINT8,
            result=IntFormat(bits),
            zero_point=IntFormat(8),
            row_sums=IntFormat(15),
        )
        sums, points, rows = drawn(rng)
        scales = rng.integers(0, 256, (3, 4)).astype(np.uint8)
        start = fixed.result.encode(rng.integers(-2048, 2048, (2, 4)))
        found = fixed.apply(sums, scales, zero_points=points, row_sums=rows, start=start)
        for m, n in np.ndindex(2, 4):
            exact = int(start[m, n]) + sum(
                int(scales[g, n]) * (int(sums[g, m, n]) - int(points[g, n]) * int(rows[g, m]))
                for g in range(3)
            )
            assert int(found[m, n]) == exact % (1 << bits)


def test_zero_points_cancel_what_they_should() -> None:
    """Weights that all equal their zero point give +0 whatever the activations and scales."""
    activations = np.array([5, -7, 100])
    sums = np.array([[[int(9 * activations.sum())]]])
    found = FLOAT.apply(
        sums,
        FP32.encode([[-3.5]]),
        zero_points=np.array([[9]]),
        row_sums=np.array([[int(activations.sum())]]),
    )
    assert found.tolist() == [[0]]


def test_a_start_of_minus_zero_and_none() -> None:
    plain = Epilogue(sums=INT20, scale=FP32, result=FP32)
    zero = np.zeros((1, 1, 1), np.int64)
    minus = FP32.encode([[-1.0]])
    assert plain.apply(zero, minus).tolist() == [[0]]
    start = np.array([[FP32.sign]], np.uint32)
    assert plain.apply(zero, minus, start=start).tolist() == [[FP32.sign]]
    assert plain.apply(zero[:0], minus, start=start).tolist() == [[FP32.sign]]


def test_the_difference_holds_its_extremes() -> None:
    assert FLOAT.difference == IntFormat(23)
    corner = (1 << 19) + 128 * (1 << 14)
    assert FLOAT.difference.contains(-corner, corner - 1)
    assert Epilogue(sums=INT20, scale=FP32, result=FP32).difference == INT20
    unsigned = Epilogue(sums=IntFormat(5, signed=False), scale=FP32, result=FP32)
    assert unsigned.difference == IntFormat(6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zero_point": None}, "zero points take row sums"),
        ({"result": BF16}, "scales of fp32 do not give results of bf16"),
        ({"result": INT20}, "scales of fp32 do not give results of int20"),
        ({"sums": IntFormat(60)}, "int61 is too wide to be rounded once"),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, object], message: str) -> None:
    given = {
        "sums": INT20,
        "scale": FP32,
        "result": FP32,
        "zero_point": IntFormat(8),
        "row_sums": IntFormat(15),
    }
    with pytest.raises(ValueError, match=re.escape(message)):
        Epilogue(**{**given, **changes})
