"""DARTS, second order: Liu, Simonyan and Yang, DARTS, ICLR 2019, figures 4 and 5."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.cells import (
    dilated_convolution,
    factorized_reduction,
    preactivated,
    separable_convolution,
)
from mapper.zoo.layers import Feature, Layers

__all__ = ["darts_cifar10", "darts_imagenet"]


def darts_imagenet(
    *,
    cells: int = 14,
    channels: int = 48,
    image_size: int = 224,
    element_bytes: int = 1,
    padded: bool = False,
) -> SizedGraph:
    """The network for ImageNet, 1000 classes, without its auxiliary classifier.

    Parameters
    ----------
    cells : int
        Two of them reduce, at a third and at two thirds.
    channels : int
        Of the first cells.
    image_size : int
        In pixels.
    element_bytes, padded
        As those of `Layers`.
    """
    layers = Layers("darts_imagenet", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    x = layers.normalize(layers.convolution(image, channels // 2, 3, stride=2))
    before = preactivated(layers, x, channels, 3, stride=2)
    x = preactivated(layers, before, channels, 3, stride=2)
    return _network(layers, x, before, cells, channels, 1000)


def darts_cifar10(
    *,
    cells: int = 20,
    channels: int = 36,
    image_size: int = 32,
    element_bytes: int = 1,
    padded: bool = False,
) -> SizedGraph:
    """The network for CIFAR-10; parameters as those of `darts_imagenet`."""
    layers = Layers("darts_cifar10", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    x = layers.normalize(layers.convolution(image, 3 * channels, 3))
    return _network(layers, x, x, cells, channels, 10)


def _network(
    layers: Layers, x: Feature, before: Feature, cells: int, channels: int, classes: int
) -> SizedGraph:
    for cell in range(cells):
        reduces = cell in (cells // 3, 2 * cells // 3)
        channels *= 2 if reduces else 1
        x, before = _cell(layers, x, before, channels, reduces=reduces), x
    return layers.graph(layers.linear(layers.pooled(x), classes))


def _cell(layers: Layers, x: Feature, before: Feature, channels: int, *, reduces: bool) -> Feature:
    if before.spatial != x.spatial:
        n0 = factorized_reduction(layers, before, channels)
    else:
        n0 = preactivated(layers, before, channels)
    n1 = preactivated(layers, x, channels)
    nodes = _reduction(layers, n0, n1) if reduces else _normal(layers, n0, n1)
    return layers.concatenate(nodes)


def _normal(layers: Layers, n0: Feature, n1: Feature) -> tuple[Feature, ...]:
    def separable(feature: Feature) -> Feature:
        return separable_convolution(layers, feature, feature.channels, 3)

    n2 = layers.add(separable(n0), separable(n1))
    n3 = layers.add(separable(n0), separable(n1))
    n4 = layers.add(separable(n1), n0)
    n5 = layers.add(n0, dilated_convolution(layers, n2, n2.channels, 3))
    return n2, n3, n4, n5


def _reduction(layers: Layers, n0: Feature, n1: Feature) -> tuple[Feature, ...]:
    def pool(feature: Feature) -> Feature:
        return layers.max_pool(feature, 3, stride=2)

    n2 = layers.add(pool(n0), pool(n1))
    n3 = layers.add(n2, pool(n1))
    n4 = layers.add(pool(n0), n2)
    n5 = layers.add(n2, pool(n1))
    return n2, n3, n4, n5
