"""What engines that scale sums of groups take, and what they refuse."""

import re
from typing import Any

import numpy as np
import pytest

from golden.contract import Group
from golden.engines.mixpe import Params, jobs, layout, matmul
from golden.errors import UserError
from golden.formats import FP32, INT8, IntFormat
from golden.quantized import QuantizedTensor
from golden.scaled import Scale

SMALL = {"k": 2, "k_max": 12, "group_steps": 3, "weight": IntFormat(4)}


def test_formats_follow_from_groups() -> None:
    params = Params(**SMALL)
    # 6 products of -128 * -8, and 6 activations of -128.
    assert (params.group_max, params.sum_length) == (6, 6)
    assert params.sums == IntFormat(14)
    assert params.row_sums == IntFormat(11)
    assert params.results == FP32
    plain = Params(**SMALL, scale=Scale.NONE, zero_point=None)
    assert plain.sums == plain.results == IntFormat(15)
    fixed = Params(**SMALL, scale=Scale.UINT8)
    # 12 products of -128 and -8 - 127, times 255.
    low, high = 12 * 128 * -(7 + 128) * 255, 12 * 128 * 135 * 255
    assert fixed.results.contains(low, high)
    assert not IntFormat(fixed.results.bits - 1).contains(low, high)


def test_ports_follow_from_scales() -> None:
    ports = layout(Params(**SMALL))
    assert [*ports.streams] == ["activations", "weights", "scales", "zero_points", "results"]
    assert [field.dim.value for field in ports.job][-1] == "group_size"
    assert [*ports.job[-1].allowed] == [2, 4, 6]
    assert ports.job[-1].dim is Group.SIZE
    assert [*layout(Params(**SMALL, zero_point=None)).streams][2:] == ["scales", "results"]
    plain = Params(**SMALL, scale=Scale.NONE, zero_point=None)
    assert [*layout(plain).streams] == ["activations", "weights", "results"]
    assert next(iter(jobs(plain, 1, 1, 1))).group_size == 0
    assert next(iter(jobs(Params(**SMALL), 1, 1, 1))).group_size == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group_steps": 32768}, "group_steps must be an integer from 1 to 32767 where k=2"),
        ({"zero_point": IntFormat(17)}, "zero_point must be an integer format of 1 to 16 bits"),
        ({"scale": Scale.NONE}, "zero_point must be none where scale=none, not int8"),
        ({"result": INT8}, "result must be none where scale=fp32, which decides the format"),
        (
            {"scale": Scale.UINT8, "result": IntFormat(20)},
            "result int20 is too narrow for k_max=12 with int8 x int4",
        ),
        (
            {"accumulator": IntFormat(13)},
            "int13 is too narrow for group_steps=3 with int8 x int4: sums reach -6096 to 6144,",
        ),
        ({"accumulator": IntFormat(60)}, "accumulator int60 is too wide for scale=fp32"),
        (
            {
                "scale": Scale.UINT16,
                "zero_point": IntFormat(16),
                "activation": IntFormat(16, signed=False),
                "weight": IntFormat(16),
                "k_max": 65535,
            },
            "results with k_max=65535 take 65 bits, beyond 64",
        ),
    ],
)
def test_params_that_do_not_go_together_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        Params(**{**SMALL, **changes})


def test_a_result_may_wrap_but_not_a_sum_to_be_scaled() -> None:
    wrap = {"accumulator_overflow": Params().accumulator_overflow.__class__("wrap")}
    params = Params(**SMALL, **wrap, scale=Scale.UINT8, result=IntFormat(9), zero_point=None)
    a, w = np.full((1, 6), 100, np.uint8), np.full((6, 1), 7, np.uint8)
    tensor = QuantizedTensor(
        codes=w, format=params.weight, group_size=6, scales=np.full((1, 1), 3.0)
    )
    assert matmul(params, a, tensor).tolist() == [[6 * 700 * 3 % 512]]
    with pytest.raises(UserError, match="accumulator int8 is too narrow for group_steps"):
        Params(**SMALL, **wrap, accumulator=INT8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"group_size": 3}, "group_size of weights must be a multiple of k=2 up to 6"),
        ({"group_size": 8}, "group_size of weights must be a multiple of k=2 up to 6"),
        ({"group_size": None}, "not all of K=8"),
        ({"scales": np.ones((1, 1))}, "scales must have the shape (2, 1) of groups and columns"),
        ({"scales": np.full((2, 1), 0.1)}, "scales must be values of fp32, not 0.1"),
        ({"zero_points": np.full((2, 1), 128)}, "zero_points must be values of int8"),
        ({"codebook": np.ones(16)}, "weights must be bare codes: this engine applies no codebook"),
    ],
)
def test_weights_that_do_not_fit_are_refused(fields: dict[str, Any], message: str) -> None:
    params = Params(**SMALL)
    given = {"codes": np.zeros((8, 1), np.uint8), "format": params.weight, "group_size": 4}
    given |= fields
    with pytest.raises(UserError, match=re.escape(message)):
        matmul(params, np.zeros((1, 8), np.uint8), QuantizedTensor(**given))


def test_what_is_not_applied_is_refused() -> None:
    codes = np.zeros((2, 1), np.uint8)
    scaled = QuantizedTensor(codes=codes, format=IntFormat(4), scales=np.ones((1, 1)))
    plain = Params(**SMALL, scale=Scale.NONE, zero_point=None)
    with pytest.raises(UserError, match="scale=none applies no scales"):
        matmul(plain, np.zeros((1, 2), np.uint8), scaled)
    pointed = QuantizedTensor(
        codes=codes, format=IntFormat(4), zero_points=np.zeros((1, 1), np.int64)
    )
    with pytest.raises(UserError, match="no zero points where zero_point=none"):
        matmul(Params(**SMALL, zero_point=None), np.zeros((1, 2), np.uint8), pointed)
    with pytest.raises(UserError, match="K=13 exceeds k_max=12"):
        matmul(plain, np.zeros((1, 13), np.uint8), np.zeros((13, 1), np.uint8))
    with pytest.raises(UserError, match="can not be multiplied"):
        matmul(plain, np.zeros((1, 3), np.uint8), np.zeros((2, 1), np.uint8))
