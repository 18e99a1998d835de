"""QDQ models in onnxruntime: the integers of every quantized tensor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from golden.evaluate import evaluate
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import run_model

__all__ = ["integer_disagreement"]


def integer_disagreement(
    model: onnx.ModelProto, inputs: Mapping[str, NDArray[Any]]
) -> tuple[int, int]:
    """Compare every tensor that a model quantizes with what the imported graph has.

    A difference stays in what is computed from it.

    Returns
    -------
    elements, different : int
    """
    graph = import_onnx(model, batch=len(next(iter(inputs.values()))))
    values = evaluate(graph, inputs)
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    names = [
        node.output[0]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear" and node.output[0] in values
    ]
    del shown.graph.output[:]
    for name in names:
        wide, shape = f"{name}/int32", list(values[name].shape)
        cast = onnx.helper.make_node("Cast", [name], [wide], to=onnx.TensorProto.INT32)
        shown.graph.node.append(cast)
        info = onnx.helper.make_tensor_value_info(wide, onnx.TensorProto.INT32, shape)
        shown.graph.output.append(info)
    elements = different = 0
    for name, theirs in zip(names, run_model(shown, inputs), strict=True):
        elements += values[name].size
        different += int(np.count_nonzero(values[name].astype(int) != theirs.astype(int)))
    return elements, different
