"""Weights with scales for groups along K: MatMulNBits and blocks of DequantizeLinear."""

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from golden.evaluate import evaluate
from golden.formats import IntFormat
from golden.operators import MatMul
from golden.operators.base import MatrixProduct, exact_product
from mapper.importers.errors import ModelError
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import run_model

N, SCALE = 6, np.float32(0.05)


def model(
    nodes: list[onnx.NodeProto],
    shape: tuple[int, ...],
    constants: dict[str, Any],
    *,
    quantized: bool,
    protos: tuple[onnx.TensorProto, ...] = (),
) -> onnx.ModelProto:
    """Nodes from ``a`` to ``d``, alone or with their ends quantized."""
    columns = [*shape[:-1], N]
    if quantized:
        around = [("Q", ["x", "s", "z"], "q"), ("DQ", ["q", "s", "z"], "a")]
        after = [("Q", ["d", "t", "z"], "e"), ("DQ", ["e", "t", "z"], "y")]
        kinds = {"Q": "QuantizeLinear", "DQ": "DequantizeLinear"}
        before, behind = (
            [helper.make_node(kinds[kind], i, [o], name=o) for kind, i, o in some]
            for some in (around, after)
        )
        nodes = [*before, *nodes, *behind]
        constants = {**constants, "s": SCALE, "t": np.float32(0.1), "z": np.int8(-5)}
    ends = ("x", "y") if quantized else ("a", "d")
    graph = helper.make_graph(
        nodes,
        "groups",
        [helper.make_tensor_value_info(ends[0], TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(ends[1], TensorProto.FLOAT, columns)],
        [*protos, *(numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items())],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def nbits(
    k: int,
    bits: int,
    *,
    zero_points: Any = None,
    bias: bool = False,
    quantized: bool = False,
    shape: tuple[int, ...] | None = None,
    **more: Any,
) -> onnx.ModelProto:
    """A MatMulNBits of random bytes in blocks of 16."""
    rng = np.random.default_rng(bits)
    blocks = -(-k // 16)
    constants: dict[str, Any] = {
        "b": rng.integers(0, 256, (N, blocks, 16 * bits // 8), np.uint8),
        "scales": rng.uniform(0.01, 0.1, N * blocks).astype(np.float32),
    }
    inputs = ["a", "b", "scales", "", "", ""]
    if zero_points == "packed":
        constants["zp"] = rng.integers(0, 256, N * (-(-blocks * bits // 8)), np.uint8)
    elif zero_points == "float":
        constants["zp"] = np.ones((N, blocks), np.float32)
    if zero_points:
        inputs[3] = "zp"
    if bias:
        constants["bias"] = rng.standard_normal(N).astype(np.float32)
        inputs[5] = "bias"
    attributes = {"K": k, "N": N, "bits": bits, "block_size": 16, **more}
    while not inputs[-1]:
        inputs.pop()
    node = helper.make_node(
        "MatMulNBits", inputs, ["d"], name="it", domain="com.microsoft", **attributes
    )
    return model([node], shape or (3, k), constants, quantized=quantized)


def random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(9).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("k", [16, 40, 64])
@pytest.mark.parametrize("zero_points", [None, "packed"])
def test_float_activations_like_onnxruntime(bits: int, k: int, zero_points: str | None) -> None:
    given = nbits(k, bits, zero_points=zero_points, bias=k == 40)
    a = {"a": random(3, k)}
    (theirs,) = run_model(given, a)
    assert evaluate(import_onnx(given), a)["d"] == pytest.approx(theirs, rel=1e-4, abs=1e-4)


def test_leading_axes() -> None:
    given = nbits(32, 4, shape=(2, 3, 32))
    a = {"a": random(2, 3, 32)}
    assert evaluate(import_onnx(given), a)["d"] == pytest.approx(
        run_model(given, a)[0], rel=1e-4, abs=1e-4
    )


@pytest.mark.parametrize("zero_points", [None, "packed"])
@pytest.mark.parametrize("bias", [False, True])
def test_quantized_activations_make_one_product_a_group(
    zero_points: str | None, bias: bool
) -> None:
    given = nbits(40, 4, zero_points=zero_points, bias=bias, quantized=True)
    graph = import_onnx(given)
    assert [operator.kind for operator in graph.operators] == ["Quantize", "MatMul", "Dequantize"]
    product = graph.operators[1]
    assert isinstance(product, MatMul)
    weights = graph.inputs_of(product)[1]
    assert (weights.element, weights.quantized.group_size) == (IntFormat(4, signed=False), 16)
    assert [(p.m, p.k, p.n, p.count) for p in graph.products()] == [(3, 16, N, 2), (3, 8, N, 1)]
    x = {"x": random(3, 40)}
    (theirs,) = run_model(given, x)
    seen: list[MatrixProduct] = []

    def watched(one: MatrixProduct) -> NDArray[np.int64]:
        seen.append(one)
        return exact_product(one)

    ours = evaluate(graph, x, product=watched)["y"]
    # Steps of the output: a tie that float sums round to the other side at most.
    assert np.abs(ours - theirs).max() <= 0.1 * 1.01
    assert np.mean(ours != theirs) <= 0.1
    assert [(one.group, one.a.shape[1]) for one in seen] == [(0, 16), (1, 16), (2, 8)]
    assert all(one.w.max() <= 15 for one in seen)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bits": 3}, "bits must be 2, 4 or 8, not 3"),
        ({"zero_points": "float"}, "zero points of float32 are not supported"),
        ({"block_size": 0}, "K, N and block_size must be at least 1"),
    ],
)
def test_refusals(changes: dict[str, Any], said: str) -> None:
    bits = changes.pop("bits", 4)
    with pytest.raises(ModelError, match=f"node 'it' .*{said}"):
        import_onnx(nbits(32, bits, **changes))


@pytest.mark.parametrize("kind", ["MatMul", "Gemm", "Gemm transB"])
@pytest.mark.parametrize("quantized", [False, True])
def test_blocks_of_dequantize_linear(kind: str, quantized: bool) -> None:
    rng = np.random.default_rng(3)
    k = 40
    turned = kind.endswith("transB")
    shapes = [(k, N), (3, N)]
    weights, scales = (shape[::-1] if turned else shape for shape in shapes)
    packed = helper.make_tensor("w", TensorProto.INT4, weights, rng.integers(-8, 8, k * N).tolist())
    zero_points = helper.make_tensor(
        "zp", TensorProto.INT4, scales, rng.integers(-3, 4, 3 * N).tolist()
    )
    constants = {"ws": rng.uniform(0.01, 0.1, scales).astype(np.float32), "bias": random(N)}
    dequantize = helper.make_node(
        "DequantizeLinear", ["w", "ws", "zp"], ["wr"], axis=int(turned), block_size=16
    )
    attributes = {"transB": 1} if turned else {}
    inputs = ["a", "wr"] if kind == "MatMul" else ["a", "wr", "bias"]
    node = helper.make_node(kind.split()[0], inputs, ["d"], name="it", **attributes)
    given = model(
        [dequantize, node], (3, k), constants, quantized=quantized, protos=(packed, zero_points)
    )
    graph = import_onnx(given)
    name, result = ("x", "y") if quantized else ("a", "d")
    (theirs,) = run_model(given, {name: random(3, k)})
    ours = evaluate(graph, {name: random(3, k)})[result]
    assert np.abs(ours - theirs).max() <= (0.101 if quantized else 1e-4)
    assert np.mean(np.abs(ours - theirs) > 1e-4) <= 0.1
    if quantized:
        assert [op.kind for op in graph.operators] == ["Quantize", "MatMul", "Dequantize"]


def test_blocks_of_what_is_computed() -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["a", "s"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "bs"], ["d"], axis=1, block_size=2),
    ]
    constants = {"s": np.float32(1), "bs": np.ones((3, 3), np.float32)}
    with pytest.raises(ModelError, match="block_size is supported for constants alone"):
        import_onnx(model(nodes, (3, N), constants, quantized=False))
