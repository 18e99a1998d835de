"""NASNet-A: Zoph et al., Learning transferable architectures, CVPR 2018, figure 4."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.cells import preactivated, reduction_of_half, separable_convolution
from mapper.zoo.layers import Feature, Layers

__all__ = ["nasnet_a_large", "nasnet_a_mobile"]


def nasnet_a_large(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """NASNet-A (6 @ 4032) for 1000 classes; published for images of 331 x 331.

    As the authors' code; without the auxiliary classifier, which serves training only.

    Parameters
    ----------
    image_size : int
        In pixels.
    element_bytes, padded
        As those of `Layers`.
    """
    layers = Layers("nasnet_a_large", element_bytes=element_bytes, padded=padded)
    return _network(layers, image_size, stem=96, filters=168, repeats=6, skips=True)


def nasnet_a_mobile(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """NASNet-A (4 @ 1056) for 1000 classes; parameters as those of `nasnet_a_large`."""
    layers = Layers("nasnet_a_mobile", element_bytes=element_bytes, padded=padded)
    return _network(layers, image_size, stem=32, filters=44, repeats=4, skips=False)


def _network(
    layers: Layers, image_size: int, *, stem: int, filters: int, repeats: int, skips: bool
) -> SizedGraph:
    """The whole network.

    ``skips``: a reduction's input is not seen by the cell after it, which gets that of the cell
    before instead.
    """
    image = layers.input((3, image_size, image_size))
    x = layers.normalize(layers.convolution(image, stem, 3, stride=2, padding=0))
    before = x
    for channels in (filters // 4, filters // 2):
        x, before = _reduction_cell(layers, x, before, channels), x
    for stage in range(3):
        channels = filters << stage
        if stage:
            reduced = _reduction_cell(layers, x, before, channels)
            x, before = reduced, before if skips else x
        for _ in range(repeats):
            x, before = _normal_cell(layers, x, before, channels), x
    return layers.graph(layers.linear(layers.pooled(layers.relu(x)), 1000))


def _adjusted(layers: Layers, before: Feature, x: Feature, channels: int) -> Feature:
    """The features before the last ones, of the size of the last ones."""
    if before.spatial != x.spatial:
        return reduction_of_half(layers, before, channels)
    if before.channels != channels and before.name != x.name:
        return preactivated(layers, before, channels)
    return before


def _normal_cell(layers: Layers, x: Feature, before: Feature, channels: int) -> Feature:
    p = _adjusted(layers, before, x, channels)
    h = preactivated(layers, x, channels)

    def separable(feature: Feature, kernel: int) -> Feature:
        return separable_convolution(layers, feature, channels, kernel)

    blocks = (
        layers.add(separable(h, 5), separable(p, 3)),
        layers.add(separable(p, 5), separable(p, 3)),
        layers.add(layers.average_pool(h, 3), p),
        layers.add(layers.average_pool(p, 3), layers.average_pool(p, 3)),
        layers.add(separable(h, 3), h),
    )
    return layers.concatenate((p, *blocks))


def _reduction_cell(layers: Layers, x: Feature, before: Feature, channels: int) -> Feature:
    p = _adjusted(layers, before, x, channels)
    h = preactivated(layers, x, channels)

    def separable(feature: Feature, kernel: int, stride: int = 2) -> Feature:
        return separable_convolution(layers, feature, channels, kernel, stride=stride)

    first = layers.add(separable(h, 5), separable(p, 7))
    second = layers.add(layers.max_pool(h, 3, stride=2), separable(p, 7))
    third = layers.add(layers.average_pool(h, 3, stride=2), separable(p, 5))
    fourth = layers.add(second, layers.average_pool(first, 3))
    fifth = layers.add(separable(first, 3, 1), layers.max_pool(h, 3, stride=2))
    return layers.concatenate((second, third, fourth, fifth))
