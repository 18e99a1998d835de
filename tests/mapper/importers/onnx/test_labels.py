"""Formats that the metadata of initializers name."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from golden.formats import TERNARY, BipolarFormat
from golden.operators import MatMul
from mapper.importers.errors import ModelError
from mapper.importers.onnx import import_onnx


def model(label: str, values: list[int], data_type: int = TensorProto.INT8) -> onnx.ModelProto:
    """``x @ w`` with quantized x, y and labelled weights of one column."""
    weights = helper.make_tensor("w", data_type, [len(values), 1], values)
    entry = weights.metadata_props.add()
    entry.key, entry.value = "tilewright.format", label
    constants = {"s": np.float32(0.5), "z": np.int8(0)}
    nodes = [
        ("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        ("DequantizeLinear", ["xq", "s", "z"], ["xr"]),
        ("DequantizeLinear", ["w", "s"], ["wr"]),
        ("MatMul", ["xr", "wr"], ["yr"]),
        ("QuantizeLinear", ["yr", "s", "z"], ["y"]),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, i, o, name=o[0]) for kind, i, o in nodes],
        "labelled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, len(values)])],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [1, 1])],
        [weights, *(numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items())],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=13)


@pytest.mark.parametrize("data_type", [TensorProto.INT2, TensorProto.INT4, TensorProto.INT8])
@pytest.mark.parametrize(
    ("label", "values", "element"),
    [("ternary", [-1, 0, 1], TERNARY), ("bipolar1", [-1, 1, 1], BipolarFormat(1))],
)
def test_weights_have_the_format_of_their_label(
    label: str, values: list[int], element: object, data_type: int
) -> None:
    graph = import_onnx(model(label, values, data_type))
    product = graph.operators[-1]
    assert isinstance(product, MatMul)
    weights = graph.inputs_of(product)[1]
    assert weights.element == element
    assert weights.data is not None
    assert weights.data.ravel().tolist() == values


@pytest.mark.parametrize(
    ("label", "values", "said"),
    [
        ("ternary", [-1, 0, 2], "initializer 'w': 2 is not a value of ternary"),
        ("bipolar1", [-1, 0, 1], "initializer 'w': 0 is not a value of bipolar1"),
        ("trinary", [-1, 0, 1], "initializer 'w': 'trinary' is not a number format"),
        ("fp32", [-1, 0, 1], "initializer 'w': values of fp32 are not all integers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(label: str, values: list[int], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        import_onnx(model(label, values))
