"""Matrix products of TFLite."""

import numpy as np
import tflite

from golden.operators import MatMul, Reshape
from golden.tensors import Tensor
from mapper.importers.tflite.draft import Layout
from mapper.importers.tflite.node import Node
from mapper.importers.tflite.weights import add_bias, add_weights

__all__ = ["fully_connected"]


def fully_connected(node: Node) -> None:
    """FULLY_CONNECTED; unless it keeps the axes, all but the last become rows."""
    node.require_product()
    layout_of_weights = tflite.FullyConnectedOptionsWeightsFormat.DEFAULT
    if node.option("WeightsFormat", layout_of_weights) != layout_of_weights:
        raise ValueError("shuffled weights are not supported: convert the model again")
    weights = add_weights(node, 0, (1, 0))
    x = _rows(node, weights.shape[0])
    inputs = (x, weights, *add_bias(node, x, weights))
    node.add_clamped(MatMul(**node.operands(inputs, Layout.FILE)), Layout.FILE)


def _rows(node: Node, depth: int) -> Tensor:
    """The activations as a matrix, or a stack of matrices, with rows of ``depth``."""
    shape = node.shape()
    keep = bool(node.option("KeepNumDims", 0))
    if len(shape) == 2 or (keep and len(shape) > 2):
        return node.tensor(0, Layout.FILE)
    count = int(np.prod(shape, dtype=np.int64))
    if keep or not depth or count % depth:
        raise ValueError(f"activations of shape {shape} do not make rows of {depth}")
    x = node.flat()
    return node.draft.add_inner(
        Reshape(
            name=f"{node.name}/rows",
            inputs=(x.name,),
            outputs=(f"{node.name}/rows",),
            shape=(count // depth, depth),
        ),
        node.input(0),
    )
