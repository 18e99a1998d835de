"""ResNet-50 and ResNeXt-50 32x4d.

He et al., Deep residual learning, CVPR 2016, table 1, with the stride in the 3x3 convolution, and
Xie et al., Aggregated residual transformations, CVPR 2017, table 1; both as in torchvision.
"""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.layers import Feature, Layers

__all__ = ["resnet50", "resnet50_stages", "resnext50_32x4d"]

_BLOCKS = (3, 4, 6, 3)


def resnet50(*, image_size: int = 224, element_bytes: int = 1, padded: bool = False) -> SizedGraph:
    """ResNet-50 for 1000 classes; parameters as those of `Layers`, sizes in pixels."""
    layers = Layers("resnet50", element_bytes=element_bytes, padded=padded)
    (*_, features) = resnet50_stages(layers, layers.input((3, image_size, image_size)))
    return layers.graph(layers.linear(layers.pooled(features), 1000))


def resnext50_32x4d(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """ResNeXt-50 with 32 groups of 4 channels; parameters as those of `resnet50`."""
    layers = Layers("resnext50_32x4d", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    (*_, features) = resnet50_stages(layers, image, groups=32, group_width=4)
    return layers.graph(layers.linear(layers.pooled(features), 1000))


def resnet50_stages(
    layers: Layers,
    image: Feature,
    *,
    groups: int = 1,
    group_width: int = 64,
    dilated: bool = False,
) -> tuple[Feature, ...]:
    """Features after each of the four stages.

    Parameters
    ----------
    layers : Layers
        Where they are added.
    image : Feature
    groups, group_width : int
        Of the 3x3 convolutions; the width is that of the first stage.
    dilated : bool
        Whether the last two stages dilate by 2 and 4 instead of their strides, as segmentation
        networks need: Chen et al., arXiv 1706.05587, section 3.1.
    """
    x = layers.relu(layers.normalize(layers.convolution(image, 64, 7, stride=2)))
    x = layers.max_pool(x, 3, stride=2)
    stages: list[Feature] = []
    dilation = 1
    for stage, blocks in enumerate(_BLOCKS):
        channels = 64 << stage
        width = channels * group_width // 64 * groups
        stride = 1 if stage == 0 else 2
        first_dilation = dilation
        if dilated and stage >= 2:
            dilation *= stride
            stride = 1
        for block in range(blocks):
            first = block == 0
            x = _bottleneck(
                layers,
                x,
                (width, 4 * channels),
                stride=stride if first else 1,
                dilation=first_dilation if first else dilation,
                groups=groups,
                projected=first,
            )
        stages.append(x)
    return tuple(stages)


def _bottleneck(
    layers: Layers,
    x: Feature,
    channels: tuple[int, int],
    *,
    stride: int,
    dilation: int,
    groups: int,
    projected: bool,
) -> Feature:
    """A block of 1x1, 3x3 and 1x1 convolutions: ``channels`` inside and after it."""
    inner, outer = channels
    y = layers.relu(layers.normalize(layers.convolution(x, inner, 1)))
    y = layers.convolution(y, inner, 3, stride=stride, dilation=dilation, groups=groups)
    y = layers.relu(layers.normalize(y))
    y = layers.normalize(layers.convolution(y, outer, 1))
    if projected:
        x = layers.normalize(layers.convolution(x, outer, 1, stride=stride))
    return layers.relu(layers.add(y, x))
