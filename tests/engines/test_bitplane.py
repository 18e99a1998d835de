"""What `bitplane` alone has: planes of both operands, in space and in time."""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator

from golden.contract import Dim, Job, Jobs, Width
from golden.engines.bitplane import PRESETS, Params, jobs, layout, matmul
from golden.errors import UserError
from golden.formats import BipolarFormat, Codes, Format, IntFormat, parse_format
from golden.params import parse_params
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from hw.engines.bitplane import Engine
from hw.engines.bitplane.plane_sum import PlaneSum
from sim.engines.bitplane import timing, timing_sequence
from tests.support.pysim import CLOCK_PERIOD, play
from tilewright.caching import Cache
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors
from tilewright.verification import OUTPUTS, verify

SMALL = {"m": 2, "n": 2, "k": 4, "k_max": 9}

KINDS = (("int4", "int4"), ("uint4", "int3"), ("int3", "uint4"), ("bipolar4", "bipolar3"))
"""Formats of both operands: with sign planes on both sides, on one, and without any."""


def design(**given: object) -> Params:
    return parse_params(Params, {**SMALL, **given})


def run(params: Params, tiles: Jobs, a: Codes, w: Codes) -> tuple[list[str], int | None]:
    """What is wrong when the RTL does the jobs, and the cycles that it took."""
    stimulus = Stimulus(name="case", jobs=tiles, a=a, w=w)
    vectors = build_vectors(find_engine("bitplane"), params, [stimulus], top="bitplane", seed=1)
    (played,) = play(Engine(params), vectors)
    return played.problems, played.cycles


def gemm(params: Params, a: Codes, w: Codes) -> list[str]:
    """What is wrong when the RTL multiplies two matrices."""
    return run(params, jobs(params, len(a), w.shape[1], len(w)), a, w)[0]


def integers(format: Format, codes: Codes) -> np.ndarray[Any, Any]:
    return np.array([[int(value) for value in row] for row in format.decode(codes)])


# The product of two planes, over all of its inputs.


def counted(k: int, bipolar: bool, pairs: list[tuple[int, int]]) -> list[int]:
    """What the hardware of one result makes of pairs of planes, one after the other."""
    format: Format = BipolarFormat(1) if bipolar else IntFormat(1, signed=False)
    params = Params(m=1, n=1, k=k, activation=format, weight=format, k_max=k)
    unit = PlaneSum(params)
    found = []

    async def bench(ctx: Any) -> None:
        for signal in (unit.enable, unit.take, unit.first, unit.finish):
            ctx.set(signal, 1)
        if bipolar:
            ctx.set(unit.offset, k)
        for x, y in pairs:
            ctx.set(unit.activations.as_value(), x)
            ctx.set(unit.weights.as_value(), y)
            await ctx.tick()
            found.append(int(ctx.get(unit.drain)))

    simulator = Simulator(unit)
    simulator.add_clock(CLOCK_PERIOD)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("bipolar", [False, True], ids=["and", "xnor"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, pytest.param(8, marks=pytest.mark.slow)])
def test_every_pair_of_planes_is_counted(k: int, bipolar: bool) -> None:
    pairs = list(product(range(1 << k), repeat=2))
    if bipolar:
        expected = [k - 2 * bin(x ^ y).count("1") for x, y in pairs]
    else:
        expected = [bin(x & y).count("1") for x, y in pairs]
    assert counted(k, bipolar, pairs) == expected


# Multipliers: a tile of one step is an outer product, which holds all pairs.


@pytest.mark.parametrize(
    ("activation", "weight", "planes"),
    [
        ("int4", "int4", (1, 1)),
        ("uint4", "int4", (2, 1)),
        ("bipolar4", "bipolar4", (3, 1)),
        ("int8", "int4", (2, 2)),
        pytest.param("uint8", "uint4", (8, 4), marks=pytest.mark.slow),
        pytest.param("int4", "uint8", (2, 3), marks=pytest.mark.slow),
        pytest.param("bipolar8", "bipolar4", (4, 2), marks=pytest.mark.slow),
    ],
)
def test_every_product_is_that_of_the_integers(
    activation: str, weight: str, planes: tuple[int, int]
) -> None:
    params = design(
        m=8,
        n=8,
        k=1,
        k_max=1,
        activation=activation,
        weight=weight,
        activation_planes=planes[0],
        weight_planes=planes[1],
    )
    a = np.arange(1 << params.activation.bits, dtype=np.uint8)[:, np.newaxis]
    w = np.arange(1 << params.weight.bits, dtype=np.uint8)[np.newaxis]
    expected = integers(params.activation, a) * integers(params.weight, w)
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm(params, a, w) == []


# Widths.


@pytest.mark.parametrize(("activation", "weight"), KINDS)
@pytest.mark.parametrize("planes", [(1, 1), (2, 1), (3, 2), (3, 3)])
def test_every_pair_of_widths_is_exact(
    activation: str, weight: str, planes: tuple[int, int]
) -> None:
    """One RTL, changed from job to job; two's complement of one bit is 0 and −1."""
    params = design(
        activation=activation,
        weight=weight,
        activation_planes=planes[0],
        weight_planes=planes[1],
        stages=sum(planes) - 1 if planes != (1, 1) else 2,
    )
    rng = np.random.default_rng(2)
    widths = list(product(range(1, params.activation.bits + 1), range(1, params.weight.bits + 1)))
    a = np.zeros((2 * len(widths), 6), dtype=np.uint8)
    w = np.zeros((6, 2 * len(widths)), dtype=np.uint8)
    tiles = []
    for place, (bits_a, bits_w) in enumerate(widths):
        first, second = params.activation.with_bits(bits_a), params.weight.with_bits(bits_w)
        rows = slice(2 * place, 2 * place + 2)
        a[rows], w[:, rows] = first.draw(rng, (2, 6)), second.draw(rng, (6, 2))
        found = matmul(
            params,
            QuantizedTensor(codes=a[rows], format=first),
            QuantizedTensor(codes=w[:, rows], format=second),
        )
        expected = integers(first, a[rows]) @ integers(second, w[:, rows])
        assert params.sums.decode(found).tolist() == expected.tolist(), (first, second)
        tile = Job(m=2, n=2, k=6, m0=2 * place, n0=2 * place)
        tiles.append(
            Jobs.of(tile).with_bits(Width.ACTIVATION, bits_a).with_bits(Width.WEIGHT, bits_w)
        )
    problems, cycles = run(params, Jobs.concatenate(*tiles), a, w)
    assert problems == []
    # Two steps for each pair of beats; the two rows of the tile before leave meanwhile.
    passes = [2 * -(-x // planes[0]) * -(-y // planes[1]) for x, y in widths]
    assert cycles == sum(passes) + 2 + params.stages


@pytest.mark.parametrize(("activation", "weight"), [("int1", "int1"), ("uint1", "int1")])
def test_one_signed_bit_is_zero_or_minus_one(activation: str, weight: str) -> None:
    params = design(activation=activation, weight=weight)
    a, w = np.array([[0, 1, 1]], np.uint8), np.array([[1], [1], [0]], np.uint8)
    assert params.sums.decode(matmul(params, a, w)).tolist() == [
        [1 if activation == "int1" else -1]
    ]
    assert gemm(params, a, w) == []


# Corner cases of operands. The expected values are NumPy's.


def operands(kind: str, params: Params) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(7)
    m, n, k = {"one row": (1, 5, 5), "one column": (5, 1, 5)}.get(kind, (3, 3, 7))
    a, w = params.activation.draw(rng, (m, k)), params.weight.draw(rng, (k, n))
    match kind:
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


@pytest.mark.parametrize("formats", [("int4", "int3"), ("uint3", "int4"), ("bipolar3", "bipolar4")])
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
def test_corner_cases_of_operands(kind: str, formats: tuple[str, str]) -> None:
    """Code 0 of a bipolar format is its smallest number: it has no zero."""
    params = design(activation=formats[0], weight=formats[1], activation_planes=2)
    a, w = operands(kind, params)
    expected = integers(params.activation, a) @ integers(params.weight, w)
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm(params, a, w) == []


@pytest.mark.parametrize("formats", [("int3", "int3"), ("bipolar3", "bipolar3")])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7, 8, 9])
def test_k_need_not_be_a_multiple_of_the_step(k: int, formats: tuple[str, str]) -> None:
    """Lanes beyond K carry random bits; equal ones among them must not count."""
    params = design(activation=formats[0], weight=formats[1], weight_planes=2)
    rng = np.random.default_rng(k)
    a, w = params.activation.draw(rng, (2, k)), params.weight.draw(rng, (k, 2))
    expected = integers(params.activation, a) @ integers(params.weight, w)
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm(params, a, w) == []


# Cycles and bandwidth.


def test_full_tiles_keep_99_percent_of_the_rtl_busy() -> None:
    """In a cycle in which a pass begins all counters of a full tile work, otherwise none does."""
    params = design(k=2, k_max=600, activation="int4", weight="int3", weight_planes=3)
    rng = np.random.default_rng(0)
    a, w = params.activation.draw(rng, (4, 600)), params.weight.draw(rng, (600, 2))
    tiles = jobs(params, 4, 2, 600)
    problems, cycles = run(params, tiles, a, w)
    assert problems == []
    assert cycles is not None
    assert tiles.macs / (params.macs_per_cycle * cycles) >= 0.99


@pytest.mark.parametrize(
    ("planes", "beats"), [((1, 1), (8, 3)), ((8, 3), (1, 1)), ((3, 2), (3, 2)), ((4, 1), (2, 3))]
)
def test_every_beat_of_a_step_is_carried_once(
    planes: tuple[int, int], beats: tuple[int, int]
) -> None:
    params = Params(
        activation=IntFormat(8),
        weight=IntFormat(3),
        activation_planes=planes[0],
        weight_planes=planes[1],
    )
    ports = layout(params)
    (tile,) = jobs(params, 4, 4, 16)
    assert (len(ports.activations.elements(tile)), len(ports.weights.elements(tile))) == beats
    # A step takes a cycle for each pair of beats; 4 rows leave after 2 stages.
    assert timing(params, 4, 4, 16) == beats[0] * beats[1] + 4 + 2


@pytest.mark.parametrize("stages", range(2, 6))
def test_every_number_of_stages_is_timed(stages: int) -> None:
    """From the registers of operands and sums to one at every place that may have one."""
    for formats in (("int4", "int4"), ("bipolar4", "bipolar4")):
        params = design(
            n=1,
            activation=formats[0],
            weight=formats[1],
            activation_planes=2,
            weight_planes=4,
            stages=stages,
        )
        rng = np.random.default_rng(5)
        a, w = params.activation.draw(rng, (3, 9)), params.weight.draw(rng, (9, 1))
        assert gemm(params, a, w) == []


def test_narrow_operands_take_fewer_cycles() -> None:
    params = Params(m=4, n=4, k=16)
    full = jobs(params, 4, 4, 160)
    assert timing_sequence(params, full) == 10 * 64 + 4 + 2
    narrow = full.with_bits(Width.WEIGHT, 2).with_bits(Width.ACTIVATION, 6)
    assert timing_sequence(params, narrow) == 10 * 12 + 4 + 2


# The emitted Verilog, as `verify` runs it.

DESIGNS: tuple[Mapping[str, object], ...] = (
    {"activation": "int4", "weight": "int3"},
    {"activation": "uint5", "weight": "int2", "activation_planes": 2, "weight_planes": 2},
    {
        "activation": "bipolar3",
        "weight": "bipolar3",
        "activation_planes": 2,
        "weight_planes": 2,
        "stages": 5,
    },
    {"activation": "int8", "weight": "uint8", "activation_planes": 8, "weight_planes": 3},
)


@pytest.mark.slow
@pytest.mark.parametrize("given", DESIGNS, ids=str)
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str, given: Mapping[str, object], cache: Cache, request: pytest.FixtureRequest
) -> None:
    """Every pair of widths is among the cases."""
    request.getfixturevalue(simulator)
    result = verify("bitplane", {**SMALL, **given}, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


@pytest.mark.parametrize("given", DESIGNS[1:3], ids=str)
def test_icarus_finds_nothing_wrong(
    given: Mapping[str, object], cache: Cache, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("icarus")
    result = verify(
        "bitplane", {**SMALL, **given}, simulator="icarus", cases=1, outputs=1, cache=cache
    )
    assert result.failures == ()
    assert result.passed


# What the netlist is made of.

MULTIPLIER = re.compile(r"\$(mul|macc|div|mod)")
NO_PRODUCT = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|@\*", re.DOTALL)
"""Stars of Verilog that multiply nothing: comments, attributes, ``always @*``."""


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"activation_planes": 3, "weight_planes": 2},
        {"activation": "bipolar4", "weight": "bipolar5", "activation_planes": 2},
    ],
)
def test_the_netlist_holds_no_multiplier(given: Mapping[str, object]) -> None:
    params = design(**given)
    assert not MULTIPLIER.search(str(rtlil.convert(Engine(params))))
    assert "*" not in NO_PRODUCT.sub("", emit_verilog(Engine(params), "bitplane"))


# Presets, and what is refused.


@pytest.mark.parametrize(("name", "passes"), [("abq-llm-w2a8", 1), ("flexq-w6a6", 36)])
def test_a_preset_does_one_instruction_of_a_tensor_core_per_cycle(name: str, passes: int) -> None:
    """8 x 8 pairs of planes of 128 bits."""
    params = PRESETS[name]
    assert params.m * params.activation_planes == params.n * params.weight_planes == 8
    assert params.k == 128
    assert params.macs_per_cycle == params.m * params.n * 128 / passes
    assert params.sums == IntFormat(32)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"activation": "int8", "weight": "bipolar2"},
            "activation and weight must be both integers or both bipolar, not int8 and bipolar2",
        ),
        (
            {"activation": "bipolar2", "weight": "uint2"},
            "activation and weight must be both integers or both bipolar, not bipolar2 and uint2",
        ),
        (
            {"activation": "int17"},
            "activation must be an integer or bipolar format of 1 to 16 bits, not int17",
        ),
        (
            {"weight": "ternary"},
            "weight must be an integer or bipolar format of 1 to 16 bits, not ternary",
        ),
        (
            {"weight": "int3", "weight_planes": 4},
            "weight_planes must be an integer from 1 to 3 where weight=int3, not 4",
        ),
        (
            {"k_max": 8, "accumulator": "int10"},
            "accumulator int10 is too narrow for k_max=8 with int8 x int8",
        ),
        ({"stages": 1}, "stages must be an integer from 2 to 5 where k=4, not 1"),
    ],
)
def test_what_can_not_be_is_refused(given: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        design(**given)


def test_an_accumulator_may_wrap() -> None:
    params = design(accumulator="int10", accumulator_overflow="wrap", activation_planes=4)
    a, w = (
        np.full(shape, format.encode(-128))
        for shape, format in (((1, 7), params.activation), ((7, 1), params.weight))
    )
    w[:, 0] = params.weight.encode(127)
    wrapped = (7 * -128 * 127 + 512) % 1024 - 512
    assert params.sums.decode(matmul(params, a, w)).tolist() == [[wrapped]]
    assert gemm(params, a, w) == []


def test_tensors_that_do_not_fit_are_refused() -> None:
    params = design()
    a = np.zeros((1, 1), np.uint8)
    scaled = QuantizedTensor(codes=a, format=params.weight, scales=np.ones((1, 1)))
    with pytest.raises(UserError, match="weights must be bare codes: this engine applies no scal"):
        matmul(params, a, scaled)
    wide = QuantizedTensor(codes=np.full((1, 1), 4, np.uint8), format=IntFormat(2))
    with pytest.raises(UserError, match="4 is not a code of int2"):
        matmul(params, wide, a)
    unsigned = QuantizedTensor(codes=a, format=parse_format("uint4"))
    with pytest.raises(UserError, match="activations must be int8 or the same with fewer bits"):
        matmul(params, unsigned, a)


def test_lanes_run_along_planes_first() -> None:
    """Planes of two bits, two rows, one product: (row 0, row 1) of bit 0, then of bit 1."""
    port = layout(Params(m=2, n=1, k=1, activation_planes=2)).activations
    assert [lane.dim for lane in port.lanes] == [Width.ACTIVATION, Dim.M, Dim.K]
    codes = np.array([[0b01], [0b11]], np.uint8)
    job = Job(m=2, n=1, k=1, activation_bits=2, weight_bits=8)
    elements, digits = port.elements(job), port.digits(job)
    bits = codes.ravel()[elements] >> digits & 1
    assert bits.tolist() == [[1, 1, 0, 1]]
