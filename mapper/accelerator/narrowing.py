"""Weights with as few bits as hold them."""

from dataclasses import replace

import numpy as np

from golden.accelerator.feeding import Feeding, Streaming
from golden.errors import UserError
from mapper.accelerator.layers import Layer, Network, ProductLayer

__all__ = ["narrowed"]


def narrowed(network: Network, feeding: Feeding) -> Network:
    """The network with weights as an engine is fed with them.

    Where its jobs say how wide weights are, those of each layer have the fewest bits that hold them
    all.

    Parameters
    ----------
    network : Network
    feeding : Feeding

    Raises
    ------
    UserError
        If the engine takes no weights such as those of a layer.
    """
    if not isinstance(feeding, Streaming):
        return network
    return replace(network, layers=tuple(_narrowed(layer, feeding) for layer in network.layers))


def _narrowed(layer: Layer, feeding: Streaming) -> Layer:
    if not isinstance(layer, ProductLayer):
        return layer
    values = np.unique(layer.weights).astype(np.int64)
    if layer.diagonal:
        # A tile has zeros beside the diagonal.
        values = np.union1d(values, [0])
    for bits in sorted(feeding.weight_bits):
        if feeding.holds(values, bits):
            return replace(layer, feeding=feeding, weight_bits=bits)
    raise UserError(
        f"operator {layer.name!r} ({layer.kind}) has weights from {values[0]} to {values[-1]}, and"
        f" the engine takes {feeding.layout.weights.format.name} alone"
    )
