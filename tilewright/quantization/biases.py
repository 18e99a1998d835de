"""Biases of a QDQ model, which change with the scales of weights."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tilewright.quantization.sites import WeightSite, array_of, initializers, unique_name

__all__ = ["has_bias", "move_bias"]


def has_bias(site: WeightSite) -> bool:
    """Whether the operator adds a constant, in float or dequantized."""
    return _integers(site) is not None or _real(site) is not None


def move_bias(
    site: WeightSite, scales: NDArray[np.float32], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Add real numbers to the bias of an operator whose weights get other scales.

    Integers get the scale of the new sums, those of the activations times those of the weights.

    Parameters
    ----------
    site : WeightSite
        Its weights have their scales still.
    scales : ndarray of float32, shape (N,)
        Of the new weights.
    shift : ndarray of float64, shape (N,)

    Returns
    -------
    ndarray of float32, shape (N,)
        Scales for the weights: those given, or larger ones where the bias would not be held in 32
        bits otherwise.
    """
    graph, constants = site.model.graph, initializers(site.model)
    real = _real(site)
    if real is not None:
        name = unique_name(site.model, f"{site.name}_bias_moved")
        moved = array_of(real).astype(np.float64) + shift
        graph.initializer.append(numpy_helper.from_array(moved.astype(np.float32), name))
        site.node.input[2] = name
        return scales
    source = _integers(site)
    if source is None:
        return scales
    bias_scales = array_of(constants[source.input[1]]).astype(np.float64).ravel()
    wanted = array_of(constants[source.input[0]]).astype(np.float64) * bias_scales + shift
    activation = bias_scales / site.scales
    least = np.abs(wanted) / (activation * np.iinfo(np.int32).max)
    held = np.maximum(scales, np.nextafter(least.astype(np.float32), np.float32(np.inf)))
    sums = (activation * held).astype(np.float32)
    names = [unique_name(site.model, f"{site.name}_bias_{part}") for part in ("integers", "scale")]
    for name, values in zip(names, (np.rint(wanted / sums).astype(np.int32), sums), strict=True):
        graph.initializer.append(numpy_helper.from_array(values, name))
    dequantize = helper.make_node(
        "DequantizeLinear", names, source.output, name=source.name, axis=0
    )
    source.CopyFrom(dequantize)
    return np.asarray(held, np.float32)


def _integers(site: WeightSite) -> onnx.NodeProto | None:
    """What dequantizes the bias, if it is constant."""
    if len(site.node.input) < 3:
        return None
    constants = initializers(site.model)
    for node in site.model.graph.node:
        if site.node.input[2] in node.output:
            constant = all(name in constants for name in node.input if name)
            return node if constant and node.op_type == "DequantizeLinear" else None
    return None


def _real(site: WeightSite) -> onnx.TensorProto | None:
    """The bias, if it is a constant in float."""
    if len(site.node.input) < 3:
        return None
    return initializers(site.model).get(site.node.input[2])
