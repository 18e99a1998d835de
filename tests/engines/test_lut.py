"""Lookup tables: beyond what the contract asks of every engine."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil

from golden.contract import Jobs, Width
from golden.engines.lut import (
    Params,
    Registers,
    TableKind,
    jobs,
    layout,
    matmul,
)
from golden.errors import UserError
from golden.formats import BipolarFormat, Codes, Format, IntFormat
from golden.params import parse_params
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from hw.engines.lut import Engine
from sim.engines.lut import timing, timing_sequence
from tests.support.contract import check
from tests.support.gemm import gemm, run
from tilewright.catalog import find_engine

SMALL = {"m": 2, "n": 2, "k": 4, "group": 2, "k_max": 9}

KINDS: tuple[Mapping[str, str], ...] = (
    {"weight": "bipolar3", "table": "half-remapped"},
    {"weight": "bipolar3", "table": "half"},
    {"weight": "bipolar3", "table": "full"},
    {"weight": "uint3", "table": "full"},
    {"weight": "int3", "table": "full"},
)
"""Every table of every kind of weight that goes with it."""


def design(**given: object) -> Params:
    return parse_params(Params, {**SMALL, **given})


def text(**given: object) -> dict[str, str]:
    return {name: str(value) for name, value in {**SMALL, **given}.items()}


def integers(format: Format, codes: Codes) -> np.ndarray[Any, Any]:
    return np.array([[int(value) for value in row] for row in format.decode(codes)])


# Corner cases of operands. The expected values are NumPy's.


def operands(kind: str, params: Params) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(7)
    m, n, k = {"one row": (1, 5, 5), "one column": (5, 1, 5)}.get(kind, (3, 3, 7))
    a, w = params.activation.draw(rng, (m, k)), params.weight.draw(rng, (k, n))
    match kind:
        case "zero table entry times 2^b":
            # Two activations that cancel make entries of zero, which every plane looks up.
            a = params.activation.encode(np.tile([[5, -5]], (m, 4))[:, :k])
        case "zero activations":
            a = np.zeros_like(a)
        case "half of the activations zero":
            a[:, ::2] = 0
        case "extremes":
            a = params.activation.extremes[np.arange(m * k).reshape(m, k) % 2]
            w = params.weight.extremes[np.arange(k * n).reshape(k, n) // 2 % 2]
        case "largest":
            a = np.full_like(a, params.activation.extremes[0])
            w = np.full_like(w, params.weight.extremes[0])
    return a, w


@pytest.mark.parametrize("given", KINDS, ids=lambda given: "-".join(given.values()))
@pytest.mark.parametrize(
    "kind",
    [
        "zero table entry times 2^b",
        "zero activations",
        "half of the activations zero",
        "extremes",
        "largest",
        "one row",
        "one column",
    ],
)
def test_corner_cases_of_operands(kind: str, given: Mapping[str, str]) -> None:
    params = design(**given)
    a, w = operands(kind, params)
    expected = integers(params.activation, a) @ integers(params.weight, w)
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm("lut", text(**given), a, w) == []


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 8, 9])
def test_k_need_not_be_a_multiple_of_the_group(k: int) -> None:
    """Weights beyond K are random; activations are taken as zero there, so that none counts."""
    params = design(n=1)
    rng = np.random.default_rng(k)
    a, w = np.full((2, k), params.activation.extremes[0]), params.weight.draw(rng, (k, 1))
    expected = integers(params.activation, a) @ integers(params.weight, w)
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm("lut", text(n=1), a, w) == []


# Weights.


@pytest.mark.parametrize("weight", ["bipolar6", "int6", "uint6"])
def test_every_width_of_weights_is_exact(weight: str) -> None:
    """One RTL, changed from job to job."""
    given = {"weight": weight, "table": "half" if weight == "bipolar6" else "full"}
    params = design(**given)
    rng = np.random.default_rng(4)
    a = params.activation.draw(rng, (2, 6))
    w = np.zeros((6, 12), dtype=np.uint8)
    tiles = []
    for bits in range(1, 7):
        format = params.weight.with_bits(bits)
        cols = slice(2 * bits - 2, 2 * bits)
        w[:, cols] = format.draw(rng, (6, 2))
        found = matmul(params, a, QuantizedTensor(codes=w[:, cols], format=format))
        expected = integers(params.activation, a) @ integers(format, w[:, cols])
        assert params.sums.decode(found).tolist() == expected.tolist(), format
        tile = jobs(params, 2, 2, 6).moved(0, 2 * bits - 2)
        tiles.append(tile.with_bits(Width.WEIGHT, bits))
    problems, cycles = run("lut", text(**given), Jobs.concatenate(*tiles), a, w)
    assert problems == []
    # Two steps of every width, longer than the two rows of any job.
    assert cycles == 2 * sum(range(1, 7)) + 2 + params.stages


def ternary_operands() -> tuple[Codes, np.ndarray[Any, Any], list[list[int]]]:
    """Activations, weights of {-1, 0, 1}, and twice their product."""
    rng = np.random.default_rng(3)
    a, trits = IntFormat(8).draw(rng, (2, 8)), rng.integers(-1, 2, (8, 2))
    return a, trits, (2 * integers(IntFormat(8), a) @ trits).tolist()


def test_ternary_on_codes_of_two_bits_needs_the_row_sum() -> None:
    """{-1, 0, 1} is q - 1 with q of {0, 1, 2}, which is half of 2 q - 3 and of 1 more.

    So the zero point of the re-interpreted weights is -1: without row sums they can not be ternary.
    """
    a, trits, twice = ternary_operands()
    codes = (trits + 1).astype(np.uint8)
    plain = design(weight="bipolar2")
    assert plain.sums.decode(matmul(plain, a, codes)).tolist() != twice
    given = {"weight": "bipolar2", "scale": "uint8", "zero_point": "int2", "group_steps": 2}
    params = design(**given)
    ones = np.ones((1, 2))
    w = QuantizedTensor(
        codes=codes, format=params.weight, scales=ones, zero_points=-ones.astype(np.int64)
    )
    assert params.results.decode(matmul(params, a, w)).tolist() == twice
    minus_one = IntFormat(2).encode([[-1, -1]])
    tiles = jobs(params, 2, 2, 8)
    scales = np.ones((1, 2), np.uint8)
    problems, _ = run("lut", text(**given), tiles, a, codes, scales=scales, zero_points=minus_one)
    assert problems == []


def test_ternary_as_two_planes_of_equal_weight_needs_no_correction() -> None:
    a, trits, twice = ternary_operands()
    params = design(weight="signs2")
    w = params.weight.encode(2 * trits)
    assert params.sums.decode(matmul(params, a, w)).tolist() == twice
    assert gemm("lut", text(weight="signs2"), a, w) == []


@pytest.mark.parametrize("registers", [member.value for member in Registers])
@pytest.mark.parametrize(
    "kind",
    [
        {"weight": "bipolar2", "scale": "fp32"},
        {"weight": "int2", "table": "full", "scale": "uint8"},
    ],
    ids=["float", "fixed"],
)
def test_groups_are_scaled_and_shifted(kind: Mapping[str, str], registers: str) -> None:
    """Row sums come of tables, once for all planes, wherever these are held."""
    given = {**kind, "zero_point": "int4", "group_steps": 1, "registers": registers, "stages": 3}
    engine = find_engine("lut")
    shapes = [(3, 3, 9), (1, 2, 4)]
    assert check(engine, design(**given), np.random.default_rng(1), shapes) == []


@pytest.mark.parametrize("scale", ["uint16", "pow4"])
def test_planes_may_have_scales_of_their_own_in_each_group(scale: str) -> None:
    """Three planes of 8 weights are 24 weights of one bit, and their scales those of 6 groups."""
    given = {"weight": "bipolar1", "table": "full", "scale": scale, "group_steps": 1, "k_max": 24}
    params = design(**given)
    assert params.scale.format is not None
    rng = np.random.default_rng(6)
    a, signs = params.activation.draw(rng, (2, 8)), rng.integers(0, 2, (3, 8, 2))
    codes = rng.integers(0, 16, (3, 2, 2))
    alphas = np.asarray(params.scale.format.decode(codes.astype(np.uint16)), dtype=int)
    whole = (np.repeat(alphas, 4, axis=1) * (2 * signs - 1)).sum(axis=0)
    expected = integers(params.activation, a) @ whole
    below = signs.reshape(24, 2).astype(np.uint8)
    w = QuantizedTensor(
        codes=below,
        format=params.weight,
        group_size=4,
        scales=alphas.reshape(6, 2).astype(np.float64),
    )
    repeated = np.tile(a, 3)
    assert params.results.decode(matmul(params, repeated, w)).tolist() == expected.tolist()
    tiles = jobs(params, 2, 2, 24)
    scales = codes.reshape(6, 2).astype(np.uint16)
    assert run("lut", text(**given), tiles, repeated, below, scales=scales)[0] == []


# Cycles.


@pytest.mark.parametrize(
    ("registers", "least"), [("none", 1), ("tables", 2), ("both", 2), ("double", 3)]
)
def test_every_number_of_stages_is_timed(registers: str, least: int) -> None:
    rng = np.random.default_rng(5)
    for stages in range(least, least + 3):
        given = {"n": 1, "registers": registers, "stages": stages, "weight": "bipolar2"}
        params = design(**given)
        a, w = params.activation.draw(rng, (3, 9)), params.weight.draw(rng, (9, 1))
        assert gemm("lut", text(**given), a, w) == [], stages
        assert timing(params, 2, 1, 9) == 3 * 2 + 2 + stages


@pytest.mark.parametrize("registers", [member.value for member in Registers])
def test_full_tiles_keep_99_percent_of_the_rtl_busy(registers: str) -> None:
    """Whatever is held, one plane of a full tile is looked up in every cycle."""
    given = {"m": 1, "k": 2, "weight": "bipolar2", "registers": registers}
    given |= {"k_max": 600, "activation": "int3", "stages": 3 if registers == "double" else 2}
    params = design(**given)
    rng = np.random.default_rng(0)
    a, w = params.activation.draw(rng, (2, 600)), params.weight.draw(rng, (600, 2))
    tiles = jobs(params, 2, 2, 600)
    problems, cycles = run("lut", text(**given), tiles, a, w)
    assert problems == []
    assert cycles is not None
    assert tiles.macs / (params.macs_per_cycle * cycles) >= 0.99


def test_narrow_weights_take_fewer_cycles() -> None:
    params = Params()
    full = jobs(params, 4, 4, 40)
    assert timing_sequence(params, full) == 10 * 4 + 4 + 2
    assert timing_sequence(params, full.with_bits(Width.WEIGHT, 1)) == 10 + 4 + 2


# What the netlist is made of.

MULTIPLIER = re.compile(r"\$(mul|macc|div|mod)")
NO_PRODUCT = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|@\*", re.DOTALL)
"""Stars of Verilog that multiply nothing: comments, attributes, ``always @*``."""


@pytest.mark.parametrize(
    "given",
    [*KINDS, {"weight": "bipolar1", "scale": "pow4"}],
    ids=lambda given: "-".join(given.values()),
)
def test_the_netlist_holds_no_multiplier(given: Mapping[str, str]) -> None:
    params = design(**given)
    assert not MULTIPLIER.search(str(rtlil.convert(Engine(params))))
    assert "*" not in NO_PRODUCT.sub("", emit_verilog(Engine(params), "lut"))


# What is refused.


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"group": 9, "k": 9}, "group must be an integer from 1 to 8, not 9"),
        ({"k": 3}, "k must be a multiple of group=2, not 3"),
        (
            {"weight": "int4"},
            "table must be full where weight=int4, not half-remapped: only the tables of signs",
        ),
        (
            {"weight": "ternary", "table": "full"},
            "weight must be an integer, bipolar or signs format of 1 to 16 bits, not ternary",
        ),
        (
            {"scale": "uint8", "precompute": "external-int8"},
            "scale must be none where precompute=external-int8, not uint8",
        ),
        ({"registers": "double"}, "stages must be an integer from 3 to 5 where k=4, not 2"),
        ({"registers": "none", "stages": 4}, "stages must be an integer from 1 to 3 where k=4"),
        (
            {"k_max": 8, "accumulator": "int10"},
            "accumulator int10 is too narrow for k_max=8 with int8 x bipolar4",
        ),
    ],
)
def test_what_can_not_be_is_refused(given: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        design(**given)


def test_an_accumulator_may_wrap() -> None:
    given = {"accumulator": "int10", "accumulator_overflow": "wrap"}
    params = design(**given)
    a = np.full((1, 7), params.activation.encode(-128))
    w = np.full((7, 1), params.weight.extremes[1])
    wrapped = (7 * -128 * 15 + 512) % 1024 - 512
    assert params.sums.decode(matmul(params, a, w)).tolist() == [[wrapped]]
    assert gemm("lut", text(**given), a, w) == []


def test_tensors_that_do_not_fit_are_refused() -> None:
    params = design()
    a = np.zeros((1, 1), np.uint8)
    scaled = QuantizedTensor(codes=a, format=params.weight, scales=np.ones((1, 1)))
    with pytest.raises(UserError, match="weights must be bare codes: scale=none applies no scal"):
        matmul(params, a, scaled)
    wide = QuantizedTensor(codes=np.full((1, 1), 4, np.uint8), format=BipolarFormat(2))
    with pytest.raises(UserError, match="4 is not a code of bipolar2"):
        matmul(params, a, wide)
    with pytest.raises(UserError, match=re.escape("shapes (1, 1) and (2, 1) can not be multi")):
        matmul(params, a, np.zeros((2, 1), np.uint8))


def test_indices_of_half_a_table_come_remapped() -> None:
    """Bits 0110 from the last weight on stay; of 1001 all but the last are inverted."""
    params = Params(m=1, n=2, weight=BipolarFormat(1))
    port = layout(params).weights
    (tile,) = jobs(params, 1, 2, 4)
    w = params.weight.encode([[-1, 1], [1, -1], [1, -1], [-1, 1]]).ravel()
    beat = port.pack(w[port.elements(tile)])
    assert beat.tolist() == [[0b1110_0110]]


@pytest.mark.parametrize(
    ("precompute", "widths"), [("engine", (23, 25, 27)), ("external-int8", (21, 23, 25))]
)
def test_an_accumulator_for_k_of_28672(precompute: str, widths: tuple[int, ...]) -> None:
    """128 * 28672 * (2^W - 1) with exact entries, 127 * 28672 / 4 * (2^W - 1) with int8."""
    for bits, width in zip((1, 2, 4), widths, strict=True):
        given = {"weight": f"bipolar{bits}", "k_max": 28_672, "precompute": precompute}
        params = parse_params(Params, given)
        assert params.sums == IntFormat(width)
        a = np.full((1, 28_672), params.activation.extremes[0])
        w = np.full((28_672, 1), params.weight.extremes[1])
        reach = (128 * 28_672 if precompute == "engine" else 127 * 7_168) * ((1 << bits) - 1)
        assert params.sums.decode(matmul(params, a, w)).tolist() == [[-reach]]
        assert not IntFormat(width - 1).contains(-reach, -reach)


def test_tables_say_what_they_hold() -> None:
    assert Params().entry == IntFormat(11)
    assert Params(table=TableKind.FULL, weight=IntFormat(4, signed=False)).entry == IntFormat(10)
