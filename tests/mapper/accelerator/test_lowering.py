"""Lowered networks: legal programs, and in every tensor what the golden model computes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from golden.accelerator.checker import check_program
from golden.accelerator.encoding import decode_program, encode_program
from golden.accelerator.instructions import Gemm, Load, Store
from golden.errors import UserError
from golden.evaluate import evaluate
from golden.formats import INT8
from golden.graph import Clamp
from golden.operators import Add, AveragePool, Clip, MaxPool, ReduceMean, Transpose, Window
from mapper.accelerator.lowered import SPILLED
from mapper.accelerator.lowering import lower
from mapper.importers.onnx import import_onnx
from mapper.importers.tflite import import_tflite
from sim.accelerator.simulation import simulate
from sim.accelerator.steps import layers_of
from tests.mapper.accelerator.machines import (
    EDGE,
    TINY,
    accelerator,
    compared,
    random_accelerator,
    random_inputs,
)
from tests.mapper.accelerator.networks import Builder, random_network
from tilewright.networks import digits

DIGITS = Path(digits.__file__).parent / "digits.onnx"
SMALL = accelerator(8, activations=64, weights=96, parameters=144, accumulators=32, banks=(2, 2))


def sound(lowered, seeds=1):
    """Legal, encodable, and equal to the golden model in every tensor."""
    assert check_program(lowered.program.instructions, lowered.regions) == []
    assert decode_program(encode_program(lowered.program)) == lowered.program
    numbers = sorted(number for layer in lowered.layers for number in layer.instructions)
    assert numbers == list(range(len(lowered.program.instructions)))
    for seed in range(seeds):
        inputs = random_inputs(lowered.graph, np.random.default_rng(seed))
        assert compared(lowered, inputs) > 0


def memory_bytes(lowered):
    """Bytes that cross the bus."""
    octets = 0
    for entry in lowered.program.instructions:
        if isinstance(entry, Load):
            octets += entry.rows * entry.row_bytes
        elif isinstance(entry, Store):
            octets += entry.rows * entry.groups * entry.group_bytes
    return octets


@pytest.mark.parametrize("target", [EDGE, TINY], ids=lambda target: target.name)
def test_digits(target):
    lowered = lower(import_onnx(DIGITS), target, host_fallback=True)
    sound(lowered, seeds=3)
    assert [op.kind for op in lowered.before] == ["Quantize"]
    assert [op.kind for op in lowered.after] == ["Dequantize", "Softmax"]
    assert lowered.dram_bytes[SPILLED] == 0


def test_digits_are_recognised():
    """Fixed point and the accelerator keep the accuracy of the network."""
    graph = import_onnx(DIGITS)
    lowered = lower(graph, TINY, host_fallback=True)
    labels = np.load(DIGITS.parent / "labels.npy")[:100]
    with np.load(DIGITS.parent / "test.npz") as archive:
        images = archive["image"][:100]
    right = sum(
        int(evaluate(lowered.graph, {"image": image[None]})["probabilities"].argmax()) == label
        for image, label in zip(images, labels, strict=True)
    )
    assert right >= 97
    for image in images[:3]:
        compared(lowered, {"image": image[None]})


@pytest.mark.parametrize(
    ("name", "most_instructions", "most_traffic", "most_cycles"),
    [("kws_ref_model", 60, 1.18, 34000), ("pretrainedResnet_quant", 80, 1.05, 53000)],
)
def test_mlperf_tiny(reference_data, name, most_instructions, most_traffic, most_cycles):
    model = (reference_data / "mlperf_tiny" / f"{name}.tflite").read_bytes()
    lowered = lower(import_tflite(model), EDGE, host_fallback=True)
    sound(lowered, seeds=2)
    instructions = lowered.program.instructions
    assert len(instructions) <= most_instructions
    assert (
        simulate(EDGE, layers_of(instructions, [("all", len(instructions))])).cycles <= most_cycles
    )
    constants = [tensor.data for tensor in lowered.graph.tensors.values() if tensor.is_constant]
    needed = sum(data.nbytes for data in constants)
    needed += sum(entry.bytes for entry in (*lowered.inputs, *lowered.outputs))
    assert memory_bytes(lowered) <= most_traffic * needed
    assert sum(layer.macs for layer in lowered.layers) == sum(
        product.macs for product in lowered.graph.products()
    )


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_random_networks_on_random_accelerators(seed):
    rng = np.random.default_rng(seed)
    graph, target = random_network(rng), random_accelerator(rng)
    try:
        lowered = lower(graph, target)
    except UserError as error:
        assume("no room" not in str(error) and "not in hardware" not in str(error))
        raise
    sound(lowered)


def test_values_that_do_not_fit_go_to_memory():
    build = Builder(np.random.default_rng(1))
    x = build.tensor("x", (1, 8, 12, 6))
    a = build.conv(x, 16, (3, 3), pads=(1, 1, 1, 1))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1))
    c = build.add(Add, (x, b), build.shape(x))
    window = Window(kernel=(3, 2), strides=(2, 2), pads=(1, 0, 1, 0))
    d = build.pool(MaxPool, c, window, build.tensors[c].quantization)
    build.add(Clip, d, build.shape(d), clamp=Clamp(low=-1, high=1))
    lowered = lower(build.graph(), SMALL)
    sound(lowered)
    assert lowered.dram_bytes[SPILLED] >= 12 * 6 * 16
    assert {entry.base for entry in lowered.tensors} >= {SPILLED}


def test_sums_take_the_place_of_an_operand_where_room_is_short():
    build = Builder(np.random.default_rng(11))
    a = build.conv(build.tensor("x", (1, 8, 8, 8)), 8, (1, 1))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1))
    c = build.add(Add, (a, b), build.shape(a))
    build.conv(c, 8, (3, 3))
    graph = build.graph()
    sizes = {"weights": 400, "parameters": 144, "accumulators": 64}
    lowered = lower(graph, accelerator(8, activations=160, **sizes))
    sound(lowered)
    assert lowered.dram_bytes[SPILLED] == 0
    places = {entry.tensor: entry.address for entry in lowered.tensors}
    # Rows of the operand are gone before the last ones are made.
    assert sorted(places) == [a, c, "t3"]
    roomy = lower(graph, accelerator(8, activations=1024, **sizes))
    assert sorted(entry.tensor for entry in roomy.tensors) == [a, b, c, "t3"]


def test_weights_that_do_not_fit_are_loaded_in_parts():
    build = Builder(np.random.default_rng(2))
    x = build.tensor("x", (1, 20, 6, 6))
    a = build.conv(x, 40, (3, 3), pads=(1, 1, 1, 1))
    build.matmul(build.reshape(a, (1, 40 * 36)), 3)
    lowered = lower(
        build.graph(),
        accelerator(8, activations=512, weights=96, parameters=144, accumulators=64, banks=(2, 2)),
    )
    sound(lowered)
    assert any(
        isinstance(entry, Gemm) and entry.accumulate for entry in lowered.program.instructions
    )


def test_wide_images_are_cut_into_columns():
    build = Builder(np.random.default_rng(3))
    x = build.tensor("x", (1, 4, 3, 50))
    build.conv(x, 20, (3, 3), strides=(1, 2), pads=(1, 1, 1, 1))
    lowered = lower(
        build.graph(),
        accelerator(
            4, activations=1024, weights=400, parameters=144, accumulators=16, banks=(1, 2)
        ),
    )
    sound(lowered)


@pytest.mark.parametrize("kernel", [(7, 7), (3, 5), (1, 2), (2, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_few_channels_are_read_as_windows(kernel, stride):
    build = Builder(np.random.default_rng(4))
    x = build.tensor("x", (1, 3, 9, 11))
    build.conv(x, 5, kernel, strides=(stride, stride), pads=(1, 2, 1, 0))
    lowered = lower(build.graph(), EDGE)
    sound(lowered)
    taps = {entry.taps_x for entry in lowered.program.instructions if isinstance(entry, Gemm)}
    assert taps == {-(-kernel[1] // 5)}


def test_one_dimension():
    build = Builder(np.random.default_rng(5))
    x = build.tensor("x", (1, 5, 30))
    a = build.conv(x, 7, (4,), strides=(2,), dilations=(2,), pads=(3, 1))
    b = build.conv(a, 7, (3,), groups=7, pads=(1, 1))
    build.pool(MaxPool, b, Window(kernel=(2,), strides=(2,)), build.tensors[b].quantization)
    sound(lower(build.graph(), TINY))


def test_rows_of_a_matrix():
    build = Builder(np.random.default_rng(6))
    build.matmul(build.matmul(build.tensor("x", (2, 13, 20)), 9), 4)
    sound(lower(build.graph(), TINY))


def test_file_layout_at_the_interface():
    """Transposes at the interface take no instructions."""
    build = Builder(np.random.default_rng(7))
    x = build.tensor("x", (1, 6, 5, 3))
    quantization = build.tensors["x"].quantization
    first = build.add(Transpose, x, (1, 3, 6, 5), quantization, permutation=(0, 3, 1, 2))
    y = build.conv(first, 9, (3, 3))
    last = build.tensors[y].quantization
    build.add(Transpose, y, (1, 4, 3, 9), last, permutation=(0, 2, 3, 1))
    sound(lower(build.graph(), TINY))


def test_several_inputs_and_outputs():
    build = Builder(np.random.default_rng(8))
    x, y = build.tensor("x", (1, 4, 5, 5)), build.tensor("y", (1, 4, 5, 5))
    a = build.add(Add, (x, y), build.shape(x))
    b = build.conv(a, 8, (3, 3), pads=(1, 1, 1, 1))
    c = build.add(ReduceMean, b, (1, 8), axes=(2, 3), keep_axes=False)
    lowered = lower(build.graph(b, c, a), TINY)
    sound(lowered)
    assert {entry.tensor for entry in lowered.outputs} >= {a, b, c}


def test_average_pool_of_whole_images():
    build = Builder(np.random.default_rng(9), INT8)
    x = build.tensor("x", (1, 20, 7, 6))
    build.pool(AveragePool, x, Window(kernel=(7, 6)), build.tensors[x].quantization)
    sound(lower(build.graph(), TINY), seeds=4)


@pytest.mark.parametrize("shape", [(16, 5, 6), (5, 40, 3), (24, 10, 10), (3, 2, 37)])
def test_means(shape):
    """Few products where channels fill their words, and more than 32 rows or columns of taps."""
    build = Builder(np.random.default_rng(12))
    build.add(
        ReduceMean, build.tensor("x", (1, *shape)), (1, shape[0]), axes=(2, 3), keep_axes=False
    )
    lowered = lower(build.graph(), TINY)
    sound(lowered)
    widths = {entry.out_width for entry in lowered.program.instructions if isinstance(entry, Gemm)}
    assert widths == {shape[0] // 8 if shape[0] % 8 == 0 else 1}


def test_more_blocks_than_an_instruction_takes():
    build = Builder(np.random.default_rng(13))
    build.matmul(build.tensor("x", (1, 1100)), 3, scale=0.002)
    target = accelerator(4, activations=1024, weights=4000, parameters=144, accumulators=64)
    lowered = lower(build.graph(), target)
    sound(lowered)
    products = [entry for entry in lowered.program.instructions if isinstance(entry, Gemm)]
    assert sum(entry.blocks_k for entry in products) == 275


def test_too_large_for_the_instruction_set():
    build = Builder(np.random.default_rng(14))
    build.conv(build.tensor("x", (1, 40, 2, 4200)), 1, (1, 1))
    target = accelerator(16, activations=1 << 15, weights=400, parameters=144, accumulators=64)
    message = r"^operator 't0' \(Conv\) is too large for the instruction set: Gemm: width must be"
    with pytest.raises(UserError, match=message):
        lower(build.graph(), target)


def test_no_room():
    build = Builder(np.random.default_rng(10))
    build.conv(build.tensor("x", (1, 8, 9, 60)), 8, (3, 3))
    with pytest.raises(UserError, match=r"^operator 't0' \(Conv\): activation_bytes=512 has no"):
        lower(build.graph(), SMALL)
