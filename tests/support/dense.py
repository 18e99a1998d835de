"""A quantized network of one dense layer, with whatever names and types a test needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["SCALES", "WEIGHTS", "dense_network"]

WEIGHTS: NDArray[np.int8] = np.array(
    [[-128, 127, 3], [5, -6, 7], [100, -100, 50], [-1, 0, 1]], np.int8
)
SCALES: Mapping[str, Any] = {
    "x_scale": np.float32(0.25),
    "x_zero": np.int8(-3),
    "w_scale": np.float32(0.5),
    "w_zero": np.int8(0),
    "y_scale": np.float32(2),
    "y_zero": np.int8(5),
}


def dense_network(
    path: Path,
    *,
    source: str = "x",
    result: str = "y",
    batch: int | str = "batch",
    codes_in: bool = False,
    codes_out: bool = False,
    more: Sequence[onnx.NodeProto] = (),
    more_results: Mapping[str, Sequence[int | str]] = MappingProxyType({}),
) -> Path:
    """Write the network: ``result`` (batch, 3) is ``source`` (batch, 4) by `WEIGHTS`.

    Parameters
    ----------
    path : Path
        Of the ONNX file.
    source, result : str
        Names of input and output.
    batch : int or str
        Leading size; a name leaves it open.
    codes_in, codes_out : bool
        Whether input and output are int8, not float32.
    more : sequence of NodeProto
        Further nodes, which may read ``result``.
    more_results : mapping of str to sequence of int or str
        Shapes of further outputs, float32.
    """
    make = helper.make_node
    nodes = [
        make("DequantizeLinear", ["xq", "x_scale", "x_zero"], ["xd"]),
        make("DequantizeLinear", ["w", "w_scale", "w_zero"], ["wd"]),
        make("MatMul", ["xd", "wd"], ["product"], name="dense"),
        make(
            "QuantizeLinear",
            ["product", "y_scale", "y_zero"],
            [result if codes_out else "yq"],
        ),
    ]
    if codes_in:
        nodes[0].input[0] = source
    else:
        nodes.insert(0, make("QuantizeLinear", [source, "x_scale", "x_zero"], ["xq"]))
    if not codes_out:
        nodes.append(make("DequantizeLinear", ["yq", "y_scale", "y_zero"], [result]))
    types = {True: onnx.TensorProto.INT8, False: onnx.TensorProto.FLOAT}
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [*nodes, *more],
        "net",
        [value(source, types[codes_in], [batch, 4])],
        [
            value(result, types[codes_out], [batch, 3]),
            *(value(name, types[False], shape) for name, shape in more_results.items()),
        ],
        [
            numpy_helper.from_array(np.asarray(array), name)
            for name, array in {**SCALES, "w": WEIGHTS}.items()
        ],
    )
    opsets = [helper.make_opsetid("", 21)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path
