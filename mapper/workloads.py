"""From a graph to the layers that a workload consists of, from shapes alone."""

from golden.errors import UserError
from golden.graph import Graph
from golden.operators.conv import Conv
from golden.tensors import Shape
from sim.workload import ConvLayer, GemmLayer, Layer, Workload

__all__ = ["graph_workload"]


def graph_workload(graph: Graph) -> Workload:
    """Layers of every operator that holds matrix products, in order.

    Two-dimensional convolutions of one image stay convolutions, so that their geometry is known;
    everything else becomes a product.

    Raises
    ------
    UserError
        If no operator holds one.
    """
    layers: list[Layer] = []
    for operator in graph.operators:
        inputs = graph.inputs_of(operator)
        if isinstance(operator, Conv) and len(inputs[0].shape) == 4 and inputs[0].shape[0] == 1:
            layers.append(_convolution(operator, inputs[0].shape, inputs[1].shape))
            continue
        layers.extend(
            GemmLayer(name=product.name, m=product.m, k=product.k, n=product.n, count=product.count)
            for product in operator.products(inputs)
        )
    if not layers:
        raise UserError(
            f"network {graph.name or 'graph'} has no convolution and no matrix product, so there is"
            " nothing for an engine to do"
        )
    return Workload(name=graph.name or "graph", layers=tuple(layers))


def _convolution(operator: Conv, image: Shape, weights: Shape) -> ConvLayer:
    top, left, bottom, right = operator.pads
    stride_down, stride_right = operator.strides
    dilation_down, dilation_right = operator.dilations
    return ConvLayer(
        name=operator.name,
        height=image[2],
        width=image[3],
        channels=image[1],
        filter_height=weights[2],
        filter_width=weights[3],
        filters=weights[0],
        stride=(stride_down, stride_right),
        pads=(top, left, bottom, right),
        dilation=(dilation_down, dilation_right),
        groups=operator.groups,
    )
