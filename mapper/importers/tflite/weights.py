"""Weights and biases of TFLite, as constants of a graph."""

import numpy as np

from golden.formats import INT8, IntFormat
from golden.tensors import FloatType, Quantization, Tensor
from mapper.importers.tflite.node import Node

__all__ = ["add_bias", "add_weights"]

_BIAS = IntFormat(32)


def add_weights(node: Node, channel_axis: int, permutation: tuple[int, ...]) -> Tensor:
    """Input 1 with its axes in another order.

    Parameters
    ----------
    node : Node
        Of the operator that has them.
    channel_axis : int
        That several scales run along, in the file.
    permutation : tuple of int
        Axis of the file for each axis of the result.

    Raises
    ------
    ValueError
        If they are no constant, or not of the type of the activations.
    """
    index = node.input(1)
    name, element = node.draft.name(index), node.draft.element(index)
    values = node.constant(1)
    if values.ndim != len(permutation):
        raise ValueError(
            f"weights {name!r} must have {len(permutation)} axes, not shape {values.shape}"
        )
    quantization = None
    if not isinstance(element, FloatType):
        if element != INT8:
            raise ValueError(f"weights {name!r} hold {element}, not int8")
        quantization = node.draft.quantization(index)
        if quantization is None:
            raise ValueError(f"weights {name!r} have no scale")
        if quantization.zero_point.any():
            raise ValueError(f"weights {name!r} must have zero point 0: convert the model again")
        if quantization.axis is not None:
            if quantization.axis != channel_axis:
                raise ValueError(
                    f"the scales of weights {name!r} must run along axis {channel_axis},"
                    f" not {quantization.axis}"
                )
            axis = permutation.index(channel_axis)
            quantization = Quantization.of(quantization.scale, quantization.zero_point, axis)
    values = values.transpose(permutation)
    return node.draft.add_tensor(
        Tensor(
            name=f"{node.name}/weights",
            shape=values.shape,
            element=element,
            quantization=quantization,
            data=values,
        )
    )


def add_bias(node: Node, x: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
    """Input 2, if it is given, with the scale that sums have.

    Raises
    ------
    ValueError
        If it is no constant, or not of the type of sums.
    """
    if not node.has(2):
        return ()
    element = node.draft.element(node.input(2))
    values = node.constant(2)
    quantization = None
    if x.quantization is not None:
        if element != _BIAS:
            raise ValueError(f"a bias holds {_BIAS}, not {element}")
        scale = np.asarray(x.quantized.scale * weights.quantized.scale, np.float32)
        quantization = Quantization.of(scale, 0, 0 if scale.ndim else None)
    bias = Tensor(
        name=f"{node.name}/bias",
        shape=values.shape,
        element=element,
        quantization=quantization,
        data=values,
    )
    return (node.draft.add_tensor(bias),)
