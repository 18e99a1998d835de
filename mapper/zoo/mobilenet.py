"""MobileNetV3-Large: Howard et al., Searching for MobileNetV3, ICCV 2019, table 1."""

from dataclasses import dataclass

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.layers import Feature, Layers

__all__ = ["mobilenet_v3_large", "mobilenet_v3_large_features"]


@dataclass(frozen=True)
class _Block:
    kernel: int
    expanded: int
    channels: int
    squeezes: bool
    function: str
    stride: int


_BLOCKS = (
    _Block(3, 16, 16, False, "Clip", 1),
    _Block(3, 64, 24, False, "Clip", 2),
    _Block(3, 72, 24, False, "Clip", 1),
    _Block(5, 72, 40, True, "Clip", 2),
    _Block(5, 120, 40, True, "Clip", 1),
    _Block(5, 120, 40, True, "Clip", 1),
    _Block(3, 240, 80, False, "HardSwish", 2),
    _Block(3, 200, 80, False, "HardSwish", 1),
    _Block(3, 184, 80, False, "HardSwish", 1),
    _Block(3, 184, 80, False, "HardSwish", 1),
    _Block(3, 480, 112, True, "HardSwish", 1),
    _Block(3, 672, 112, True, "HardSwish", 1),
    _Block(5, 672, 160, True, "HardSwish", 2),
    _Block(5, 960, 160, True, "HardSwish", 1),
    _Block(5, 960, 160, True, "HardSwish", 1),
)
_FIRST_DILATED = 12
_LOW = 3


def mobilenet_v3_large(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """MobileNetV3-Large for 1000 classes; sizes in pixels, the rest as those of `Layers`."""
    layers = Layers("mobilenet_v3_large", element_bytes=element_bytes, padded=padded)
    _, x = mobilenet_v3_large_features(layers, layers.input((3, image_size, image_size)))
    x = layers.function(layers.linear(layers.pooled(x), 1280), "HardSwish")
    return layers.graph(layers.linear(x, 1000))


def mobilenet_v3_large_features(
    layers: Layers, image: Feature, *, dilated: bool = False
) -> tuple[Feature, Feature]:
    """Features of an eighth of the image's size, and the last ones.

    Parameters
    ----------
    layers : Layers
        Where they are added.
    image : Feature
    dilated : bool
        Whether the last three blocks dilate by 2 instead of the stride of the first of them, as
        in torchvision's segmentation networks.
    """
    x = layers.normalize(layers.convolution(image, 16, 3, stride=2))
    x = layers.function(x, "HardSwish")
    low = x
    for number, block in enumerate(_BLOCKS):
        x = _block(layers, x, block, 2 if dilated and number >= _FIRST_DILATED else 1)
        if number == _LOW:
            low = x
    x = layers.normalize(layers.convolution(x, 6 * x.channels, 1))
    return low, layers.function(x, "HardSwish")


def _block(layers: Layers, x: Feature, block: _Block, dilation: int) -> Feature:
    """An inverted residual, with squeeze and excitation where the block has it."""
    y = x
    if block.expanded != x.channels:
        y = layers.normalize(layers.convolution(y, block.expanded, 1))
        y = layers.function(y, block.function)
    y = layers.convolution(
        y,
        block.expanded,
        block.kernel,
        stride=block.stride if dilation == 1 else 1,
        dilation=dilation,
        groups=block.expanded,
    )
    y = layers.function(layers.normalize(y), block.function)
    if block.squeezes:
        squeezed = layers.global_pool(y)
        squeezed = layers.convolution(squeezed, _rounded(block.expanded // 4), 1, bias=True)
        squeezed = layers.convolution(layers.relu(squeezed), block.expanded, 1, bias=True)
        y = layers.scale(y, layers.function(squeezed, "HardSigmoid"))
    y = layers.normalize(layers.convolution(y, block.channels, 1))
    return layers.add(y, x) if y.shape == x.shape and block.stride == 1 else y


def _rounded(channels: int) -> int:
    """To a multiple of 8, not more than a tenth less: the paper's code."""
    rounded = max(8, (channels + 4) // 8 * 8)
    return rounded + 8 if 10 * rounded < 9 * channels else rounded
