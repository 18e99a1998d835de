"""What `dot`, `add` and `ternary` have in common, beyond the contract of every engine."""

import re
from collections.abc import Mapping

import numpy as np
import pytest
from amaranth.back import rtlil

from golden.errors import UserError
from golden.formats import Codes, Format, parse_format
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from tests.support.gemm import gemm, run
from tilewright.catalog import find_engine

ENGINES = ("dot", "add", "ternary")
SMALL = {"m": "2", "n": "2", "k": "2"}

MULTIPLIER = re.compile(r"\$(mul|macc)\b")
NO_PRODUCT = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|@\*", re.DOTALL)
"""Stars of Verilog that multiply nothing: comments, attributes, ``always @*``."""


# Corner cases of operands. The expected values are NumPy's.


def operands(kind: str, activation: Format, weight: Format) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(7)
    m, n, k = {"one row": (1, 5, 5), "one column": (5, 1, 5)}.get(kind, (3, 3, 7))
    a, w = activation.draw(rng, (m, k)), weight.draw(rng, (k, n))
    match kind:
        case "zero activations":
            a = np.zeros_like(a)
        case "half of the activations zero":
            a[:, ::2] = 0
        case "extremes":
            a = activation.extremes[np.arange(m * k).reshape(m, k) % 2]
            w = weight.extremes[np.arange(k * n).reshape(k, n) // 2 % 2]
        case "largest":
            a, w = np.full_like(a, activation.extremes[0]), np.full_like(w, weight.extremes[0])
    return a, w


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "kind",
    [
        "zero activations",
        "half of the activations zero",
        "extremes",
        "largest",
        "one row",
        "one column",
    ],
)
def test_corner_cases_of_operands(name: str, kind: str) -> None:
    engine = find_engine(name)
    given = {**SMALL, "k": "3", "k_max": "7"}
    params = engine.params(given)
    a, w = operands(kind, params.activation, params.weight)
    expected = params.activation.decode(a).astype(int) @ params.weight.decode(w).astype(int)
    assert params.sums.decode(engine.golden.matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm(name, given, a, w) == []


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 8, 9])
def test_k_need_not_be_a_multiple_of_the_step(name: str, k: int) -> None:
    """Weights beyond K are random; what they would add to the sums has to be left out."""
    engine = find_engine(name)
    given = {"m": "1", "n": "2", "k": "4", "k_max": "9"}
    params = engine.params(given)
    rng = np.random.default_rng(k)
    a = np.full((2, k), params.activation.extremes[0])
    assert gemm(name, given, a, params.weight.draw(rng, (k, 2))) == []


# Multipliers of every style: a tile of one step is an outer product, which holds all pairs.


def pairs(activation: Format, weight: Format) -> tuple[Codes, Codes]:
    a = np.arange(1 << activation.bits, dtype=np.uint8)[:, np.newaxis]
    w = np.arange(1 << weight.bits, dtype=np.uint8)[np.newaxis]
    return a, w


@pytest.mark.parametrize("name", ["dot", "add"])
@pytest.mark.parametrize(
    ("activation", "weight"),
    [
        ("int4", "int4"),
        ("uint4", "uint4"),
        ("int8", "int4"),
        pytest.param("uint8", "uint4", marks=pytest.mark.slow),
        pytest.param("int4", "uint8", marks=pytest.mark.slow),
    ],
)
def test_every_product_is_that_of_the_integers(name: str, activation: str, weight: str) -> None:
    engine = find_engine(name)
    given = {"m": "8", "n": "8", "k": "1", "k_max": "1", "stages": "2"}
    given |= {"activation": activation, "weight": weight}
    formats = parse_format(activation), parse_format(weight)
    a, w = pairs(*formats)
    params = engine.params(given)
    products = [
        [int(first) * int(second) for second in formats[1].decode(w[0])]
        for first in formats[0].decode(a[:, 0])
    ]
    assert params.sums.decode(engine.golden.matmul(params, a, w)).tolist() == products
    assert gemm(name, given, a, w) == []


# What the netlists are made of.


def netlists(name: str, given: Mapping[str, str]) -> tuple[str, str]:
    """RTLIL of a design, and its Verilog without what only looks like a product."""
    engine = find_engine(name)
    params = engine.params(given)
    return (
        str(rtlil.convert(engine.component(params))),
        NO_PRODUCT.sub("", emit_verilog(engine.component(params), name)),
    )


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("add", {"weight": "int8"}),
        ("add", {"weight": "bipolar4"}),
        *(("ternary", {"packed": packed}) for packed in ("codes", "5-in-8", "3-in-5")),
    ],
)
def test_no_netlist_holds_a_multiplier(name: str, extra: Mapping[str, str]) -> None:
    cells, verilog = netlists(name, {**SMALL, **extra})
    assert not MULTIPLIER.search(cells)
    assert "*" not in verilog


def test_a_multiplier_would_be_seen() -> None:
    cells, verilog = netlists("dot", SMALL)
    assert MULTIPLIER.search(cells)
    assert "*" in verilog


# How busy the units are.


@pytest.mark.parametrize("name", ENGINES)
def test_full_tiles_keep_99_percent_of_the_rtl_busy(name: str) -> None:
    """In a cycle in which a beat is taken all units of a full tile work, otherwise none does."""
    engine = find_engine(name)
    given = {**SMALL, "k_max": "600", "activation": "int4"} | (
        {"weight": "int3"} if name == "add" else {}
    )
    params = engine.params(given)
    rng = np.random.default_rng(0)
    a, w = params.activation.draw(rng, (4, 600)), params.weight.draw(rng, (600, 2))
    jobs = engine.golden.jobs(params, 4, 2, 600)
    problems, cycles = run(name, given, jobs, a, w)
    assert problems == []
    assert cycles is not None
    assert jobs.macs / (params.macs_per_cycle * cycles) >= 0.99


# What is refused.


@pytest.mark.parametrize("name", ENGINES)
def test_an_accumulator_that_is_too_narrow_is_refused_unless_it_may_wrap(name: str) -> None:
    engine = find_engine(name)
    narrow = {"k_max": "8", "accumulator": "int10"}
    with pytest.raises(UserError, match="accumulator int10 is too narrow for k_max=8 with int8 x"):
        engine.params(narrow)
    params = engine.params({**narrow, "accumulator_overflow": "wrap", **SMALL})
    a = np.full((1, 8), params.activation.encode(127))
    w = np.full((8, 1), params.weight.extremes[1])
    exact = 8 * 127 * int(params.weight.decode(w)[0, 0])
    wrapped = (exact + 512) % 1024 - 512
    assert params.sums.decode(engine.golden.matmul(params, a, w)).tolist() == [[wrapped]]
    given = {**narrow, "accumulator_overflow": "wrap", **SMALL}
    assert gemm(name, given, a, w) == []


@pytest.mark.parametrize("name", ENGINES)
def test_tensors_with_scales_are_refused(name: str) -> None:
    engine = find_engine(name)
    params = engine.params(SMALL)
    a = params.activation.encode([[1, 2]])
    codes = params.weight.encode([[1], [1]])
    plain = QuantizedTensor(codes=codes, format=params.weight)
    assert params.sums.decode(engine.golden.matmul(params, a, plain)).tolist() == [[3]]
    scaled = QuantizedTensor(codes=codes, format=params.weight, scales=np.ones((1, 1)))
    with pytest.raises(UserError, match="weights must be bare codes: this engine applies no scal"):
        engine.golden.matmul(params, a, scaled)


@pytest.mark.parametrize("name", ENGINES)
def test_every_number_of_stages_is_timed(name: str) -> None:
    """From one stage (two where activations are kept) to a register at every place."""
    engine = find_engine(name)
    rng = np.random.default_rng(5)
    for stages in range(2 if name == "add" else 1, 6):
        given = {"m": "2", "n": "1", "k": "4", "k_max": "9", "stages": str(stages)}
        params = engine.params(given)
        a, w = params.activation.draw(rng, (3, 9)), params.weight.draw(rng, (9, 1))
        assert gemm(name, given, a, w) == [], stages
