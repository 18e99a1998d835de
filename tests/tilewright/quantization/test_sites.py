"""Where a QDQ model has weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tilewright
from tilewright.quantization.sites import prune, unique_name, weight_sites

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"


def dense(**attributes: int) -> onnx.ModelProto:
    """``x @ w`` with weights (2, 3) that are dequantized."""
    constants = {
        "w": np.arange(6, dtype=np.int8).reshape(2, 3),
        "s": np.array([1, 2, 4], np.float32),
        "z": np.array([0, 1, 2], np.int8),
        "unused": np.float32(1),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wr"], axis=1),
        helper.make_node("Gemm", ["x", "wr"], ["y"], **attributes),
    ]
    graph = helper.make_graph(
        nodes,
        "dense",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_every_layer_of_digits_has_a_site() -> None:
    model = onnx.load(DIGITS / "digits.onnx")
    sites = weight_sites(model)
    assert [site.name for site in sites] == [
        "conv1",
        "block1_conv1",
        "block1_conv2",
        "depthwise",
        "pointwise",
        "classifier",
    ]
    for site in sites:
        matrix = site.real()
        assert np.array_equal(site.matrix(site.weights(matrix)), matrix)
    assert sites[1].real().shape == (144, 16)


def test_real_weights_less_their_zero_points() -> None:
    (site,) = weight_sites(dense())
    assert site.name == "Gemm:y"
    assert (site.axis, site.shape, site.takes_groups) == (1, (2, 3), True)
    assert site.real().tolist() == [[0, 0, 0], [3, 6, 12]]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_is_computed_is_no_site(which: int) -> None:
    model = dense()
    model.graph.node[0].input[which] = "x"
    assert weight_sites(model) == ()


def test_constants_of_a_model() -> None:
    model = dense()
    assert unique_name(model, "other") == "other"
    assert unique_name(model, "w") == "w_2"
    prune(model)
    assert [constant.name for constant in model.graph.initializer] == ["w", "s", "z"]
