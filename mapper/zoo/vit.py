"""ViT-B/16: Dosovitskiy et al., An image is worth 16x16 words, ICLR 2021, table 1."""

from golden.errors import UserError
from mapper.scheduling.graph import SizedGraph
from mapper.zoo.attention import attention
from mapper.zoo.layers import Feature, Layers

__all__ = ["vit_b_16"]

_FEATURES = 768
_INNER = 3072
_HEADS = 12
_DEPTH = 12
_PATCH = 16


def vit_b_16(*, image_size: int = 224, element_bytes: int = 1) -> SizedGraph:
    """ViT-B/16 for 1000 classes, the heads of each attention in one operator.

    The head reads the token of the class out of the last features, without a step of its own.

    Parameters
    ----------
    image_size : int
        In pixels, a multiple of 16.
    element_bytes : int
        As that of `Layers`.

    Raises
    ------
    UserError
        If the image is not whole patches.
    """
    if image_size % _PATCH or image_size < _PATCH:
        raise UserError(f"image_size must be a multiple of {_PATCH}, not {image_size}")
    layers = Layers("vit_b_16", element_bytes=element_bytes)
    image = layers.input((3, image_size, image_size))
    patches = layers.convolution(image, _FEATURES, _PATCH, stride=_PATCH, padding=0, bias=True)
    rows, columns = patches.spatial
    tokens = Feature(name=patches.name, shape=(rows * columns, _FEATURES))
    x = layers.add_weight(layers.concatenate((tokens,), learned_rows=1))
    for _ in range(_DEPTH):
        normal = layers.layer_normalize(x)
        x = layers.add(x, attention(layers, normal, normal, _HEADS))
        y = layers.linear(layers.layer_normalize(x), _INNER)
        x = layers.add(x, layers.linear(layers.function(y, "Gelu"), _FEATURES))
    last = layers.layer_normalize(x)
    return layers.graph(layers.linear(Feature(name=last.name, shape=(_FEATURES,)), 1000))
