"""Weights of QDQ models replaced: what the model then holds, for this importer and onnxruntime."""

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from golden.errors import UserError
from golden.evaluate import evaluate
from golden.formats import WholeFormat, parse_format
from golden.quantization.levels import format_levels
from golden.quantization.scales import fit_scales
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import run_model
from tilewright.quantization.sites import WeightSite, weight_sites
from tilewright.quantization.weights import IntegerWeights, replace_weights

FLOAT = TensorProto.FLOAT


def whole(name: str) -> WholeFormat:
    format = parse_format(name)
    assert isinstance(format, WholeFormat)
    return format


def fitted(site: WeightSite, format: WholeFormat) -> IntegerWeights:
    fit = fit_scales(site.real().T, format_levels(format))
    return IntegerWeights(
        values=format_levels(format)[fit.choices].T.astype(np.int64),
        scales=fit.scales.astype(np.float32),
        format=format,
    )


def dense(kind: str, *, opset: int = 25, bias: NDArray[np.float32] | None = None) -> Any:
    """A matrix product of (2, 3) by (3, 4) in QDQ form, weights int8 with four scales."""
    rng = np.random.default_rng(0)
    transposed = kind == "Gemm transB"
    weights = rng.integers(-128, 128, (4, 3) if transposed else (3, 4)).astype(np.int8)
    scales = np.array([0.25, 0.5, 0.125, 1], np.float32)
    constants = {"w": weights, "ws": scales, "s": np.float32(0.5), "z": np.int8(3)}
    dequantize = ["DequantizeLinear", ["w", "ws"], ["wr"], {"axis": 0 if transposed else 1}]
    nodes = [
        ["QuantizeLinear", ["x", "s", "z"], ["xq"], {}],
        ["DequantizeLinear", ["xq", "s", "z"], ["xr"], {}],
        dequantize,
    ]
    inputs = ["xr", "wr"]
    if bias is not None:
        sums = (scales * np.float32(0.5)).astype(np.float32)
        constants |= {"b": np.rint(bias / sums).astype(np.int32), "bs": sums}
        nodes.append(["DequantizeLinear", ["b", "bs"], ["br"], {"axis": 0}])
        inputs.append("br")
    attributes = {"transB": 1} if transposed else {}
    nodes.append([kind.split()[0], inputs, ["y"], attributes])
    graph = helper.make_graph(
        [helper.make_node(op, i, o, name=o[0], **more) for op, i, o, more in nodes],
        "dense",
        [helper.make_tensor_value_info("x", FLOAT, [2, 3])],
        [helper.make_tensor_value_info("y", FLOAT, [2, 4])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


X = {"x": np.random.default_rng(1).normal(size=(2, 3), scale=9).astype(np.float32)}


@pytest.mark.parametrize("kind", ["Gemm", "Gemm transB", "MatMul"])
@pytest.mark.parametrize("name", ["int4", "ternary", "bipolar1", "flint4", "uint2"])
def test_products_are_those_of_the_new_weights(kind: str, name: str) -> None:
    model = dense(kind)
    (site,) = weight_sites(model)
    assert site.name == "y"
    new = fitted(site, whole(name))
    replaced = replace_weights(model, {"y": new})
    onnx.checker.check_model(replaced, full_check=True)
    (theirs,) = run_model(replaced, X)
    steps = np.clip(np.rint(X["x"] / np.float32(0.5)) + 3, -128, 127) - 3
    assert theirs == pytest.approx(0.5 * steps @ (new.values * new.scales), rel=1e-5)
    ours = evaluate(import_onnx(replaced), X)["y"]
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert weight_sites(replaced)[0].real() == pytest.approx(new.values * new.scales)


def test_zero_points() -> None:
    model = dense("MatMul")
    zero_points = np.array([0, 3, 1, 2])
    values = np.random.default_rng(2).integers(0, 4, (3, 4))
    new = IntegerWeights(
        values=values,
        scales=np.array([1, 2, 3, 4], np.float32),
        format=whole("uint2"),
        zero_points=zero_points,
    )
    replaced = replace_weights(model, {"y": new})
    expected = (values - zero_points) * new.scales
    assert weight_sites(replaced)[0].real() == pytest.approx(expected)
    assert evaluate(import_onnx(replaced), X)["y"] == pytest.approx(run_model(replaced, X)[0])


@pytest.mark.parametrize(
    ("name", "opset", "data_type", "label"),
    [
        ("int4", 25, TensorProto.INT4, None),
        ("int3", 25, TensorProto.INT4, "int3"),
        ("int2", 25, TensorProto.INT2, None),
        ("int2", 21, TensorProto.INT4, "int2"),
        ("int4", 20, TensorProto.INT8, "int4"),
        ("uint4", 21, TensorProto.UINT4, None),
        ("ternary", 25, TensorProto.INT2, "ternary"),
        ("bipolar4", 25, TensorProto.INT8, "bipolar4"),
        ("int8", 13, TensorProto.INT8, None),
    ],
)
def test_narrowest_data_type(name: str, opset: int, data_type: int, label: str | None) -> None:
    model = dense("MatMul", opset=opset)
    (site,) = weight_sites(model)
    replaced = replace_weights(model, {"y": fitted(site, whole(name))})
    onnx.checker.check_model(replaced, full_check=True)
    source = weight_sites(replaced)[0].dequantize.input[0]
    weights = next(x for x in replaced.graph.initializer if x.name == source)
    assert weights.data_type == data_type
    assert [entry.value for entry in weights.metadata_props] == ([label] if label else [])
    operator = import_onnx(replaced).operators[-1]
    assert operator.kind == "MatMul"


def test_biases_are_rescaled_and_held() -> None:
    bias = np.array([100.0, -7, 0.5, 0], np.float32)
    model = dense("Gemm", bias=bias)
    (site,) = weight_sites(model)
    before = site.real()
    tiny = IntegerWeights(
        values=np.ones((3, 4), np.int64),
        scales=np.array([1e-30, 0.5, 0.25, 1e-30], np.float32),
        format=whole("bipolar1"),
    )
    replaced = replace_weights(model, {"y": tiny})
    (after,) = weight_sites(replaced)
    # 100 is held in an int32 of steps of half the scale, which has to grow for that.
    assert after.scales[0] == pytest.approx(100 / (0.5 * np.iinfo(np.int32).max), rel=1e-6)
    assert np.array_equal(after.scales[1:], tiny.scales[1:].astype(np.float64))
    zero = {"x": np.zeros((2, 3), np.float32)}
    assert run_model(replaced, zero)[0][0] == pytest.approx(bias, rel=1e-6)
    # The model that was given is as it was.
    assert np.array_equal(weight_sites(model)[0].real(), before)


def test_constants_that_nothing_reads_are_dropped() -> None:
    model = dense("MatMul")
    (site,) = weight_sites(model)
    names = {
        x.name for x in replace_weights(model, {"y": fitted(site, whole("int4"))}).graph.initializer
    }
    assert names == {"s", "z", "y_int4_weight", "y_int4_scale"}


@pytest.mark.parametrize("kind", ["Gemm", "Gemm transB", "MatMul"])
@pytest.mark.parametrize("has_bias", [False, True])
def test_groups_along_k(kind: str, has_bias: bool) -> None:
    bias = np.array([3.0, -7, 0.5, 0], np.float32) if has_bias and kind != "MatMul" else None
    model = dense(kind, bias=bias)
    new = IntegerWeights(
        values=np.array([[1, 2, 3, -4], [0, 7, -8, 1], [5, 5, 5, 5]]),
        scales=np.array([[1, 2, 0.5, 0.25], [4, 1, 1, 8]], np.float32),
        zero_points=np.array([[1, 0, -2, 0], [0, 0, 0, 7]]),
        format=whole("int4"),
        group_size=2,
    )
    real = np.array([[0, 4, 2.5, -1], [-1, 14, -3, 0.25], [20, 5, 5, -16]])
    assert np.array_equal(new.real(), real)
    replaced = replace_weights(model, {"y": new})
    onnx.checker.check_model(replaced, full_check=True)
    steps = np.clip(np.rint(X["x"] / np.float32(0.5)) + 3, -128, 127) - 3
    expected = 0.5 * steps @ real + (0 if bias is None else bias)
    assert run_model(replaced, X)[0] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert evaluate(import_onnx(replaced), X)["y"] == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("opset", "name", "said"),
    [
        (12, "int4", "scales of channels need ONNX operator set 13, the model has 12"),
        (20, "bipolar8", "set 20 has no integers for values of bipolar8 from -255 to 255"),
    ],
)
def test_operator_sets_that_are_too_old(opset: int, name: str, said: str) -> None:
    model = dense("MatMul", opset=opset)
    (site,) = weight_sites(model)
    with pytest.raises(UserError, match=said):
        replace_weights(model, {"y": fitted(site, whole(name))})


def test_groups_need_an_operator_set_that_has_them() -> None:
    model = dense("MatMul", opset=20)
    new = IntegerWeights(
        values=np.zeros((3, 4), np.int64),
        scales=np.ones((2, 4), np.float32),
        format=whole("int4"),
        group_size=2,
    )
    with pytest.raises(UserError, match="need ONNX operator set 21, the model has 20"):
        replace_weights(model, {"y": new})
