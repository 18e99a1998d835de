"""What the networks found by architecture search are made of."""

from mapper.zoo.layers import Feature, Layers, Sizes

__all__ = [
    "dilated_convolution",
    "factorized_reduction",
    "preactivated",
    "reduction_of_half",
    "separable_convolution",
]


def preactivated(
    layers: Layers, x: Feature, channels: int, kernel: Sizes = 1, *, stride: Sizes = 1
) -> Feature:
    """Rectifier, convolution, normalization."""
    x = layers.convolution(layers.relu(x), channels, kernel, stride=stride)
    return layers.normalize(x)


def separable_convolution(
    layers: Layers, x: Feature, channels: int, kernel: int, *, stride: int = 1
) -> Feature:
    """Twice a rectifier, a depthwise and a pointwise convolution and a normalization.

    Zoph et al., NASNet, CVPR 2018: each is applied twice. Only the first has a stride.
    """
    x = _depthwise_pointwise(layers, x, channels, kernel, stride=stride)
    return _depthwise_pointwise(layers, x, channels, kernel)


def dilated_convolution(layers: Layers, x: Feature, channels: int, kernel: int) -> Feature:
    """Rectifier, depthwise convolution dilated by 2, pointwise convolution, normalization."""
    return _depthwise_pointwise(layers, x, channels, kernel, dilation=2)


def _depthwise_pointwise(
    layers: Layers, x: Feature, channels: int, kernel: int, *, stride: int = 1, dilation: int = 1
) -> Feature:
    x = layers.convolution(
        layers.relu(x), x.channels, kernel, stride=stride, dilation=dilation, groups=x.channels
    )
    return layers.normalize(layers.convolution(x, channels, 1))


def factorized_reduction(layers: Layers, x: Feature, channels: int) -> Feature:
    """Half the size by two strided 1x1 convolutions, the second of what the first leaves out."""
    x = layers.relu(x)
    halves = [layers.convolution(x, channels // 2, 1, stride=2) for _ in range(2)]
    return layers.normalize(layers.concatenate(halves))


def reduction_of_half(layers: Layers, x: Feature, channels: int) -> Feature:
    """The same, where poolings of one element do the striding before the convolutions."""
    x = layers.relu(x)
    picked = [layers.average_pool(x, 1, stride=2) for _ in range(2)]
    halves = [layers.convolution(half, channels // 2, 1) for half in picked]
    return layers.normalize(layers.concatenate(halves))
