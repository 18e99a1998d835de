"""Networks for video: R(2+1)D-18 and S3D, inputs (3, frames, height, width)."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.layers import Feature, Layers

__all__ = ["r2plus1d_18", "s3d"]

_S3D_BLOCKS = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""Channels of the inception blocks between two poolings: of the first branch, then inside and
after the second, inside and after the third, and of the last."""


def r2plus1d_18(
    *, frames: int = 16, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """R(2+1)D-18 for 400 classes: Tran et al., A closer look, CVPR 2018, section 3.5.

    As in torchvision, where both convolutions of a block have the inner channels of the first.

    Parameters
    ----------
    frames, image_size : int
        Sizes of the input in frames and pixels.
    element_bytes, padded
        As those of `Layers`.
    """
    layers = Layers("r2plus1d_18", element_bytes=element_bytes, padded=padded)
    x = layers.input((3, frames, image_size, image_size))
    x = layers.convolution(x, 45, (1, 7, 7), stride=(1, 2, 2))
    x = layers.convolution(layers.relu(layers.normalize(x)), 64, (3, 1, 1))
    x = layers.relu(layers.normalize(x))
    for stage in range(4):
        for block in range(2):
            x = _residual(layers, x, 64 << stage, stride=2 if stage and not block else 1)
    return layers.graph(layers.linear(layers.pooled(x), 400))


def _residual(layers: Layers, x: Feature, channels: int, *, stride: int) -> Feature:
    # As many weights as the 3x3x3 convolution that the pair stands for has.
    inner = x.channels * channels * 27 // (x.channels * 9 + 3 * channels)
    y = _factored(layers, x, inner, channels, stride)
    y = _factored(layers, layers.relu(layers.normalize(y)), inner, channels, 1)
    y = layers.normalize(y)
    if stride > 1:
        x = layers.normalize(layers.convolution(x, channels, 1, stride=stride))
    return layers.relu(layers.add(y, x))


def _factored(layers: Layers, x: Feature, inner: int, channels: int, stride: int) -> Feature:
    """A convolution in space, then one in time."""
    x = layers.convolution(x, inner, (1, 3, 3), stride=(1, stride, stride))
    x = layers.relu(layers.normalize(x))
    return layers.convolution(x, channels, (3, 1, 1), stride=(stride, 1, 1))


def s3d(
    *, frames: int = 16, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """S3D for 400 classes: Xie et al., Rethinking spatiotemporal features, ECCV 2018.

    As in torchvision, without the gates of S3D-G. Parameters as those of `r2plus1d_18`.
    """
    layers = Layers("s3d", element_bytes=element_bytes, padded=padded)
    x = layers.input((3, frames, image_size, image_size))
    x = _separable(layers, x, 64, 7, stride=2)
    x = layers.max_pool(x, (1, 3, 3), stride=(1, 2, 2))
    x = _separable(layers, _unit(layers, x, 64), 192, 3)
    x = layers.max_pool(x, (1, 3, 3), stride=(1, 2, 2))
    for stage, blocks in enumerate(_S3D_BLOCKS):
        if stage == 1:
            x = layers.max_pool(x, 3, stride=2)
        elif stage == 2:
            x = layers.max_pool(x, 2, stride=2, padding=0)
        for channels in blocks:
            x = _inception(layers, x, channels)
    _, height, width = x.spatial
    x = layers.average_pool(x, (2, height, width), padding=0)
    return layers.graph(layers.pooled(layers.convolution(x, 400, 1, bias=True)))


def _unit(layers: Layers, x: Feature, channels: int) -> Feature:
    return layers.relu(layers.normalize(layers.convolution(x, channels, 1)))


def _separable(
    layers: Layers, x: Feature, channels: int, kernel: int, *, stride: int = 1
) -> Feature:
    """A convolution in space, then one in time, each normalized."""
    x = layers.convolution(x, channels, (1, kernel, kernel), stride=(1, stride, stride))
    x = layers.relu(layers.normalize(x))
    x = layers.convolution(x, channels, (kernel, 1, 1), stride=(stride, 1, 1))
    return layers.relu(layers.normalize(x))


def _inception(layers: Layers, x: Feature, channels: tuple[int, ...]) -> Feature:
    first, second_inner, second, third_inner, third, last = channels
    branches = (
        _unit(layers, x, first),
        _separable(layers, _unit(layers, x, second_inner), second, 3),
        _separable(layers, _unit(layers, x, third_inner), third, 3),
        _unit(layers, layers.max_pool(x, 3), last),
    )
    return layers.concatenate(branches)
