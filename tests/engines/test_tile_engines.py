"""What `dot`, `add` and `ternary` have in common, beyond the contract of every engine."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil

from golden.contract import Jobs, Width
from golden.errors import UserError
from golden.formats import TERNARY, Codes, Format, IntFormat, parse_format
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from tests.support.pysim import play
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors

ENGINES = ("dot", "add", "ternary")
SMALL = {"m": "2", "n": "2", "k": "2"}

PACKINGS = ("codes", "5-in-8", "3-in-5")
TERNARY_DESIGNS = (
    ("dot", {"weight": "int2"}),
    ("add", {"weight": "int2"}),
    *(("ternary", {"packed": packed}) for packed in PACKINGS),
)

MULTIPLIER = re.compile(r"\$(mul|macc)\b")
NO_PRODUCT = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|@\*", re.DOTALL)
"""Stars of Verilog that multiply nothing: comments, attributes, ``always @*``."""


def run(
    name: str, given: Mapping[str, str], jobs: Jobs, a: Codes, w: Codes
) -> tuple[list[str], int | None]:
    """What is wrong when the RTL does the jobs, and the cycles that it took."""
    engine = find_engine(name)
    params = engine.params(given)
    stimulus = Stimulus(name=name, jobs=jobs, a=a, w=w)
    vectors = build_vectors(engine, params, [stimulus], top=name, seed=1)
    (played,) = play(engine.component(params), vectors)
    return played.problems, played.cycles


def gemm(name: str, given: Mapping[str, str], a: Codes, w: Codes) -> list[str]:
    """What is wrong when the RTL multiplies two matrices."""
    engine = find_engine(name)
    jobs = engine.golden.jobs(engine.params(given), len(a), w.shape[1], len(w))
    return run(name, given, jobs, a, w)[0]


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


# The same product on all engines that take ternary weights.


def test_ternary_weights_give_the_same_integers_on_every_engine() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-1, 2, (9, 5))
    a = rng.integers(0, 256, (3, 9)).astype(np.uint8)
    signed = np.where(a > 127, a.astype(int) - 256, a)
    for name, extra in TERNARY_DESIGNS:
        engine = find_engine(name)
        given = {**SMALL, "k": "4", "k_max": "9", **extra}
        params = engine.params(given)
        w = params.weight.encode(values)
        # Codes of ternary are those of int2.
        assert np.array_equal(w, TERNARY.encode(values))
        sums = params.sums.decode(engine.golden.matmul(params, a, w))
        assert sums.tolist() == (signed @ values).tolist(), name
        assert gemm(name, given, a, w) == [], name


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


@pytest.mark.parametrize("activation", ["int8", "uint8"])
def test_every_product_of_a_ternary_weight_is_that_of_the_integers(activation: str) -> None:
    given = {"m": "8", "n": "3", "k": "1", "k_max": "1", "activation": activation}
    engine = find_engine("ternary")
    params = engine.params(given)
    a = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    w = TERNARY.encode([[-1, 0, 1]])
    sums = params.sums.decode(engine.golden.matmul(params, a, w))
    values = [int(value) for value in params.activation.decode(a[:, 0])]
    assert sums.tolist() == [[-value, 0, value] for value in values]
    assert gemm("ternary", given, a, w) == []


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
        *(("ternary", {"packed": packed}) for packed in PACKINGS),
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


def test_narrow_weights_on_wide_planes() -> None:
    """One RTL for every number of bits, changed from job to job."""
    engine = find_engine("add")
    given = {**SMALL, "k_max": "3", "weight": "int8"}
    params = engine.params(given)
    rng = np.random.default_rng(2)
    a = params.activation.draw(rng, (2, 3))
    w = params.weight.draw(rng, (3, 16))
    tile = engine.golden.jobs(params, 2, 2, 3)
    jobs = Jobs.concatenate(
        *(
            tile.moved(0, 2 * place).with_bits(Width.WEIGHT, bits)
            for place, bits in enumerate((8, 1, 3, 2, 7, 4, 6, 5))
        )
    )
    for place, job in enumerate(jobs):
        w[:, 2 * place : 2 * place + 2] &= np.uint8((1 << job.weight_bits) - 1)
    problems, cycles = run("add", given, jobs, a, w)
    assert problems == []
    # 2 steps of 36 bits in all are longer than the 2 rows of any job.
    assert cycles == 2 * 36 + 2 + params.stages


@pytest.mark.parametrize("weight", ["int6", "uint6", "bipolar6"])
def test_every_width_of_weights_is_exact(weight: str) -> None:
    engine = find_engine("add")
    widest = parse_format(weight)
    params = engine.params({**SMALL, "weight": weight, "k_max": "5"})
    rng = np.random.default_rng(4)
    a = params.activation.draw(rng, (3, 5))
    for bits in range(1, 7):
        format = widest.with_bits(bits)
        tensor = QuantizedTensor(codes=format.draw(rng, (5, 2)), format=format)
        expected = params.activation.decode(a).astype(int) @ format.decode(tensor.codes).astype(int)
        found = params.sums.decode(engine.golden.matmul(params, a, tensor))
        assert found.tolist() == expected.tolist(), format


@pytest.mark.parametrize("weight", ["int17", "bipolar17", "ternary"])
def test_weights_without_planes_are_refused(weight: str) -> None:
    message = f"weight must be an integer or bipolar format of 1 to 16 bits, not {weight}"
    with pytest.raises(UserError, match=message):
        find_engine("add").params({"weight": weight})


def test_codes_beyond_their_width_are_refused() -> None:
    engine = find_engine("add")
    params = engine.params(SMALL)
    tensor = QuantizedTensor(codes=np.full((1, 1), 4, np.uint8), format=IntFormat(2))
    with pytest.raises(UserError, match="4 is not a code of int2"):
        engine.golden.matmul(params, np.zeros((1, 1), np.uint8), tensor)


def test_the_preset_is_one_tree_of_four_products() -> None:
    engine = find_engine("dot")
    params = engine.presets["dot-dp4-int8"]
    assert (params.macs_per_cycle, params.sums) == (4, IntFormat(32))
    lanes = engine.golden.layout(params)
    assert [port.bits for port in (lanes.activations, lanes.weights, lanes.results)] == [32, 32, 32]


def test_packed_weights_need_fewer_bits() -> None:
    """25 weights of a step: 2 bits each, 5 bytes, or 9 words of 5 bits."""
    bits: dict[str, Any] = {}
    for packed in PACKINGS:
        engine = find_engine("ternary")
        params = engine.params({"n": "5", "k": "5", "packed": packed})
        bits[packed] = engine.golden.layout(params).weights.bits
    assert bits == {"codes": 50, "5-in-8": 40, "3-in-5": 45}
