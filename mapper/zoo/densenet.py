"""DenseNet-121: Huang et al., Densely connected convolutional networks, CVPR 2017, table 1."""

from enum import Enum

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.layers import Feature, Layers

__all__ = ["Concatenation", "densenet121"]

_BLOCKS = (6, 12, 24, 16)
_GROWTH = 32


class Concatenation(Enum):
    """How a dense layer gets the features of all layers before it."""

    INCREMENTAL = "incremental"
    """Each layer's features are appended to the concatenation that the layer read."""
    ALL = "all"
    """Before each layer, the features of all layers before it are concatenated anew, as in
    torchvision."""


def densenet121(
    *,
    image_size: int = 224,
    element_bytes: int = 1,
    padded: bool = False,
    concatenation: Concatenation = Concatenation.INCREMENTAL,
) -> SizedGraph:
    """DenseNet-121 for 1000 classes; sizes in pixels, the rest as those of `Layers`."""
    layers = Layers("densenet121", element_bytes=element_bytes, padded=padded)
    x = layers.convolution(layers.input((3, image_size, image_size)), 64, 7, stride=2)
    x = layers.max_pool(layers.relu(layers.normalize(x)), 3, stride=2)
    for block, count in enumerate(_BLOCKS):
        if block:
            x = layers.relu(layers.normalize(x))
            x = layers.convolution(x, x.channels // 2, 1)
            x = layers.average_pool(x, 2, stride=2, padding=0)
        if concatenation is Concatenation.ALL:
            x = _block_of_all(layers, x, count)
        else:
            for _ in range(count):
                x = layers.concatenate((x, _dense_layer(layers, x)))
    x = layers.relu(layers.normalize(x))
    return layers.graph(layers.linear(layers.pooled(x), 1000))


def _block_of_all(layers: Layers, x: Feature, count: int) -> Feature:
    features = [x]
    for _ in range(count):
        known = layers.concatenate(features) if len(features) > 1 else x
        features.append(_dense_layer(layers, known))
    return layers.concatenate(features)


def _dense_layer(layers: Layers, x: Feature) -> Feature:
    """The features that a layer adds."""
    y = layers.convolution(layers.relu(layers.normalize(x)), 4 * _GROWTH, 1)
    return layers.convolution(layers.relu(layers.normalize(y)), _GROWTH, 3)
