"""AmoebaNet-D: Real et al., Regularized evolution, AAAI 2019, appendix; as used by GPipe.

The concatenation of the normal cell is that of the authors' code, which takes nodes 0, 3, 4 and 6
and with which the parameters of GPipe's table 1 come out; the paper's figure takes 4, 5 and 6.
"""

from golden.errors import UserError
from mapper.scheduling.graph import SizedGraph
from mapper.zoo.cells import factorized_reduction, preactivated
from mapper.zoo.layers import Feature, Layers

__all__ = ["amoebanet_d"]


def amoebanet_d(
    *,
    cells: int = 18,
    filters: int = 208,
    image_size: int = 224,
    element_bytes: int = 1,
    padded: bool = False,
) -> SizedGraph:
    """AmoebaNet-D (L, D) for 1000 classes: Huang et al., GPipe, NeurIPS 2019, table 1.

    Parameters
    ----------
    cells : int
        L, the number of normal cells, a multiple of 3.
    filters : int
        D, four times the channels of the first cells, a multiple of 16.
    image_size : int
        In pixels, a multiple of 32.
    element_bytes, padded
        As those of `Layers`.

    Raises
    ------
    UserError
        If sizes are not such multiples.
    """
    for name, value, unit in (
        ("cells", cells, 3),
        ("filters", filters, 16),
        ("image_size", image_size, 32),
    ):
        if value < unit or value % unit:
            raise UserError(f"{name} must be a multiple of {unit}, not {value}")
    layers = Layers("amoebanet_d", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    channels = filters // 4
    x = preactivated(layers, image, channels, 3, stride=2)
    before = x
    for reduction in range(4):
        channels *= 2
        x, before = _reduction_cell(layers, x, before, channels), x
        if reduction:
            for _ in range(cells // 3):
                x, before = _normal_cell(layers, x, before, channels), x
    return layers.graph(layers.linear(layers.pooled(x), 1000))


def _inputs(layers: Layers, x: Feature, before: Feature, channels: int) -> tuple[Feature, Feature]:
    """Nodes 0 and 1: the last features and those before, of one shape."""
    first = preactivated(layers, x, channels)
    if before.spatial != x.spatial:
        return first, factorized_reduction(layers, before, channels)
    if before.channels != channels:
        return first, preactivated(layers, before, channels)
    return first, before


def _normal_cell(layers: Layers, x: Feature, before: Feature, channels: int) -> Feature:
    n0, n1 = _inputs(layers, x, before, channels)
    n2 = layers.add(preactivated(layers, n1, channels), layers.max_pool(n1, 3))
    n3 = layers.add(n1, _seven(layers, n0))
    n4 = layers.add(preactivated(layers, n0, channels), _seven(layers, n0))
    n5 = layers.add(layers.max_pool(n2, 3), n2)
    n6 = layers.add(layers.average_pool(n1, 3), preactivated(layers, n5, channels))
    return layers.concatenate((n0, n3, n4, n6))


def _reduction_cell(layers: Layers, x: Feature, before: Feature, channels: int) -> Feature:
    n0, n1 = _inputs(layers, x, before, channels)
    small = layers.max_pool(n0, 2, stride=2, padding=0)
    n2 = layers.add(small, layers.max_pool(n0, 3, stride=2))
    n3 = layers.add(n2, _three(layers, n1))
    n4 = layers.add(_seven(layers, n2), layers.max_pool(n2, 3))
    n5 = layers.add(n3, layers.max_pool(n1, 2, stride=2, padding=0))
    n6 = layers.add(layers.average_pool(n2, 3), preactivated(layers, n3, channels))
    return layers.concatenate((n4, n5, n6))


def _seven(layers: Layers, x: Feature) -> Feature:
    """1x7 and 7x1 convolutions of a quarter of the channels."""
    quarter = x.channels // 4
    y = preactivated(layers, x, quarter)
    y = preactivated(layers, y, quarter, (1, 7))
    y = preactivated(layers, y, quarter, (7, 1))
    return preactivated(layers, y, x.channels)


def _three(layers: Layers, x: Feature) -> Feature:
    """A strided 3x3 convolution of a quarter of the channels."""
    y = preactivated(layers, x, x.channels // 4)
    y = preactivated(layers, y, y.channels, 3, stride=2)
    return preactivated(layers, y, x.channels)
