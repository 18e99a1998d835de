"""Operands that stream through an engine: where weights lie, and what products mean."""

import numpy as np
import pytest

from golden.accelerator.accesses import Space, accesses
from golden.accelerator.checker import Regions, check_program
from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import RESTING, Streaming, weight_words
from golden.accelerator.instructions import Gemm
from golden.accelerator.interpreter import execute
from golden.engines import add, bitplane, dot, lut, mixpe, systolic, ternary
from golden.engines.systolic import Dataflow
from golden.engines.ternary import Packed
from golden.errors import UserError
from golden.formats import BipolarFormat, IntFormat
from tests.golden.accelerator.oracle import oracle_gemm
from tests.golden.accelerator.streaming import ENGINES, accelerator, machines, random_gemm_for


def designs():
    return [accelerator(*given) for given in ENGINES.values()]


@pytest.mark.parametrize("given", ENGINES.values(), ids=ENGINES)
def test_products_are_those_of_weights_at_rest(given):
    rng = np.random.default_rng(7)
    design = accelerator(*given)
    done = 0
    while done < 12:
        gemm = random_gemm_for(rng, design)
        if gemm.diagonal and isinstance(design.layout.weights.format, BipolarFormat):
            continue
        machine, twin = machines(rng, design, gemm)
        execute(machine, gemm)
        oracle_gemm(twin, gemm)
        assert np.array_equal(machine.accumulators, twin.accumulators), gemm
        assert np.array_equal(machine.activations, twin.activations)
        done += 1


@pytest.mark.parametrize("bits", range(1, 9))
def test_a_plane_of_each_bit_is_a_word(bits):
    # Eight rows and columns: a plane is 64 bits, the word of row k in byte k.
    design = accelerator("add", add.Params(m=1, n=8, k=8, k_max=64))
    format = IntFormat(bits)
    values = np.random.default_rng(bits).integers(format.min, format.max + 1, (8, 8))
    words = design.feeding.words(values, bits, diagonal=False)
    assert words.shape == (bits, 8)
    for plane in range(bits):
        for k in range(8):
            octet = sum(((int(values[k, n]) >> plane) & 1) << n for n in range(8))
            assert int(words[plane, k]) % 256 == octet
    assert np.array_equal(design.feeding.values(words, 8, bits, diagonal=False), values)


def test_beats_wider_than_a_word_begin_at_a_multiple():
    # 64 ternary numbers: 16 bytes as codes, 13 as bytes of five.
    for packed, last in ((Packed.CODES, 16), (Packed.FIVE_IN_A_BYTE, 13)):
        design = accelerator("ternary", ternary.Params(m=1, n=8, k=8, packed=packed, k_max=64))
        feeding = design.feeding
        assert (feeding.alignment, feeding.tile_words(8, 0, diagonal=False)) == (2, 2)
        values = np.random.default_rng(1).choice([-1, 1], (8, 8))
        words = feeding.words(values, 0, diagonal=False)
        octets = words.reshape(-1).view(np.uint8)
        assert octets[:last].all()
        assert not octets[last:].any()
        assert np.array_equal(feeding.values(words, 3, 0, diagonal=False), values)


def test_rows_that_can_be_fetched():
    # A word of each row a cycle, while the engine takes a block's operands a beat a cycle.
    deep = Streaming(add.layout(add.Params(m=6, n=8, k=8, k_max=64)), 8)
    assert [deep.job_rows(bits) for bits in (1, 2, 4, 8)] == [1, 2, 4, 6]
    steps = Streaming(add.layout(add.Params(m=6, n=8, k=2, k_max=64)), 8)
    assert [steps.job_rows(bits) for bits in (1, 2, 4, 8)] == [4, 6, 6, 6]
    planes = Streaming(bitplane.layout(bitplane.Params(m=6, n=8, k=8, k_max=64)), 8)
    assert [planes.job_rows(bits) for bits in (1, 8)] == [6, 6]
    tree = Streaming(dot.layout(dot.Params(m=6, n=8, k=4, k_max=64)), 8)
    assert tree.job_rows(0) == 2


@pytest.mark.parametrize("given", ENGINES.values(), ids=ENGINES)
def test_words_that_are_read(given):
    rng = np.random.default_rng(3)
    design = accelerator(*given)
    for _ in range(10):
        gemm = random_gemm_for(rng, design)
        touched = accesses(gemm, design.lanes, design.feeding)
        (weights,) = (access for access in touched if access.space is Space.WEIGHTS)
        count = weight_words(gemm, design.lanes, design.feeding)
        assert (weights.low, weights.high) == (gemm.weights, gemm.weights + count - 1)
        machine, _ = machines(rng, design, gemm)
        short = Gemm(**{**vars(gemm), "weights": design.sizes.weights - count})
        execute(machine, short)
        beyond = short.weights + design.feeding.alignment
        with pytest.raises(IndexError):
            execute(machine, Gemm(**{**vars(gemm), "weights": beyond}))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"weight_bits": 0}, "weight_bits must be one of 1, 2, 3, 4, 5, 6, 7, 8, not 0"),
        ({"weight_bits": 9}, "weight_bits must be one of 1, 2, 3, 4, 5, 6, 7, 8, not 9"),
        ({"taps_x": 9}, "a product has at most 8 blocks of input lanes in all taps, not 9"),
        ({"blocks_k": 3, "taps_y": 3}, "a product has at most 8 blocks"),
        ({"weights": 3}, "weights must begin at a multiple of 2 words, not at 3"),
    ],
)
def test_the_checker_knows_what_a_product_may_say(fields, problem):
    design = accelerator("add", add.Params(m=1, n=4, k=4, k_max=32))
    if "weights" in fields:
        design = accelerator("ternary", ternary.Params(m=1, n=8, k=8, k_max=64))
    gemm = Gemm(**{"weight_bits": int(design.engine == "add"), **fields})
    regions = Regions.of(design, [0] * 4)
    assert any(problem in error for error in check_program([gemm], regions))


def test_at_rest_weights_have_one_width():
    design = Accelerator(
        name="rests", engine="systolic", params=systolic.Params(rows=4, cols=4, k_max=4)
    )
    assert design.feeding is RESTING
    errors = check_program([Gemm(weight_bits=2)], Regions.of(design, [0] * 4))
    assert any("weight_bits must be one of 0, not 2" in error for error in errors)


def test_weights_that_begin_within_a_beat_are_no_program():
    design = accelerator("ternary", ternary.Params(m=1, n=8, k=8, k_max=64))
    machine, _ = machines(np.random.default_rng(0), design, Gemm(last_lanes=8))
    with pytest.raises(ValueError, match="multiple of 2 words, not at 1"):
        execute(machine, Gemm(last_lanes=8, weights=1))


@pytest.mark.parametrize(
    ("engine", "params", "problem"),
    [
        (
            "systolic",
            systolic.Params(rows=4, cols=4, dataflow=Dataflow.OS),
            "at which weights rest, such as systolic with dataflow=ws, or that do a tile",
        ),
        ("systolic", systolic.Params(rows=4, cols=8), "as many rows as columns"),
        ("add", add.Params(n=4, k=3), "k=3 must divide the 4 columns"),
        ("add", add.Params(n=4, k=8), "k=8 must divide the 4 columns"),
        ("add", add.Params(n=8, k=4, k_max=7), "k_max must be at least 8"),
        ("add", add.Params(activation=IntFormat(9)), "activations must be int8, not int9"),
        ("dot", dot.Params(weight=IntFormat(9)), "weights must be integers of at most 8 bits"),
        ("add", add.Params(n=2, k=2), "at least 4 lanes"),
        (
            "lut",
            lut.Params(n=4, precompute=lut.Precompute.EXTERNAL_INT8),
            "tables of activations must be exact",
        ),
        ("mixpe", mixpe.Params(), "it has ports for scales and zero_points"),
        ("add", add.Params(accumulator=IntFormat(33)), "at most 32 bits"),
    ],
)
def test_engines_that_do_not_fit(engine, params, problem):
    with pytest.raises(UserError, match=problem):
        Accelerator(name="none", engine=engine, params=params)
