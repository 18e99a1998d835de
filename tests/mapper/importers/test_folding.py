"""What is folded to quantized operators, and what is left as it is."""

import numpy as np
import onnx
import pytest
from onnx import helper

from golden.evaluate import evaluate
from golden.graph import Clamp
from golden.operators import Clip, Conv, Pad
from mapper.importers.onnx import import_onnx
from tests.support.networks import network
from tests.support.onnx_oracle import disagreement, run_model

RNG = np.random.default_rng(0)
SCALES = {"sx": 0.021, "sw": 0.013, "sy": 0.037}
ZEROS = {"zx": np.int8(-5), "zw": np.int8(0), "zy": np.int8(11)}
CONSTANTS = {name: np.float32(scale) for name, scale in SCALES.items()} | ZEROS
WEIGHTS = RNG.integers(-127, 128, (4, 3, 2, 2), dtype=np.int8)
BIAS = RNG.normal(size=4).astype(np.float32)
IMAGE = (1, 3, 6, 5)


def q(source, target, by="x"):
    return helper.make_node(
        "QuantizeLinear", [source, f"s{by}", f"z{by}"], [target], name=f"q_{target}"
    )


def dq(source, target, by="x"):
    return helper.make_node(
        "DequantizeLinear", [source, f"s{by}", f"z{by}"], [target], name=f"dq_{target}"
    )


def op(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs, [output], name=kind.lower(), **attributes)


def build(inner, constants=None, *, shape=IMAGE, by="y"):
    """Quantize x, dequantize it to ``a``, do ``inner`` up to ``r``, quantize and dequantize it."""
    nodes = [q("x", "xq"), dq("xq", "a"), *inner, q("r", "rq", by), dq("rq", "y", by)]
    model = network(nodes, {"x": list(shape)}, {"y": None}, CONSTANTS | (constants or {}))
    inputs = {"x": np.random.default_rng(1).normal(size=shape).astype(np.float32)}
    (theirs,) = run_model(model, inputs)
    for size in theirs.shape:
        model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = size
    graph = import_onnx(model)
    ours = evaluate(graph, inputs)["y"]
    steps = np.abs(ours - theirs) / CONSTANTS[f"s{by}"]
    assert steps.max() < 1.5
    elements, different, largest = disagreement(graph, inputs)
    assert largest <= 1
    assert different * 1000 <= elements
    return graph


def inside(graph):
    """Operators between the first Quantize and the last Dequantize."""
    first, *middle, last = graph.operators
    assert (first.kind, last.kind) == ("Quantize", "Dequantize")
    return middle


CONV = [dq("w", "wr", "w"), op("Conv", ["a", "wr"], "r")]


@pytest.mark.parametrize("bias", ["none", "float", "int32", "rounded scale", "other scale"])
def test_convolution_with_any_bias(bias):
    constants = {"w": WEIGHTS}
    nodes = [dq("w", "wr", "w"), op("Conv", ["a", "wr", "b"], "r")]
    exact = np.float32(CONSTANTS["sx"] * CONSTANTS["sw"])
    scales = {"other scale": np.float32(0.001), "rounded scale": np.nextafter(exact, exact * 2)}
    scale = scales.get(bias, exact)
    match bias:
        case "none":
            nodes = CONV
        case "float":
            constants["b"] = BIAS
        case _:
            codes = np.rint(BIAS / scale).astype(np.int32)
            constants |= {"bq": codes, "sb": scale, "zb": np.int32(0)}
            nodes.insert(0, dq("bq", "b", "b"))
    (conv,) = inside(build(nodes, constants))
    assert isinstance(conv, Conv)
    graph = build(nodes, constants)
    tensors = graph.inputs_of(conv)
    assert [str(x.element) for x in tensors] == ["int8", "int8", "int32"][: len(tensors)]
    if len(tensors) > 2:
        assert tensors[2].quantized.scale == exact
        assert np.abs(tensors[2].data * exact - BIAS).max() <= scale / 2 + exact


@pytest.mark.parametrize(
    ("after", "clamp"),
    [
        ([op("Relu", ["c"], "r")], Clamp(low=0.0)),
        ([op("Clip", ["c", "low", "high"], "r")], Clamp(low=-0.5, high=1.5)),
        (
            [op("Relu", ["c"], "d"), op("Clip", ["d", "low", "high"], "r")],
            Clamp(low=0.0, high=1.5),
        ),
    ],
)
def test_clamps_become_part_of_the_operator(after, clamp):
    constants = {"w": WEIGHTS, "low": np.float32(-0.5), "high": np.float32(1.5)}
    nodes = [dq("w", "wr", "w"), op("Conv", ["a", "wr"], "c"), *after]
    (conv,) = inside(build(nodes, constants))
    assert conv.clamp == clamp


def test_clamp_after_a_movement_is_an_operator():
    nodes = [op("MaxPool", ["a"], "p", kernel_shape=[2, 2]), op("Relu", ["p"], "r")]
    pool, clip = inside(build(nodes))
    assert (pool.kind, clip.kind) == ("MaxPool", "Clip")
    assert clip.clamp == Clamp(low=0.0)


def test_clamp_alone():
    (clip,) = inside(build([op("Relu", ["a"], "r")]))
    assert isinstance(clip, Clip)


@pytest.mark.parametrize(
    "between",
    [
        [op("Relu", ["a"], "b"), op("MaxPool", ["b"], "m", kernel_shape=[2, 2])],
        [op("Transpose", ["a"], "b", perm=[0, 1, 3, 2]), op("Clip", ["b", "far"], "m")],
        [op("Slice", ["a", "one", "end", "two"], "b"), op("Pad", ["b", "pads"], "m")],
    ],
)
def test_exact_operators_before_one_that_is_folded_work_on_integers(between):
    nodes = [*between, dq("w", "wr", "w"), op("Conv", ["m", "wr"], "r")]
    constants = {"w": WEIGHTS, "far": np.float32(-100), "pads": np.array([0] * 6 + [1, 2])}
    constants |= {"one": np.array([1]), "end": np.array([5]), "two": np.array([2])}
    graph = build(nodes, constants)
    first, second, conv = inside(graph)
    assert not any(x.is_float for o in (first, second, conv) for x in graph.inputs_of(o))


def test_weights_transposed_in_the_model_are_transposed_on_import():
    """Per-channel scales move along."""
    scales = RNG.uniform(0.01, 0.02, 4).astype(np.float32)
    constants = {"w": RNG.integers(-127, 128, (4, 5), dtype=np.int8), "sc": scales}
    constants["zc"] = np.zeros(4, np.int8)
    weights = helper.make_node("DequantizeLinear", ["w", "sc", "zc"], ["wr"], axis=0)
    nodes = [weights, op("Transpose", ["wr"], "wt", perm=[1, 0]), op("MatMul", ["a", "wt"], "r")]
    graph = build(nodes, constants, shape=(7, 5))
    (matmul,) = inside(graph)
    w = graph.inputs_of(matmul)[1]
    assert w.shape == (5, 4)
    assert w.quantized.axis == 1
    assert np.array_equal(w.data, constants["w"].T)


def test_weights_quantized_by_an_operator_are_quantized_on_import():
    constants = {"wf": RNG.normal(size=(4, 3, 2, 2)).astype(np.float32)}
    nodes = [q("wf", "w", "w"), *CONV]
    graph = build(nodes, constants)
    (conv,) = inside(graph)
    assert graph.inputs_of(conv)[1].is_constant


def test_padding_by_a_number_that_is_exact():
    (pad,) = inside(build([op("Pad", ["a", "pads"], "r")], {"pads": np.array([0] * 6 + [1, 2])}))
    assert isinstance(pad, Pad)
    assert pad.value == ZEROS["zx"]


def test_padding_by_another_number_stays_float():
    constants = {"pads": np.array([0] * 6 + [1, 2]), "value": np.float32(0.1)}
    graph = build([op("Pad", ["a", "pads", "value"], "r")], constants)
    assert [o.kind for o in inside(graph)] == ["Dequantize", "Pad", "Quantize"]


@pytest.mark.parametrize(
    ("nodes", "kinds"),
    [
        ([op("Sigmoid", ["a"], "r")], ["Dequantize", "Sigmoid", "Quantize"]),
        ([op("Add", ["a", "one"], "r")], ["Dequantize", "Add", "Quantize"]),
        (
            [op("Clip", ["a", "odd"], "b"), op("MaxPool", ["b"], "r", kernel_shape=[2, 2])],
            ["Dequantize", "Clip", "MaxPool", "Quantize"],
        ),
        ([op("Conv", ["a", "wf"], "r")], ["Dequantize", "Conv", "Quantize"]),
        (
            [dq("w", "wr", "w"), op("Conv", ["a", "wr", "huge"], "r")],
            ["Dequantize", "Dequantize", "Conv", "Quantize"],
        ),
        (
            [
                dq("w", "wr", "w"),
                op("ReduceMean", ["a"], "m", keepdims=0),
                op("Mul", ["m", "ones"], "computed"),
                op("Conv", ["a", "wr", "computed"], "r"),
            ],
            ["Dequantize", "Dequantize", "ReduceMean", "Mul", "Conv", "Quantize"],
        ),
        (
            [
                helper.make_node("DequantizeLinear", ["w", "s3", "z3"], ["wr"], axis=1),
                op("Conv", ["a", "wr"], "r"),
            ],
            ["Dequantize", "Dequantize", "Conv", "Quantize"],
        ),
        (
            [
                helper.make_node("DequantizeLinear", ["w", "s3", "z3"], ["wr"], axis=1),
                op("Reshape", ["wr", "same"], "v"),
                op("Conv", ["a", "v"], "r"),
            ],
            ["Dequantize", "Dequantize", "Reshape", "Conv", "Quantize"],
        ),
    ],
)
def test_the_rest_stays_float(nodes, kinds):
    """Functions, inexact bounds, float weights, a bias that is too large or computed, odd axes."""
    constants = {
        "one": np.float32(1),
        "odd": np.float32(-0.1),
        "w": WEIGHTS,
        "wf": WEIGHTS.astype(np.float32),
        "huge": np.full(4, 1e7, np.float32),
        "ones": np.ones(4, np.float32),
        "s3": np.float32([0.01, 0.02, 0.03]),
        "z3": np.zeros(3, np.int8),
        "same": np.array(WEIGHTS.shape),
    }
    graph = build(nodes, constants)
    assert sorted(o.kind for o in inside(graph)) == sorted(kinds)


def test_an_output_quantized_by_channel_stays_float():
    nodes = [
        q("x", "xq"),
        dq("xq", "a"),
        op("Add", ["a", "a"], "r"),
        helper.make_node("QuantizeLinear", ["r", "s3"], ["rq"], axis=1),
        helper.make_node("DequantizeLinear", ["rq", "s3"], ["y"], axis=1),
    ]
    constants = CONSTANTS | {"s3": np.float32([0.01, 0.02, 0.03])}
    graph = import_onnx(network(nodes, {"x": [2, 3]}, {"y": [2, 3]}, constants))
    assert [o.kind for o in inside(graph)] == ["Dequantize", "Add", "Quantize"]


def test_a_result_that_is_read_as_float_too_stays_float():
    nodes = [
        q("x", "xq"),
        dq("xq", "a"),
        op("Add", ["a", "a"], "r"),
        q("r", "rq", "y"),
        dq("rq", "y", "y"),
        op("Neg", ["r"], "z"),
    ]
    model = network(nodes, {"x": [3]}, {"y": [3], "z": [3]}, CONSTANTS)
    kinds = [o.kind for o in import_onnx(model).operators]
    assert kinds == ["Quantize", "Dequantize", "Add", "Quantize", "Dequantize", "Neg"]


def test_what_nothing_reads_is_dropped():
    nodes = [op("Neg", ["x"], "unread"), op("Relu", ["x"], "y")]
    graph = import_onnx(network(nodes, {"x": [3]}, {"y": [3]}))
    assert [o.kind for o in graph.operators] == ["Clip"]
    assert set(graph.tensors) == {"x", "y"}


@pytest.mark.parametrize("kind", ["INT4", "UINT4"])
def test_weights_of_four_bits(kind):
    low, high = (-8, 8) if kind == "INT4" else (0, 16)
    weights = RNG.integers(low, high, (5, 4))
    nodes = [
        q("x", "xq"),
        dq("xq", "a"),
        helper.make_node("DequantizeLinear", ["w", "sw"], ["wr"], name="dq_w"),
        op("MatMul", ["a", "wr"], "r"),
        q("r", "rq", "y"),
        dq("rq", "y", "y"),
    ]
    model = network(nodes, {"x": [3, 5]}, {"y": [3, 4]}, CONSTANTS, opset=21)
    model.ir_version = 10
    data_type = getattr(onnx.TensorProto, kind)
    model.graph.initializer.append(helper.make_tensor("w", data_type, (5, 4), weights.ravel()))
    graph = import_onnx(model)
    (matmul,) = inside(graph)
    stored = graph.inputs_of(matmul)[1]
    assert str(stored.element) == kind.lower()
    assert np.array_equal(stored.data, weights)
    inputs = {"x": RNG.normal(size=(3, 5)).astype(np.float32)}
    np.testing.assert_allclose(evaluate(graph, inputs)["y"], run_model(model, inputs)[0])
