"""What programs mean: each instruction against its definition, one number at a time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.instructions import Add, Gemm, Load, Pool, Requantize, Store, Table
from golden.accelerator.interpreter import (
    ADD_SHIFT,
    PARAMETER_WORDS,
    TABLE_BYTES,
    Machine,
    MemorySizes,
    execute,
)
from golden.arith.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from golden.arith.requantize import Requantization
from golden.formats import INT8
from golden.operators import Conv
from golden.operators.base import Arithmetic, Operand
from golden.tensors import Quantization, Tensor
from tests.golden.accelerator.oracle import ORACLES
from tests.golden.accelerator.small import (
    KINDS,
    MEMORIES,
    SIZES,
    copied,
    differing,
    exact,
    filled,
    random_instruction,
)
from tests.support.tensors import INT32

BASES = (0, 7, 130, 300)


def agree(machine, op):
    expected = copied(machine)
    ORACLES[type(op)](expected, op)
    execute(machine, op)
    assert differing(machine, expected) == [], op


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 2**32 - 1), lanes=st.sampled_from([3, 4, 8]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_random_instructions(kind, seed, lanes):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        agree(filled(rng, lanes, bases=BASES), random_instruction(rng, lanes, kind))


def test_constants():
    assert (PARAMETER_WORDS, ADD_SHIFT, TABLE_BYTES) == (9, 20, 256)


def machine_of(lanes=4, dram=b""):
    """A machine of zeros."""
    return Machine(
        lanes=lanes, sizes=SIZES, multiply=exact, dram=np.frombuffer(dram, np.uint8).copy()
    )


def test_load_slides_a_window_over_a_padded_row():
    machine = machine_of(dram=bytes([99, 10, 11, 12, 99]))
    execute(
        machine,
        Load(
            address=1,
            row_bytes=3,
            pad_left=2,
            groups=3,
            group_step=2,
            group_bytes=5,
            pad_value=-7,
            local=5,
        ),
    )
    assert machine.activations[4:12].tolist() == [
        [0, 0, 0, 0],
        [-7, -7, 10, 11],
        [12, 0, 0, 0],
        [10, 11, 12, -7],
        [-7, 0, 0, 0],
        [12, -7, -7, -7],
        [-7, 0, 0, 0],
        [0, 0, 0, 0],
    ]


def test_padding_touches_no_memory():
    machine = machine_of(dram=bytes([1]))
    execute(machine, Load(address=0, row_bytes=1, pad_left=3, group_bytes=8, pad_value=5))
    assert machine.activations[:2].tolist() == [[5, 5, 5, 1], [5, 5, 5, 5]]
    execute(machine, Load(address=10**6, pad_left=4, group_bytes=4, pad_value=6))
    assert machine.activations[0].tolist() == [6] * 4


@pytest.mark.parametrize("memory", [0, 1, 2])
def test_load_into_each_memory_from_each_base(memory):
    for base in range(4):
        rng = np.random.default_rng(base)
        machine = filled(rng, 4, bases=BASES)
        agree(machine, Load(memory=memory, base=base, address=3, rows=2, row_step=9, row_bytes=6))


def test_store_undoes_load():
    rng = np.random.default_rng(1)
    machine = filled(rng, 4, bases=(0, 1000, 0, 0))
    before = machine.dram[:60].copy()
    shape = {"rows": 2, "row_step": 30, "groups": 3, "group_bytes": 10, "local": 3}
    execute(machine, Load(row_bytes=30, group_step=10, local_row_step=9, **shape))
    execute(machine, Store(base=1, local_row_step=9, **shape))
    assert machine.dram[1000:1060].tolist() == before.tolist()


def test_sums_wrap():
    machine = machine_of(lanes=2)
    machine.activations[0] = (127, 1)
    machine.weights[:2] = [(127, -1), (0, 0)]
    machine.accumulators[0] = (2**31 - 1, -(2**31))
    execute(machine, Gemm(last_lanes=2, accumulate=1))
    assert machine.accumulators[0].tolist() == [-(2**31) + 127 * 127 - 1, 2**31 - 127]


@pytest.mark.parametrize("pad_value", [-128, 0, 127])
def test_padding_counts_in_every_lane_that_counts(pad_value):
    machine = machine_of(lanes=4)
    machine.weights[:] = 1
    machine.accumulators[:] = 9
    execute(machine, Gemm(origin_y=-1, blocks_k=2, last_lanes=3, pad_value=pad_value))
    assert machine.accumulators[:2].tolist() == [[7 * pad_value] * 4, [9] * 4]


def test_the_engine_does_one_job_for_each_tap_and_block():
    jobs = []

    def multiply(a, w, bits):
        jobs.append((a.shape, w.shape))
        return a @ w

    machine = replace(machine_of(lanes=4), multiply=multiply)
    execute(
        machine,
        Gemm(out_height=2, out_width=3, taps_y=2, taps_x=1, blocks_k=2, last_lanes=3, blocks_n=2),
    )
    assert jobs == [((6, 4), (4, 4)), ((6, 3), (3, 4))] * 4


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        ((1, 2), 2),
        ((-1, -2), -2),
        ((1, 0), 1),
        ((-1, 0), -1),
        ((1, 1, 2, 1), 1),
        ((-128, -128), -128),
    ],
)
def test_averages_round_halves_away_from_zero(values, mean):
    machine = machine_of(lanes=1)
    machine.activations[: len(values), 0] = values
    shape = {"pixel_words": 1, "width": len(values), "taps_x": len(values), "target": 50}
    execute(machine, Pool(kind=1, **shape))
    assert machine.activations[50, 0] == mean


def test_taps_outside_do_not_count():
    machine = machine_of(lanes=1)
    machine.activations[0] = -9
    window = {"origin_y": -1, "origin_x": -1, "taps_y": 3, "taps_x": 3, "target": 1}
    for kind in (0, 1):
        execute(machine, Pool(kind=kind, **window))
        assert machine.activations[1, 0] == -9


def tflite_add(x, y, scales, zero_points):
    """TensorFlow Lite's reference Add, from its definition."""
    unit = 2 * max(scales[:2])
    factors = [quantize_multiplier(scale / unit) for scale in scales[:2]]
    parts = [
        multiply_by_quantized_multiplier((value - zero) * 2**20, *factor)
        for value, zero, factor in zip((x, y), zero_points[:2], factors, strict=True)
    ]
    factor = quantize_multiplier(unit / (2**20 * scales[2]))
    total = multiply_by_quantized_multiplier(sum(parts), *factor) + zero_points[2]
    return min(max(total, -128), 127)


def put_parameters(machine, first, bias, integer, shift):
    """Nine words of parameters, lanes that are not given zero."""
    octets = np.zeros((9, machine.lanes), np.int8)
    for row, values in ((0, bias), (4, integer)):
        wide = np.zeros(machine.lanes, "<i4")
        wide[: len(values)] = values
        octets[row : row + 4] = wide.view(np.int8).reshape(4, -1)
    octets[8, : len(shift)] = shift
    machine.parameters[first : first + 9] = octets


@given(
    seed=st.integers(0, 2**32 - 1),
    scales=st.tuples(*[st.floats(0.001, 1)] * 3),
    zero_points=st.tuples(*[st.integers(-128, 127)] * 3),
)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_add_is_that_of_tensorflow_lite(seed, scales, zero_points):
    machine = machine_of(lanes=4)
    rng = np.random.default_rng(seed)
    machine.activations[:8] = rng.integers(-128, 128, (8, 4))
    unit = 2 * max(scales[:2])
    factors = [quantize_multiplier(scale / unit) for scale in scales[:2]]
    factors.append(quantize_multiplier(unit / (2**20 * scales[2])))
    integers, shifts = zip(*factors, strict=True)
    put_parameters(machine, 9, [-zero_points[0], -zero_points[1]], integers, shifts)
    execute(machine, Add(second=4, target=8, words=4, parameters=9, zero_point=zero_points[2]))
    for word in range(4):
        for lane in range(4):
            x, y = machine.activations[[word, word + 4], lane].tolist()
            expected = tflite_add(x, y, scales, zero_points)
            assert machine.activations[word + 8, lane] == expected


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, derandomize=True, deadline=None)
def test_convolution_is_that_of_the_operator(seed):
    rng = np.random.default_rng(seed)
    lanes, channels, filters, size = 4, 6, 5, (5, 4)
    kernel, stride, pad = (3, 2), (2, 1), (1, 1)
    x = rng.integers(-128, 128, (1, channels, *size)).astype(np.int8)
    w = rng.integers(-127, 128, (filters, channels, *kernel)).astype(np.int8)
    bias = rng.integers(-5000, 5000, filters).astype(np.int32)
    zero_x, zero_y = (int(value) for value in rng.integers(-128, 128, 2))
    scale_x, scale_y = np.float32(0.05), np.float32(rng.uniform(0.5, 3))
    scale_w = rng.uniform(0.005, 0.05, filters).astype(np.float32)
    op = Conv(
        name="conv",
        inputs=("x", "w", "b"),
        outputs=("y",),
        strides=stride,
        dilations=(1, 1),
        pads=(*pad, *pad),
    )
    out = (3, 5)
    zeros = np.zeros(filters, np.int64)
    tensors = [
        Tensor(name=name, shape=values.shape, element=element, quantization=quantization)
        for name, values, element, quantization in (
            ("x", x, INT8, Quantization.of(scale_x, zero_x)),
            ("w", w, INT8, Quantization.of(scale_w, zeros, axis=0)),
            ("b", bias, INT32, Quantization.of(scale_x * scale_w, zeros, axis=0)),
            ("y", np.empty((1, filters, *out)), INT8, Quantization.of(scale_y, zero_y)),
        )
    ]
    arithmetic = Arithmetic(requantization=Requantization.TFLITE)
    operands = [
        Operand(tensor, values) for tensor, values in zip(tensors[:3], (x, w, bias), strict=True)
    ]
    (expected,) = op.compute(operands, tensors[3:], arithmetic)

    blocks = 2
    dram = np.zeros(2000, np.uint8)
    pixels = size[0] * size[1]
    dram[: pixels * channels] = x[0].transpose(1, 2, 0).reshape(-1).view(np.uint8)
    tiles = np.zeros((blocks * lanes, *kernel, channels), np.int8)
    tiles[:filters] = w.transpose(0, 2, 3, 1)
    tiles = tiles.reshape(blocks, lanes, *kernel, channels).transpose(0, 2, 3, 4, 1)
    dram[200 : 200 + tiles.size] = tiles.reshape(-1).view(np.uint8)
    machine = Machine(
        lanes=lanes,
        sizes=replace(SIZES, weights=tiles.size // lanes),
        multiply=exact,
        dram=dram,
    )
    factor = np.float64(scale_x) * scale_w.astype(np.float64) / np.float64(scale_y)
    integers, shifts = zip(*(quantize_multiplier(float(f)) for f in factor), strict=True)
    for block in range(blocks):
        part = slice(block * lanes, (block + 1) * lanes)
        # The zero point of the activations leaves the sums through the bias.
        centred = bias - zero_x * w.reshape(filters, -1).sum(axis=1, dtype=np.int64)
        put_parameters(machine, 9 * block, centred[part], integers[part], shifts[part])
    for instruction in (
        Load(
            row_bytes=pixels * channels,
            groups=pixels,
            group_step=channels,
            group_bytes=channels,
        ),
        Load(memory=1, address=200, row_bytes=tiles.size, group_bytes=tiles.size),
        Gemm(
            row_words=2 * size[1],
            pixel_words=2,
            height=size[0],
            width=size[1],
            origin_y=-pad[0],
            origin_x=-pad[1],
            stride_y=stride[0],
            stride_x=stride[1],
            out_height=out[0],
            out_width=out[1],
            taps_y=kernel[0],
            taps_x=kernel[1],
            blocks_k=2,
            last_lanes=channels - lanes,
            blocks_n=blocks,
            pad_value=zero_x,
        ),
        Requantize(
            target=60,
            row_words=2 * out[1],
            pixel_words=2,
            out_height=out[0],
            out_width=out[1],
            blocks=blocks,
            zero_point=zero_y,
        ),
        Store(address=1500, groups=out[0] * out[1], group_bytes=filters, local=60),
    ):
        execute(machine, instruction)
    result = machine.dram[1500 : 1500 + expected.size].view(np.int8).reshape(*out, filters)
    assert result.tolist() == expected[0].transpose(1, 2, 0).tolist()


def test_operands_are_read_before_results_are_written():
    rng = np.random.default_rng(5)
    for _ in range(20):
        agree(filled(rng, 4), replace(random_instruction(rng, 4, Add), target=3))
        agree(filled(rng, 4), replace(random_instruction(rng, 4, Table), target=3))
        agree(filled(rng, 4), replace(random_instruction(rng, 4, Pool), target=3, blocks=2))


TINY = MemorySizes(activations=16, weights=16, parameters=80, accumulators=8)
BEYOND = [
    Load(address=60, row_bytes=5, group_bytes=5),
    Load(address=-1),
    Load(local=16),
    Load(local=-1),
    Load(local=12, groups=5),
    Load(rows=2, local_row_step=16),
    Load(memory=1, local=16),
    Load(memory=1, local=-1),
    Load(memory=2, local=80),
    Load(memory=2, local=-80),
    Store(address=64),
    Store(address=-1),
    Store(address=62, group_bytes=3),
    Store(local=16),
    Store(local=-1),
    Store(local=15, groups=2),
    Gemm(source=16),
    Gemm(source=-1),
    Gemm(source=15, diagonal=1, blocks_n=2),
    Gemm(source=15, blocks_k=2),
    Gemm(width=2, pixel_words=16, taps_x=2),
    Gemm(weights=16),
    Gemm(weights=-1),
    Gemm(weights=14, last_lanes=3),
    Gemm(weights=15, blocks_n=2),
    Gemm(weights=15, blocks_n=2, diagonal=1),
    Gemm(target=8),
    Gemm(target=-1),
    Gemm(target=-8, accumulate=1),
    Gemm(target=7, blocks_n=2),
    Requantize(source=8),
    Requantize(source=-1),
    Requantize(source=7, blocks=2),
    Requantize(source=-2, out_width=2),
    Requantize(parameters=72),
    Requantize(parameters=-9),
    Requantize(parameters=64, blocks=2),
    Requantize(target=16),
    Requantize(target=-1),
    Requantize(target=15, blocks=2),
    Requantize(target=10, out_height=2, row_words=6),
    Add(first=16),
    Add(first=-1),
    Add(second=-1),
    Add(second=15, words=2),
    Add(target=16),
    Add(target=-1),
    Add(parameters=72),
    Add(parameters=-9),
    Pool(source=16),
    Pool(source=-1),
    Pool(source=15, blocks=2),
    Pool(target=16),
    Pool(target=-1),
    Pool(target=15, blocks=2),
    Table(source=16),
    Table(source=-1),
    Table(source=15, words=2),
    Table(target=16),
    Table(target=-1),
    Table(target=15, words=2),
    Table(parameters=17),
    Table(parameters=-1),
]


@pytest.mark.parametrize("instruction", BEYOND, ids=str)
def test_beyond_a_memory(instruction):
    machine = filled(np.random.default_rng(0), 4, sizes=TINY, dram_bytes=64)
    before = copied(machine)
    with pytest.raises(IndexError, match="reaches"):
        execute(machine, instruction)
    assert differing(machine, before) == []


def test_bases_beyond_memory():
    machine = filled(np.random.default_rng(0), 4, dram_bytes=64, bases=(0, 64, 60, 0))
    for instruction in (Load(base=1), Store(base=1), Load(base=2, address=4)):
        with pytest.raises(IndexError, match="reaches 64 to 64, beyond 0 to 63"):
            execute(machine, instruction)


def test_last_words_can_be_reached():
    machine = filled(np.random.default_rng(0), 4, sizes=TINY, dram_bytes=64)
    for instruction in (
        Load(address=63, local=15),
        Store(address=63, local=15),
        Gemm(source=15, weights=15, target=7),
        Requantize(source=7, parameters=71, target=15),
        Add(first=15, second=15, target=15, parameters=71),
        Pool(source=15, target=15),
        Table(source=15, target=15, parameters=16),
    ):
        agree(machine, instruction)


def test_memories_have_the_shapes_that_are_documented():
    machine = filled(np.random.default_rng(0), 4, sizes=TINY)
    for name in MEMORIES[:4]:
        assert getattr(machine, name).shape == (getattr(TINY, name), 4)
    assert [
        machine.memory(number) is memory
        for number, memory in enumerate((machine.activations, machine.weights, machine.parameters))
    ] == [True] * 3
