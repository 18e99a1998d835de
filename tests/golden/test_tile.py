"""Jobs, ports and operands of engines that do a tile per step."""

import re
from dataclasses import dataclass

import numpy as np
import pytest

from golden.arith.sums import Overflow, check_accumulator, sum_range, sums_format
from golden.contract import Beat, Dim, Job, JobField, Lane, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import INT8, TERNARY, UINT8, BipolarFormat, Format, IntFormat
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import (
    TileParams,
    activations_port,
    job_fields,
    levels,
    multiply,
    operand_codes,
    results_port,
    tile_jobs,
    tile_layout,
)


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    m: int = param(2, "rows")
    n: int = param(3, "columns")
    weight: Format = param(INT8, "weights")
    k_max: int = param(100, "longest K")
    stages: int = param(1, "stages")

    def check_operands(self) -> None:
        if self.weight == TERNARY:
            raise UserError("weight must be an integer format, not ternary")


@dataclass(frozen=True, kw_only=True)
class DeepParams(Params):
    stages: int = param(2, "stages")

    @property
    def least_stages(self) -> int:
        return 2


@pytest.mark.parametrize(("k", "depth"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (256, 8)])
def test_a_level_of_adders_halves_what_is_left(k: int, depth: int) -> None:
    assert levels(k) == depth


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"m": 0}, "m must be an integer from 1 to 256, not 0"),
        ({"n": 257}, "n must be an integer from 1 to 256, not 257"),
        ({"k": 0}, "k must be an integer from 1 to 256, not 0"),
        ({"k_max": 65536}, "k_max must be an integer from 1 to 65535, not 65536"),
        ({"stages": 0}, "stages must be an integer from 1 to 5 where k=4, not 0"),
        ({"stages": 6}, "stages must be an integer from 1 to 5 where k=4, not 6"),
        ({"stages": 4, "k": 1}, "stages must be an integer from 1 to 3 where k=1, not 4"),
    ],
)
def test_sizes_out_of_range_are_refused(given: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        Params(**given)


def test_an_engine_may_need_more_stages() -> None:
    assert DeepParams().stages == 2
    with pytest.raises(UserError, match="stages must be an integer from 2 to 5 where k=4, not 1"):
        DeepParams(stages=1)


def test_an_engine_checks_its_operands_itself() -> None:
    with pytest.raises(UserError, match="weight must be an integer format, not ternary"):
        Params(weight=TERNARY)
    with pytest.raises(UserError, match="activation must be a number format, not 8"):
        Params(activation=8)  # type: ignore[arg-type]  # what a user may try


def test_jobs_are_tiles_of_rows_and_columns_with_all_of_k() -> None:
    found = [*tile_jobs(Params(), 3, 5, 9)]
    assert [(job.m0, job.m, job.n0, job.n) for job in found] == [
        (0, 2, 0, 3),
        (0, 2, 3, 2),
        (2, 1, 0, 3),
        (2, 1, 3, 2),
    ]
    assert {(job.k0, job.k) for job in found} == {(0, 9)}


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_empty_gemms_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match=r"[mnk] of a GEMM must be at least 1, not (0|-1)"):
        tile_jobs(Params(), *wrong)


def test_k_beyond_what_the_accumulator_holds_is_refused() -> None:
    message = "K=9 exceeds k_max=8, for which the accumulator int19 was sized; set k_max=9"
    with pytest.raises(UserError, match=re.escape(message)):
        tile_jobs(Params(k_max=8), 1, 1, 9)


def test_a_step_brings_all_rows_and_results_leave_row_by_row() -> None:
    params = Params(m=2, n=2, k=2)
    job = Job(m=1, n=2, k=3)
    activations, results = activations_port(params), results_port(params)
    assert (activations.operand, results.operand) == (Operand.A, Operand.D)
    assert activations.elements(job).tolist() == [[0, 1, -1, -1], [2, -1, -1, -1]]
    assert results.elements(Job(m=2, n=1, k=3)).tolist() == [[0, -1], [1, -1]]
    assert [(field.dim, field.most) for field in job_fields(params)] == [(Dim.M, 2), (Dim.K, 100)]


def test_a_layout_tells_jobs_what_else_they_say() -> None:
    params = Params()
    weights = PortLayout(
        operand=Operand.W, format=INT8, lanes=(Lane(Dim.N, 3),), beats=(Beat(Dim.K),)
    )
    ports = tile_layout(params, weights, JobField(Width.WEIGHT, 8))
    assert ports.job == (*job_fields(params), JobField(Width.WEIGHT, 8))
    assert (ports.activations, ports.results) == (activations_port(params), results_port(params))
    assert ports.weights == weights
    assert tile_layout(params, weights, activations=weights).activations == weights


def test_products_are_exact_modulo_the_accumulator() -> None:
    params = Params(accumulator=IntFormat(9), accumulator_overflow=Overflow.WRAP)
    a, w = INT8.encode([[100, -3]]), INT8.encode([[7], [5]])
    c = IntFormat(9).encode([[1]])
    assert params.sums.decode(multiply(params, a, w)).tolist() == [[700 - 15 - 512]]
    assert params.sums.decode(multiply(params, a, w, c)).tolist() == [[701 - 15 - 512]]


@pytest.mark.parametrize(
    ("activation", "weight", "low", "high"),
    [
        (INT8, INT8, -127 * 128, 128 * 128),
        (UINT8, UINT8, 0, 255 * 255),
        (INT8, IntFormat(1), -127, 128),
        (INT8, BipolarFormat(2), -3 * 128, 3 * 128),
        (UINT8, TERNARY, -255, 255),
    ],
)
def test_sums_reach_as_far_as_their_largest_products(
    activation: Format, weight: Format, low: int, high: int
) -> None:
    assert sum_range(activation, weight, 1) == (low, high)
    assert sum_range(activation, weight, 10) == (10 * low, 10 * high)


def test_sums_have_the_narrowest_format_unless_one_is_given() -> None:
    # 100 products of -128 and -128 are 1,638,400, beyond 2 ** 20.
    assert sums_format(Params()) == IntFormat(22)
    assert sums_format(Params(accumulator=IntFormat(30))) == IntFormat(30)
    message = "accumulator int21 is too narrow for k_max=100 with int8 x int8: sums reach"
    with pytest.raises(UserError, match=message):
        Params(accumulator=IntFormat(21))
    check_accumulator(Params(accumulator=IntFormat(21), accumulator_overflow=Overflow.WRAP))


def test_operands_say_their_own_width_where_they_may() -> None:
    codes = np.zeros((2, 2), np.uint8)
    bare, widest = operand_codes("weights", codes, INT8)
    assert bare is codes
    assert widest == INT8
    for format in (IntFormat(3), INT8):
        tensor = QuantizedTensor(codes=codes, format=format)
        found, said = operand_codes("weights", tensor, INT8, narrower=True)
        assert found is codes
        assert said == format


@pytest.mark.parametrize(
    ("format", "narrower", "said"),
    [
        (IntFormat(4), False, "weights must be int8, not int4"),
        (IntFormat(9), True, "weights must be int8 or the same with fewer bits, not int9"),
        (UINT8, True, "weights must be int8 or the same with fewer bits, not uint8"),
        (TERNARY, True, "weights must be int8 or the same with fewer bits, not ternary"),
    ],
)
def test_operands_of_another_format_are_refused(format: Format, narrower: bool, said: str) -> None:
    tensor = QuantizedTensor(codes=np.zeros((2, 2), np.uint8), format=format)
    with pytest.raises(UserError, match=said):
        operand_codes("weights", tensor, INT8, narrower=narrower)


def test_scales_are_refused() -> None:
    tensor = QuantizedTensor(
        codes=np.zeros((2, 2), np.uint8), format=INT8, scales=np.ones((1, 2), np.float64)
    )
    with pytest.raises(UserError, match="activations must be bare codes: this engine applies no s"):
        operand_codes("activations", tensor, INT8)
