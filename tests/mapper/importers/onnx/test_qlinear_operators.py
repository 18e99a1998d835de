"""QLinear operators, each a model of its own, against onnxruntime's kernel for it."""

import numpy as np
import onnx
import pytest
from onnx import helper

from golden.evaluate import evaluate
from mapper.importers.onnx import import_onnx
from tests.support.networks import network
from tests.support.onnx_oracle import run_model

RNG = np.random.default_rng(0)
MICROSOFT = "com.microsoft"
X = (np.float32(0.031), np.uint8(120))
Y = (np.float32(0.043), np.uint8(131))
OTHER = (np.float32(0.017), np.uint8(99))


def check(kind, shape, constants, position=0, domain=MICROSOFT, dtype=np.uint8, **attributes):
    """Import a node of input x, at ``position`` among constants; outputs of it and onnxruntime."""
    names = [f"c{i}" if c is not None else "" for i, c in enumerate(constants)]
    names.insert(position, "x")
    node = helper.make_node(kind, names, ["y"], name="node", domain=domain, **attributes)
    named = {f"c{i}": c for i, c in enumerate(constants) if c is not None}
    model = network([node], {"x": list(shape)}, {"y": None}, named, dtype=onnx.TensorProto.UINT8)
    model.graph.output[0].type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(
        np.dtype(dtype)
    )
    inputs = {"x": np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)}
    (theirs,) = run_model(model, inputs)
    for size in theirs.shape:
        model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = size
    graph = import_onnx(model)
    ours = evaluate(graph, inputs)["y"]
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    return graph, ours, theirs


def codes(*shape):
    return RNG.integers(0, 128, shape, dtype=np.uint8)


@pytest.mark.parametrize("bias", [None, (3,), (1, 3)])
@pytest.mark.parametrize("trans_b", [0, 1])
def test_qgemm(bias, trans_b):
    weights = codes(3, 20) if trans_b else codes(20, 3)
    c = None if bias is None else RNG.integers(-5000, 5000, bias, dtype=np.int32)
    out = (np.float32(0.8), np.uint8(131))
    graph, ours, theirs = check("QGemm", (4, 20), [*X, weights, *OTHER, c, *out], transB=trans_b)
    assert np.array_equal(ours, theirs)
    assert [op.kind for op in graph.operators] == ["MatMul"]


def test_qgemm_with_float_output():
    graph, ours, theirs = check("QGemm", (4, 20), [*X, codes(20, 3), *OTHER], dtype=np.float32)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    assert [op.kind for op in graph.operators] == ["Dequantize", "Dequantize", "MatMul"]


def test_qlinear_matmul_per_column():
    scales = RNG.uniform(0.01, 0.02, 3).astype(np.float32)
    zero_points = codes(3)
    out = (np.float32(0.8), np.uint8(131))
    graph, ours, theirs = check(
        "QLinearMatMul", (4, 20), [*X, codes(20, 3), scales, zero_points, *out], domain=""
    )
    assert np.array_equal(ours, theirs)
    assert graph.tensors["c2"].quantized.axis == 1


@pytest.mark.parametrize("kind", ["QLinearAdd", "QLinearMul"])
def test_qlinear_pairs(kind):
    graph, ours, theirs = check(kind, (2, 3, 40), [*X, codes(3, 40), *OTHER, *Y])
    assert np.array_equal(ours, theirs)
    assert [op.kind for op in graph.operators] == [kind.removeprefix("QLinear")]


@pytest.mark.parametrize(
    ("kind", "attributes", "kinds"),
    [
        ("QLinearGlobalAveragePool", {}, ["AveragePool"]),
        ("QLinearAveragePool", {"kernel_shape": [3, 2], "pads": [1, 0, 0, 1]}, ["AveragePool"]),
        ("QLinearLeakyRelu", {"alpha": 0.2}, ["Dequantize", "LeakyRelu", "Quantize"]),
        ("QLinearSigmoid", {}, ["Dequantize", "Sigmoid", "Quantize"]),
        (
            "QLinearSoftmax",
            {"axis": -1, "opset": 13},
            ["Dequantize", "Softmax", "Quantize"],
        ),
        (
            "QLinearSoftmax",
            {"axis": 2, "opset": 12},
            ["Dequantize", "Reshape", "Softmax", "Reshape", "Quantize"],
        ),
    ],
)
def test_qlinear_with_one_input(kind, attributes, kinds):
    # onnxruntime's softmax rounds 1 / scale down to an integer, so it has to be one.
    out = Y if "Pool" in kind else (np.float32(1 / 256), np.uint8(0))
    graph, ours, theirs = check(kind, (2, 3, 7, 6), [*X, *out], **attributes)
    difference = np.abs(ours.astype(int) - theirs.astype(int))
    assert difference.max() <= 1
    assert np.count_nonzero(difference) * 100 <= difference.size
    assert [op.kind for op in graph.operators] == kinds


def test_qlinear_concat():
    graph, ours, theirs = check(
        "QLinearConcat", (2, 3, 40), [*Y, *X, codes(2, 5, 40), *OTHER], position=2, axis=1
    )
    assert np.array_equal(ours, theirs)
    assert [op.kind for op in graph.operators] == ["Concat"]


def test_integers_move_between_qlinear_operators():
    """MaxPool and Reshape on integers say nothing of scales; their neighbours do."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p"], kernel_shape=[2]),
        helper.make_node("Reshape", ["p", "to"], ["r"]),
        helper.make_node(
            "QLinearMatMul", ["r", "sx", "zx", "w", "sw", "zw", "sy", "zy"], ["m"], name="matmul"
        ),
        helper.make_node("Transpose", ["m"], ["y"]),
    ]
    names = ("sx", "zx", "sw", "zw", "sy", "zy")
    constants = dict(zip(names, (*X, *OTHER, *Y), strict=True))
    constants |= {"w": codes(4, 3), "to": np.array([3, 4])}
    model = network(nodes, {"x": [1, 3, 5]}, {"y": [3, 3]}, constants, dtype=onnx.TensorProto.UINT8)
    graph = import_onnx(model)
    inputs = {"x": codes(1, 3, 5)}
    assert np.array_equal(evaluate(graph, inputs)["y"], run_model(model, inputs)[0])
    assert [op.kind for op in graph.operators] == ["MaxPool", "Reshape", "MatMul", "Transpose"]
    for name, scale in (("x", X[0]), ("p", X[0]), ("r", X[0]), ("m", Y[0]), ("y", Y[0])):
        assert graph.tensors[name].quantized.scale == scale


def test_a_bias_shared_by_two_convolutions_has_a_scale_for_each():
    def conv(source, target, scale):
        names = [source, "sx", "zx", "w", scale, "zw", "sx", "zx", "b"]
        return helper.make_node("QLinearConv", names, [target])

    constants = {"sx": X[0], "zx": X[1], "sw": OTHER[0], "zw": OTHER[1], "st": np.float32(0.002)}
    constants |= {"w": codes(3, 3, 1, 1), "b": RNG.integers(-500, 500, 3, dtype=np.int32)}
    nodes = [conv("x", "m", "st"), conv("m", "y", "st")]
    model = network(nodes, {"x": [1, 3, 4, 4]}, {"y": [1, 3, 4, 4]}, constants)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = onnx.TensorProto.UINT8
    inputs = {"x": codes(1, 3, 4, 4)}
    graph = import_onnx(model)
    assert np.array_equal(evaluate(graph, inputs)["y"], run_model(model, inputs)[0])
    assert [op.kind for op in graph.operators] == ["Conv", "Conv"]


def test_channels_last_is_refused():
    with pytest.raises(ValueError, match="channels_last is not supported: export with channels"):
        check("QLinearGlobalAveragePool", (2, 3, 7, 6), [*X, *Y], channels_last=1)
