"""Every form of operator that is imported, by values against onnxruntime on the same model."""

import numpy as np
import pytest
from onnx import helper

from golden.evaluate import evaluate
from mapper.importers.onnx import import_onnx
from tests.support.networks import network
from tests.support.onnx_oracle import run_model

RNG = np.random.default_rng(0)
IMAGE = (2, 4, 7, 6)
KERNEL = RNG.normal(size=(6, 4, 3, 2)).astype(np.float32)
CHANNELS = [RNG.uniform(0.5, 2, 4).astype(np.float32) for _ in range(4)]


def ints(*values):
    return np.array(values, np.int64)


def node(kind, *constants, x="x", outputs=("y",), **attributes):
    """A node of input x and constants c0, c1, …; None leaves an input out."""
    names = [x, *("" if c is None else f"c{i}" for i, c in enumerate(constants))]
    return helper.make_node(kind, names, list(outputs), **attributes), constants


def check(nodes, constants=(), *, shape=IMAGE, opset=17, positive=False):
    """The imported model computes what onnxruntime does; the graph is returned."""
    named = {f"c{i}": c for i, c in enumerate(constants) if c is not None}
    model = network(nodes, {"x": list(shape)}, {"y": None}, named, opset=opset)
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    inputs = {"x": np.abs(x) if positive else x}
    (theirs,) = run_model(model, inputs)
    model.graph.output[0].CopyFrom(
        helper.make_tensor_value_info(
            "y", helper.np_dtype_to_tensor_dtype(theirs.dtype), theirs.shape
        )
    )
    graph = import_onnx(model)
    ours = evaluate(graph, inputs)["y"]
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    assert graph.tensors["y"].shape == theirs.shape
    return graph


@pytest.mark.parametrize(
    ("given", "opset"),
    [
        (node("Conv", KERNEL), 17),
        (node("Conv", KERNEL, CHANNELS[0].repeat(2)[:6], strides=[2, 1]), 17),
        (node("Conv", KERNEL, auto_pad="SAME_UPPER", strides=[2, 3]), 17),
        (node("Conv", KERNEL, auto_pad="SAME_LOWER", strides=[2, 1], kernel_shape=[3, 2]), 17),
        (node("Conv", KERNEL, auto_pad="VALID", dilations=[2, 2]), 17),
        (node("Conv", KERNEL[:4, :1], group=4, pads=[1, 0, 1, 1]), 17),
        (node("MaxPool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1), 17),
        (node("MaxPool", kernel_shape=[3, 2], auto_pad="SAME_UPPER", strides=[2, 2]), 8),
        (node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]), 17),
        (
            node(
                "AveragePool",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
                strides=[2, 2],
                ceil_mode=1,
                count_include_pad=1,
            ),
            19,
        ),
        (node("GlobalAveragePool"), 17),
        (node("GlobalMaxPool"), 17),
        (node("BatchNormalization", *CHANNELS, epsilon=0.01), 17),
        (node("BatchNormalization", *CHANNELS), 9),
        (node("LRN", size=3, alpha=0.1, beta=0.5, bias=2.0), 17),
        (node("LayerNormalization", KERNEL[0, 0, 0, :1].repeat(6), axis=-1), 17),
        (node("Softmax"), 17),
        (node("Softmax", axis=1), 17),
        (node("Softmax"), 11),
        (node("Softmax", axis=2), 11),
        (node("Softmax", axis=3), 11),
        (node("Relu"), 17),
        (node("LeakyRelu", alpha=0.2), 17),
        (node("HardSigmoid"), 17),
        (node("HardSwish"), 17),
        (node("Clip", np.float32(-0.5), np.float32(0.5)), 17),
        (node("Clip", None, np.float32(0.5)), 17),
        (node("Clip", np.float32(1), np.float32(-1)), 17),
        (node("Clip", min=-0.5, max=0.5), 10),
        (node("Gelu"), 20),
        (node("Gelu", approximate="tanh"), 20),
        *[(node(kind), 17) for kind in ("Abs", "Erf", "Exp", "Neg", "Sigmoid", "Tanh")],
        (node("Add", CHANNELS[0].reshape(4, 1, 1)), 17),
        (node("Sub", CHANNELS[0].reshape(4, 1, 1)), 17),
        (node("Mul", CHANNELS[0].reshape(4, 1, 1)), 17),
        (node("Div", CHANNELS[0].reshape(4, 1, 1)), 17),
        (node("Pow", np.float32(2)), 17),
        (node("Sum"), 17),
        (node("Sum", CHANNELS[0].reshape(4, 1, 1), CHANNELS[1].reshape(1, 4, 1, 1)), 17),
        (node("ReduceMean", axes=[-1, 1]), 17),
        (node("ReduceMean", keepdims=0), 17),
        (node("ReduceMean", ints(2, 3)), 18),
        (node("ReduceMean", noop_with_empty_axes=1), 18),
        (node("Flatten"), 17),
        (node("Flatten", axis=-1), 17),
        (node("Flatten", axis=0), 17),
        (node("Reshape", ints(0, -1, 6)), 17),
        (node("Transpose"), 17),
        (node("Transpose", perm=[0, 2, 3, 1]), 17),
        (node("Concat", KERNEL[:2, :, :1, :1].repeat(7, 2).repeat(6, 3), axis=-3), 17),
        (node("Gather", ints(3, -1), axis=1), 17),
        (node("Slice", ints(1, -1), ints(9, -9), ints(2, -1), ints(2, -2)), 17),
        (node("Slice", ints(1), ints(-1)), 17),
        (node("Slice", ints(5), ints(2), ints(2)), 17),
        (node("Slice", starts=[1], ends=[3], axes=[1]), 9),
        (node("Pad", ints(0, 0, 1, 2, 0, 1, 0, 0), np.float32(1.5)), 17),
        (node("Pad", ints(1, 2), None, ints(-1)), 18),
        (node("Pad", pads=[0, 0, 1, 2, 0, 1, 0, 0], value=0.5), 10),
        (node("Unsqueeze", ints(0, -1)), 17),
        (node("Unsqueeze", axes=[2]), 11),
        (node("Cast", to=1), 17),
        (node("Dropout"), 17),
        (node("Identity"), 17),
    ],
    ids=lambda value: value[0].op_type if isinstance(value, tuple) else str(value),
)
def test_agrees_with_onnxruntime(given, opset):
    proto, constants = given
    check([proto], constants, opset=opset)


@pytest.mark.parametrize("kind", ["Log", "Sqrt", "Reciprocal"])
def test_functions_of_positive_numbers(kind):
    check([node(kind)[0]], positive=True)


@pytest.mark.parametrize(
    ("given", "opset"),
    [(node("Squeeze", ints(0, -1)), 17), (node("Squeeze"), 17), (node("Squeeze", axes=[3]), 11)],
)
def test_squeeze(given, opset):
    check([given[0]], given[1], shape=(1, 3, 4, 1), opset=opset)


MATRIX = RNG.normal(size=(5, 3)).astype(np.float32)


@pytest.mark.parametrize("bias", [(), (3,), (1, 3), (1,), (4, 3), (4, 1)])
@pytest.mark.parametrize("factors", [{}, {"alpha": 0.5, "beta": 2.0}])
def test_gemm_with_any_bias(bias, factors):
    values = RNG.normal(size=bias).astype(np.float32)
    proto, constants = node("Gemm", MATRIX, values, **factors)
    check([proto], constants, shape=(4, 5))


@pytest.mark.parametrize(
    ("trans_a", "trans_b", "kinds"),
    [
        (0, 0, ["MatMul"]),
        (0, 1, ["MatMul"]),
        (1, 0, ["Transpose", "MatMul"]),
        (1, 1, ["Transpose", "MatMul"]),
    ],
)
def test_gemm_with_transpositions(trans_a, trans_b, kinds):
    """Constants are transposed on import, computed matrices by an operator."""
    matrix = MATRIX.T if trans_b else MATRIX
    proto, constants = node("Gemm", np.ascontiguousarray(matrix), transA=trans_a, transB=trans_b)
    graph = check([proto], constants, shape=(5, 4) if trans_a else (4, 5))
    assert [op.kind for op in graph.operators] == kinds


def test_gemm_of_a_computed_bias():
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1),
        helper.make_node("Relu", ["m"], ["r"]),
        helper.make_node("Gemm", ["x", "c0", "r"], ["y"], beta=0.5),
    ]
    check(nodes, [np.eye(5, dtype=np.float32)], shape=(4, 5))


def test_matmul_of_stacks():
    stack = RNG.normal(size=(3, 5, 2)).astype(np.float32)
    proto, constants = node("MatMul", stack)
    graph = check([proto], constants, shape=(2, 3, 4, 5))
    assert [(p.m, p.k, p.n, p.count) for p in graph.products()] == [(4, 5, 2, 6)]


@pytest.mark.parametrize(
    ("attributes", "constants", "opset"),
    [
        ({"axis": 1}, [ints(1, 3)], 17),
        ({"axis": 1}, [], 17),
        ({"axis": -1, "split": [2, 4]}, [], 11),
        ({"axis": 2, "num_outputs": 2}, [], 18),
    ],
)
def test_split(attributes, constants, opset):
    proto, _ = node("Split", *constants, outputs=("p", "q"), **attributes)
    nodes = [
        proto,
        helper.make_node("Relu", ["p"], ["r"]),
        helper.make_node("Neg", ["q"], ["n"]),
        helper.make_node("Concat", ["n", "r"], ["y"], axis=attributes["axis"]),
    ]
    check(nodes, constants, opset=opset)


def test_shape_arithmetic_is_folded():
    """What exporters write for x.view(x.size(0), -1)."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "c0"], ["n"]),
        helper.make_node("Unsqueeze", ["n", "c1"], ["n1"]),
        helper.make_node("Constant", [], ["minus"], value_ints=[-1]),
        helper.make_node("Concat", ["n1", "minus"], ["to"], axis=0),
        helper.make_node("Reshape", ["x", "to"], ["y"]),
    ]
    graph = check(nodes, [np.array(0), ints(0)])
    assert [op.kind for op in graph.operators] == ["Reshape"]


def test_generated_constants_are_folded():
    nodes = [
        helper.make_node("ConstantOfShape", ["c0"], ["zeros"]),
        helper.make_node(
            "ConstantOfShape", ["c0"], ["halves"], value=helper.make_tensor("v", 1, [1], [0.5])
        ),
        helper.make_node("Size", ["x"], ["count"]),
        helper.make_node("Cast", ["count"], ["real"], to=1),
        helper.make_node("Add", ["zeros", "halves"], ["sum"]),
        helper.make_node("Mul", ["sum", "real"], ["scaled"]),
        helper.make_node("Add", ["x", "scaled"], ["y"]),
    ]
    graph = check(nodes, [ints(4, 7, 6)])
    assert [op.kind for op in graph.operators] == ["Add"]


def test_large_generated_constants_take_no_memory():
    nodes = [
        helper.make_node("ConstantOfShape", ["c0"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    model = network(nodes, {"x": [1, 1 << 20]}, {"y": [1, 1 << 20]}, {"c0": ints(1 << 20, 1 << 20)})
    assert import_onnx(model).products()[0].macs == 1 << 40


def test_a_constant_output_and_an_output_that_is_an_input():
    nodes = [
        helper.make_node("Identity", ["x"], ["same"]),
        helper.make_node("Constant", [], ["five"], value_float=5.0),
    ]
    model = network(nodes, {"x": [2]}, {"same": [2], "five": []})
    graph = import_onnx(model)
    values = evaluate(graph, {"x": np.float32([1, 2])})
    assert graph.outputs == ("same", "five")
    assert values["same"].tolist() == [1, 2]
    assert values["five"] == 5


def test_nodes_of_one_name_stay_apart():
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="relu"),
        helper.make_node("Neg", ["a"], ["b"], name="relu"),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    graph = import_onnx(network(nodes, {"x": [2]}, {"y": [2]}))
    assert [op.name for op in graph.operators] == ["relu", "relu_2", "Relu:y"]


def test_local_functions_are_inlined():
    body = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["c"])]
    model = network(
        [helper.make_node("Fancy", ["x"], ["y"], domain="own")], {"x": [2, 3]}, {"y": [2, 3]}
    )
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.functions.append(
        helper.make_function("own", "Fancy", ["a"], ["c"], body, [helper.make_opsetid("", 17)])
    )
    assert [op.kind for op in import_onnx(model).operators] == ["Clip", "Neg"]
