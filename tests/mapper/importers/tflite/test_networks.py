"""Whole networks, tensor by tensor against TFLite's reference kernels."""

import numpy as np
import pytest

from golden.arith.requantize import Requantization
from golden.evaluate import evaluate
from mapper.importers.tflite import import_tflite
from tests.support.tflite_models import (
    Given,
    Step,
    build,
    compare,
    constant,
    in_file_layout,
    interpret,
)

SAMPLES = 10
NETWORKS = {
    "kws_ref_model": (13, (1, 49, 10, 1), (1, 12), 2_656_768),
    "pretrainedResnet_quant": (16, (1, 32, 32, 3), (1, 10), 12_501_632),
}
"""Computed tensors, shape of input and output, multiply-accumulates."""


@pytest.mark.parametrize("name", NETWORKS)
def test_mlperf_tiny_is_exact(reference_data, name):
    model = (reference_data / "mlperf_tiny" / f"{name}.tflite").read_bytes()
    graph = import_tflite(model)
    count, shape, _, _ = NETWORKS[name]
    (given,) = graph.inputs
    rng = np.random.default_rng(1)
    samples = [rng.integers(-128, 128, shape) for _ in range(SAMPLES)]
    samples += [np.full(shape, extreme) for extreme in (-128, 127)]
    for sample in samples:
        tensors, _, mismatches = compare(model, {given: sample.astype(np.int8)})
        assert (tensors, mismatches) == (count, 0)


@pytest.mark.parametrize("name", NETWORKS)
def test_mlperf_tiny_graph(reference_data, name):
    graph = import_tflite(reference_data / "mlperf_tiny" / f"{name}.tflite")
    count, given, result, macs = NETWORKS[name]
    assert graph.name == name
    assert graph.requantization is Requantization.TFLITE
    assert [graph.tensors[x].shape for x in graph.inputs] == [given]
    assert [graph.tensors[x].shape for x in graph.outputs] == [result]
    kinds = [operator.kind for operator in graph.operators]
    assert kinds.count("Transpose") == 1
    assert len(kinds) == count + 1
    assert sum(product.macs for product in graph.products()) == macs


@pytest.mark.parametrize("name", NETWORKS)
def test_mlperf_tiny_batch(reference_data, name):
    path = reference_data / "mlperf_tiny" / f"{name}.tflite"
    graph = import_tflite(path, batch=3)
    (given,) = graph.inputs
    shape = (3, *NETWORKS[name][1][1:])
    sample = np.random.default_rng(2).integers(-128, 128, shape).astype(np.int8)
    ours = evaluate(graph, {given: sample})
    theirs = interpret(path.read_bytes(), {given: sample}, shapes={given: shape})
    for output in graph.outputs:
        assert np.array_equal(ours[output], theirs[output])


def mixed_network(rng: np.random.Generator) -> bytes:
    """Floats in and out, branches, and changes of layout in the middle."""

    def image(name, height, width, channels):
        return Given(
            name=name,
            shape=(1, height, width, channels),
            scale=rng.uniform(0.02, 0.2),
            zero_point=int(rng.integers(-40, 40)),
        )

    def weights(name, *shape, axis):
        return constant(
            name,
            rng.integers(-127, 128, shape).astype(np.int8),
            scale=rng.uniform(0.002, 0.01, shape[axis]),
            axis=axis,
        )

    def bias(name, size):
        return constant(name, rng.integers(-2000, 2000, size).astype(np.int32))

    joined = image("joined", 9, 7, 10)
    halves = [
        Given(name=n, shape=(1, 9, 7, c), scale=joined.scale, zero_point=joined.zero_point)
        for n, c in (("left", 6), ("right", 4))
    ]
    pooled = Given(
        name="pooled", shape=(1, 4, 3, 10), scale=joined.scale, zero_point=joined.zero_point
    )
    tensors = [
        Given(name="x", shape=(1, 9, 7, 3), dtype=np.float32, signature=(-1, 9, 7, 3)),
        image("q", 9, 7, 3),
        weights("w1", 6, 3, 3, 3, axis=0),
        bias("b1", 6),
        halves[0],
        weights("w2", 1, 3, 2, 3, axis=3),
        bias("b2", 3),
        image("d", 9, 7, 3),
        weights("w3", 4, 1, 1, 3, axis=0),
        bias("b3", 4),
        halves[1],
        joined,
        pooled,
        constant("order", np.array([0, 2, 1, 3], np.int32)),
        Given(name="turned", shape=(1, 3, 4, 10), scale=pooled.scale, zero_point=pooled.zero_point),
        constant("shape", np.array([1, 120], np.int32)),
        Given(name="flat", shape=(1, 120), scale=pooled.scale, zero_point=pooled.zero_point),
        weights("w4", 5, 120, axis=0),
        Given(name="logits", shape=(1, 5), scale=0.3, zero_point=7),
        Given(name="codes", shape=(1, 5), scale=1 / 256, zero_point=-128),
        Given(name="y", shape=(1, 5), dtype=np.float32),
    ]
    window = {"padding": 0, "strideH": 1, "strideW": 1}
    dilated = {**window, "dilationHFactor": 2, "dilationWFactor": 1}
    steps = [
        Step(code="QUANTIZE", inputs=("x",), outputs=("q",)),
        Step(
            code="CONV_2D",
            inputs=("q", "w1", "b1"),
            outputs=("left",),
            options="Conv2DOptions",
            fields={**window, "fusedActivationFunction": 1},
            version=3,
        ),
        Step(
            code="DEPTHWISE_CONV_2D",
            inputs=("q", "w2", "b2"),
            outputs=("d",),
            options="DepthwiseConv2DOptions",
            fields={**dilated, "depthMultiplier": 1},
            version=3,
        ),
        Step(
            code="CONV_2D",
            inputs=("d", "w3", "b3"),
            outputs=("right",),
            options="Conv2DOptions",
            fields=window,
            version=3,
        ),
        Step(
            code="CONCATENATION",
            inputs=("left", "right"),
            outputs=("joined",),
            options="ConcatenationOptions",
            fields={"axis": -1},
            version=2,
        ),
        Step(
            code="MAX_POOL_2D",
            inputs=("joined",),
            outputs=("pooled",),
            options="Pool2DOptions",
            fields={
                "padding": 1,
                "strideH": 2,
                "strideW": 2,
                "filterHeight": 2,
                "filterWidth": 2,
            },
            version=2,
        ),
        Step(
            code="TRANSPOSE",
            inputs=("pooled", "order"),
            outputs=("turned",),
            options="TransposeOptions",
            version=2,
        ),
        Step(
            code="RESHAPE",
            inputs=("turned", "shape"),
            outputs=("flat",),
            options="ReshapeOptions",
        ),
        Step(
            code="FULLY_CONNECTED",
            inputs=("flat", "w4"),
            outputs=("logits",),
            options="FullyConnectedOptions",
            version=4,
        ),
        Step(
            code="SOFTMAX",
            inputs=("logits",),
            outputs=("codes",),
            options="SoftmaxOptions",
            fields={"beta": 1.0},
            version=2,
        ),
        Step(
            code="DEQUANTIZE",
            inputs=("codes",),
            outputs=("y",),
            options="DequantizeOptions",
            version=2,
        ),
    ]
    return build(tensors, steps, ["x"], ["y", "joined"])


@pytest.mark.parametrize("seed", range(4))
def test_network_between_layouts_is_exact(seed):
    rng = np.random.default_rng(seed)
    model = mixed_network(rng)
    x = (rng.normal(size=(1, 9, 7, 3)) * 4).astype(np.float32)
    tensors, _, mismatches = compare(model, {"x": x})
    assert (tensors, mismatches) == (11, 0)


def test_interface_has_the_layout_of_the_file():
    graph = import_tflite(mixed_network(np.random.default_rng(0)))
    assert graph.inputs == ("x",)
    assert graph.outputs == ("y", "joined")
    assert graph.tensors["x"].shape == (1, 9, 7, 3)
    assert graph.tensors["joined"].shape == (1, 9, 7, 10)
    assert graph.tensors["joined/channels_first"].shape == (1, 10, 9, 7)
    values = evaluate(graph, {"x": np.zeros((1, 9, 7, 3), np.float32)})
    assert np.array_equal(in_file_layout(values)["joined"], values["joined"])


def test_a_tensor_changes_layout_once_at_most():
    graph = import_tflite(mixed_network(np.random.default_rng(0)))
    turned = [op.outputs[0] for op in graph.operators if op.name.startswith("TRANSPOSE:")]
    assert turned == ["q/channels_first", "pooled", "joined"]
