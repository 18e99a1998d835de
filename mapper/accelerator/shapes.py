"""Layers that are known by their shapes alone, as a network of products beside each other.

For engines through which both operands stream: how a network is mapped to these is known, and a
network of layers that do not depend on each other is mapped the same way. Values are made up;
neither cycles nor traffic depend on them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.feeding import Streaming
from golden.formats import INT8
from golden.graph import Graph
from golden.operators import Conv
from golden.tensors import Quantization, Tensor
from sim.workload import ConvLayer, Layer, Workload

__all__ = ["network_of"]

_ACTIVATIONS = Quantization.of(0.05, 0)


def network_of(work: Workload, feeding: Streaming) -> Graph:
    """A quantized network with the layers of a workload, each with an input of its own.

    Weights are the widest of int8 that the engine takes. A GEMM is a convolution of as many rows of
    one pixel; products that occur several times are groups of channels.

    Parameters
    ----------
    work : Workload
    feeding : Streaming
    """
    smallest, largest = _extremes(feeding)
    tensors: dict[str, Tensor] = {}
    operators: list[Conv] = []
    names = _names(work.layers)
    for name, layer in zip(names, work.layers, strict=True):
        shape = _shape(layer)
        parts = [f"{name}/input", f"{name}/weights", f"{name}/result"]
        scales = Quantization.of(np.full(shape.filters, 0.01), [0] * shape.filters, 0)
        for part, size, quantization, data in (
            (parts[0], shape.source, _ACTIVATIONS, None),
            (parts[1], shape.weights, scales, _weights(shape.weights, smallest, largest)),
            (parts[2], shape.target, _ACTIVATIONS, None),
        ):
            tensors[part] = Tensor(
                name=part, shape=size, element=INT8, quantization=quantization, data=data
            )
        operators.append(
            Conv(
                name=name,
                inputs=(parts[0], parts[1]),
                outputs=(parts[2],),
                strides=shape.strides,
                dilations=shape.dilations,
                pads=shape.pads,
                groups=shape.groups,
            )
        )
    return Graph(
        name=work.name,
        inputs=tuple(op.inputs[0] for op in operators),
        outputs=tuple(op.outputs[0] for op in operators),
        tensors=tensors,
        operators=tuple(operators),
    )


def _names(layers: tuple[Layer, ...]) -> list[str]:
    """Of the layers; those that come again have their number behind."""
    found: list[str] = []
    for number, layer in enumerate(layers):
        found.append(f"{layer.name} ({number})" if layer.name in found else layer.name)
    return found


@dataclass(frozen=True, kw_only=True)
class _Convolution:
    source: tuple[int, ...]
    weights: tuple[int, ...]
    target: tuple[int, ...]
    strides: tuple[int, ...] = (1, 1)
    dilations: tuple[int, ...] = (1, 1)
    pads: tuple[int, ...] = (0, 0, 0, 0)
    groups: int = 1

    @property
    def filters(self) -> int:
        return self.weights[0]


def _shape(layer: Layer) -> _Convolution:
    if isinstance(layer, ConvLayer):
        channels = layer.channels // layer.groups
        return _Convolution(
            source=(1, layer.channels, layer.height, layer.width),
            weights=(layer.filters, channels, layer.filter_height, layer.filter_width),
            target=(1, layer.filters, *layer.output),
            strides=layer.stride,
            dilations=layer.dilation,
            pads=layer.pads,
            groups=layer.groups,
        )
    return _Convolution(
        source=(1, layer.count * layer.k, layer.m, 1),
        weights=(layer.count * layer.n, layer.k, 1, 1),
        target=(1, layer.count * layer.n, layer.m, 1),
        groups=layer.count,
    )


def _extremes(feeding: Streaming) -> tuple[int, int]:
    """The weight nearest to 0 that the engine takes, and the largest."""
    bits = max(feeding.weight_bits)
    held = [
        value for value in range(INT8.min, INT8.max + 1) if feeding.holds(np.array(value), bits)
    ]
    return min(held, key=abs), held[-1]


def _weights(shape: tuple[int, ...], smallest: int, largest: int) -> NDArray[np.int8]:
    """Weights of which one needs all bits; sums of the others stay small."""
    weights = np.full(shape, smallest, np.int8)
    weights.flat[0] = largest
    return weights
