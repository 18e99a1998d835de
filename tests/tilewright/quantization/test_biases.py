"""Biases that are moved, in either of their forms."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.support.onnx_oracle import run_model
from tilewright.quantization.biases import has_bias, move_bias
from tilewright.quantization.sites import WeightSite, weight_sites


def site(bias: str) -> WeightSite:
    """A Gemm of one row of ones by weights of 1, with no bias, one in float, or integers."""
    scales = np.array([0.5, 2], np.float32)
    constants = {"w": np.ones((3, 2), np.int8), "ws": scales, "s": np.float32(0.25)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s"], ["xr"]),
        helper.make_node("DequantizeLinear", ["w", "ws"], ["wr"], axis=1),
    ]
    inputs = ["xr", "wr"]
    if bias == "float":
        constants["b"] = np.array([3, -4], np.float32)
        inputs.append("b")
    elif bias == "integers":
        constants |= {"bq": np.array([24, -8], np.int32), "bs": scales / np.float32(4)}
        nodes.append(helper.make_node("DequantizeLinear", ["bq", "bs"], ["b"], axis=0))
        inputs.append("b")
    nodes.append(helper.make_node("Gemm", inputs, ["y"], name="it"))
    graph = helper.make_graph(
        nodes,
        "biases",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    (found,) = weight_sites(model)
    return found


def outputs(given: WeightSite) -> list[float]:
    found: list[float] = run_model(given.model, {"x": np.ones((1, 3), np.float32)})[0][0].tolist()
    return found


@pytest.mark.parametrize("bias", ["float", "integers"])
def test_shift(bias: str) -> None:
    given = site(bias)
    assert has_bias(given)
    assert outputs(given) == [1.5 + 3, 6 - 4]
    scales = move_bias(given, np.array([0.5, 4], np.float32), np.array([-1.0, 10]))
    assert scales.tolist() == [0.5, 4]
    onnx.checker.check_model(given.model, full_check=True)
    # The weights themselves are as they were.
    assert outputs(given) == [1.5 + 2, 6 + 6]


def test_nothing_to_shift() -> None:
    given = site("none")
    assert not has_bias(given)
    move_bias(given, np.array([1, 1], np.float32), np.ones(2))
    assert outputs(given) == [1.5, 6]
