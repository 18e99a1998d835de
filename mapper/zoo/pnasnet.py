"""PNASNet-5: Liu et al., Progressive neural architecture search, ECCV 2018, figure 1."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.cells import preactivated, reduction_of_half, separable_convolution
from mapper.zoo.layers import Feature, Layers

__all__ = ["pnasnet5_large", "pnasnet5_mobile"]


def pnasnet5_large(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """PNASNet-5 (N = 4, F = 216) for 1000 classes; published for images of 331 x 331.

    As the authors' code; without the auxiliary classifier, which serves training only.

    Parameters
    ----------
    image_size : int
        In pixels.
    element_bytes, padded
        As those of `Layers`.
    """
    layers = Layers("pnasnet5_large", element_bytes=element_bytes, padded=padded)
    return _network(layers, image_size, stem=96, filters=216, repeats=4)


def pnasnet5_mobile(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """PNASNet-5 (N = 3, F = 54) for 1000 classes; parameters as those of `pnasnet5_large`."""
    layers = Layers("pnasnet5_mobile", element_bytes=element_bytes, padded=padded)
    return _network(layers, image_size, stem=32, filters=54, repeats=3)


def _network(
    layers: Layers, image_size: int, *, stem: int, filters: int, repeats: int
) -> SizedGraph:
    image = layers.input((3, image_size, image_size))
    x = layers.normalize(layers.convolution(image, stem, 3, stride=2, padding=0))
    before: Feature | None = None
    for channels in (filters // 4, filters // 2):
        x, before = _cell(layers, x, before, channels, stride=2), x
    for stage in range(3):
        for cell in range(repeats):
            stride = 2 if stage and not cell else 1
            x, before = _cell(layers, x, before, filters << stage, stride=stride), x
    return layers.graph(layers.linear(layers.pooled(layers.relu(x)), 1000))


def _adjusted(layers: Layers, before: Feature, x: Feature, channels: int) -> Feature:
    """The features before the last ones, of the size of the last ones."""
    if before.spatial != x.spatial:
        return reduction_of_half(layers, before, channels)
    return preactivated(layers, before, channels)


def _cell(
    layers: Layers, x: Feature, before: Feature | None, channels: int, *, stride: int
) -> Feature:
    """The one cell; in the first there is nothing before, and the image's features stand for it."""
    right = preactivated(layers, x, channels)
    left = x if before is None else _adjusted(layers, before, x, channels)

    def separable(feature: Feature, kernel: int, by: int = stride) -> Feature:
        return separable_convolution(layers, feature, channels, kernel, stride=by)

    def pool(feature: Feature) -> Feature:
        return layers.max_pool(feature, 3, stride=stride)

    pooled = pool(left)
    if left.channels != channels:
        pooled = layers.normalize(layers.convolution(pooled, channels, 1))
    first = layers.add(separable(left, 5), pooled)
    second = layers.add(separable(right, 7), pool(right))
    third = layers.add(separable(right, 5), separable(right, 3))
    fourth = layers.add(separable(third, 3, 1), pool(right))
    skipped = preactivated(layers, right, channels, stride=2) if stride > 1 else right
    fifth = layers.add(separable(left, 3), skipped)
    return layers.concatenate((first, second, third, fourth, fifth))
