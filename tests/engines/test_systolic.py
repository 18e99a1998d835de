"""Corner cases of the systolic array, beyond the contract of every engine."""

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.contract import Dim, Operand
from golden.engines.systolic import (
    MAX_SIDE,
    MAX_STREAM,
    Dataflow,
    Overflow,
    Params,
    jobs,
    layout,
    matmul,
)
from golden.errors import UserError
from golden.formats import INT8, UINT8, IntFormat
from hw.bench.simulators import Simulator
from hw.emit import emit_verilog
from sim.engines.systolic import timing, timing_sequence
from tests.support.contract import check
from tests.support.verilog import lint, modules, repeated_modules
from tilewright.catalog import find_engine

SIZES = ((1, 1), (1, 4), (4, 1), (2, 3), (3, 5), (4, 4))
FORMATS = (
    {"activation": INT8, "weight": INT8},
    {"activation": UINT8, "weight": IntFormat(4)},
    {"activation": IntFormat(16), "weight": IntFormat(2)},
    {"activation": IntFormat(4), "weight": UINT8},
    {
        "activation": INT8,
        "weight": INT8,
        "accumulator": IntFormat(9),
        "accumulator_overflow": Overflow.WRAP,
    },
)
DESIGNS = tuple(
    Params(
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        pe_pipeline=pipeline,
        k_max=11,
        **formats,
    )
    for ((rows, cols), dataflow, pipeline), formats in zip(
        itertools.product(SIZES, Dataflow, (False, True)), itertools.cycle(FORMATS)
    )
)


def describe(params: Params) -> str:
    return (
        f"{params.rows}x{params.cols}-{params.dataflow.value}-{params.activation}-{params.weight}"
        f"-{params.sums}{'-pipeline' * params.pe_pipeline}"
    )


@pytest.mark.parametrize("params", DESIGNS, ids=describe)
def test_corner_sizes_in_every_dataflow(params: Params) -> None:
    assert check(find_engine("systolic"), params, np.random.default_rng(3)) == []


@pytest.mark.parametrize(
    ("dataflow", "outer", "inner"),
    [
        (Dataflow.OS, Dim.M, Dim.N),
        (Dataflow.WS, Dim.M, Dim.N),
        (Dataflow.IS, Dim.N, Dim.M),
    ],
)
def test_jobs_finish_one_result_tile_before_the_next(
    dataflow: Dataflow, outer: Dim, inner: Dim
) -> None:
    found = [*jobs(Params(rows=2, cols=3, dataflow=dataflow), 5, 7, 9)]
    order = [(job.offset(outer), job.offset(inner), job.k0) for job in found]
    assert order == sorted(order)


@pytest.mark.parametrize("dataflow", [Dataflow.WS, Dataflow.IS])
def test_streams_longer_than_the_job_field_are_cut(dataflow: Dataflow) -> None:
    params = Params(rows=2, cols=2, dataflow=dataflow)
    stream = params.array_dims[2]
    size = {Dim.M: 1, Dim.N: 1, Dim.K: 1, stream: MAX_STREAM + 1}
    lengths = [job.size(stream) for job in jobs(params, *size.values())]
    assert lengths == [MAX_STREAM, 1]


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_empty_gemms_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match=r"[mnk] of a GEMM must be at least 1, not (0|-1)"):
        jobs(Params(), *wrong)


def test_k_beyond_what_the_accumulator_holds_is_refused() -> None:
    params = Params(k_max=8)
    message = "K=9 exceeds k_max=8, for which the accumulator int19 was sized; set k_max=9"
    with pytest.raises(UserError, match=re.escape(message)):
        jobs(params, 1, 1, 9)
    with pytest.raises(UserError, match=re.escape(message)):
        matmul(params, np.zeros((1, 9), np.uint8), np.zeros((9, 1), np.uint8))


def test_an_accumulator_that_is_too_narrow_is_refused_unless_it_may_wrap() -> None:
    message = (
        "accumulator int18 is too narrow for k_max=8 with int8 x int8: sums reach -130048 to"
        " 131072, which takes int19; widen it, lower k_max, or set accumulator_overflow=wrap"
    )
    with pytest.raises(UserError, match=re.escape(message)):
        Params(k_max=8, accumulator=IntFormat(18))
    Params(k_max=8, accumulator=IntFormat(19))
    wrapping = Params(
        k_max=8, accumulator=IntFormat(18), accumulator_overflow=Overflow.WRAP, rows=1, cols=1
    )
    most = np.full((1, 8), 0x80, np.uint8)
    assert wrapping.sums.decode(matmul(wrapping, most, most.T)).tolist() == [[131072 - (1 << 18)]]


@pytest.mark.parametrize("name", ["rows", "cols", "k_max"])
def test_sizes_are_checked_at_both_ends(name: str) -> None:
    most = {"rows": MAX_SIDE, "cols": MAX_SIDE, "k_max": MAX_STREAM}[name]
    for value in (1, most):
        assert getattr(Params(**{name: value}), name) == value
    for value in (0, most + 1):
        with pytest.raises(
            UserError, match=f"{name} must be an integer from 1 to {most}, not {value}"
        ):
            Params(**{name: value})


def test_operands_wider_than_16_bits_are_refused() -> None:
    with pytest.raises(
        UserError, match="weight must be an integer format of 1 to 16 bits, not int17"
    ):
        Params(weight=IntFormat(17))


@pytest.mark.parametrize("dataflow", Dataflow)
def test_axes_of_the_array_are_those_of_the_dataflow(dataflow: Dataflow) -> None:
    """Rows by columns: M x N, K x N and K x M."""
    ports = layout(Params(rows=3, cols=5, dataflow=dataflow))
    lanes = {
        port.operand: {lane.dim: lane.count for lane in port.lanes}
        for port in (ports.activations, ports.weights, ports.results)
    }
    assert (
        lanes
        == {
            Dataflow.OS: {Operand.A: {Dim.M: 3}, Operand.W: {Dim.N: 5}, Operand.D: {Dim.N: 5}},
            Dataflow.WS: {Operand.A: {Dim.K: 3}, Operand.W: {Dim.N: 5}, Operand.D: {Dim.N: 5}},
            Dataflow.IS: {Operand.A: {Dim.M: 5}, Operand.W: {Dim.K: 3}, Operand.D: {Dim.M: 5}},
        }[dataflow]
    )


def test_timing_of_no_jobs_is_refused() -> None:
    params = Params()
    nothing = jobs(params, 1, 1, 1).of()
    with pytest.raises(ValueError, match="at least one job"):
        timing_sequence(params, nothing)


@pytest.mark.parametrize("dataflow", Dataflow)
def test_a_pipeline_register_costs_one_cycle(dataflow: Dataflow) -> None:
    plain, piped = (Params(dataflow=dataflow, pe_pipeline=pipeline) for pipeline in (False, True))
    assert timing(piped, 50, 60, 70) == timing(plain, 50, 60, 70) + 1


@pytest.mark.parametrize("dataflow", Dataflow)
def test_a_16x16_array_has_one_module_of_its_processing_element(dataflow: Dataflow) -> None:
    params = Params(rows=16, cols=16, dataflow=dataflow)
    verilog = emit_verilog(find_engine("systolic").component(params), "systolic")
    texts = modules(verilog)
    kinds = [name for name in texts if "processing_element" in name]
    rows = [name for name in texts if "_row" in name]
    assert (len(kinds), len(rows)) == (1, 1)
    assert len(re.findall(rf"^ *{kinds[0]} ", texts[rows[0]], re.MULTILINE)) == 16
    assert repeated_modules(verilog) == []


@pytest.mark.parametrize("dataflow", Dataflow)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 4), (4, 1)])
def test_the_narrowest_arrays_are_free_of_warnings(
    dataflow: Dataflow, rows: int, cols: int, verilator: Simulator, tmp_path: Path
) -> None:
    params: Any = Params(rows=rows, cols=cols, dataflow=dataflow)
    file = tmp_path / "systolic.v"
    file.write_text(emit_verilog(find_engine("systolic").component(params), "systolic"))
    assert lint(verilator, file) == []
