"""Networks that label each pixel, 21 classes: FCN, DeepLabV3 and L-RASPP, as in torchvision."""

from mapper.scheduling.graph import SizedGraph
from mapper.zoo.layers import Feature, Layers
from mapper.zoo.mobilenet import mobilenet_v3_large_features
from mapper.zoo.resnet import resnet50_stages

__all__ = ["deeplabv3_resnet50", "fcn_resnet50", "lraspp_mobilenet_v3_large"]

_CLASSES = 21


def fcn_resnet50(
    *,
    image_size: int = 224,
    element_bytes: int = 1,
    padded: bool = False,
    auxiliary: bool = False,
) -> SizedGraph:
    """FCN on a dilated ResNet-50: Long et al., Fully convolutional networks, CVPR 2015.

    Parameters
    ----------
    image_size : int
        In pixels.
    element_bytes, padded
        As those of `Layers`.
    auxiliary : bool
        Whether the second output is there, which serves training only.
    """
    layers = Layers("fcn_resnet50", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    (*_, third, features) = resnet50_stages(layers, image, dilated=True)
    outputs = [layers.resize(_fcn_head(layers, features), image.spatial)]
    if auxiliary:
        outputs.append(layers.resize(_fcn_head(layers, third), image.spatial))
    return layers.graph(*outputs)


def _fcn_head(layers: Layers, x: Feature) -> Feature:
    x = layers.relu(layers.normalize(layers.convolution(x, x.channels // 4, 3)))
    return layers.convolution(x, _CLASSES, 1, bias=True)


def deeplabv3_resnet50(
    *,
    image_size: int = 224,
    element_bytes: int = 1,
    padded: bool = False,
    auxiliary: bool = False,
) -> SizedGraph:
    """DeepLabV3 on a dilated ResNet-50: Chen et al., arXiv 1706.05587, section 3.3.

    Parameters as those of `fcn_resnet50`.
    """
    layers = Layers("deeplabv3_resnet50", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    (*_, third, features) = resnet50_stages(layers, image, dilated=True)
    x = _pyramid(layers, features)
    x = layers.relu(layers.normalize(layers.convolution(x, 256, 3)))
    x = layers.convolution(x, _CLASSES, 1, bias=True)
    outputs = [layers.resize(x, image.spatial)]
    if auxiliary:
        outputs.append(layers.resize(_fcn_head(layers, third), image.spatial))
    return layers.graph(*outputs)


def _pyramid(layers: Layers, x: Feature) -> Feature:
    """Atrous spatial pyramid pooling: convolutions of several dilations, and the image's mean."""
    branches = [layers.relu(layers.normalize(layers.convolution(x, 256, 1)))]
    for dilation in (12, 24, 36):
        y = layers.convolution(x, 256, 3, dilation=dilation)
        branches.append(layers.relu(layers.normalize(y)))
    y = layers.relu(layers.normalize(layers.convolution(layers.global_pool(x), 256, 1)))
    branches.append(layers.resize(y, x.spatial))
    y = layers.convolution(layers.concatenate(branches), 256, 1)
    return layers.relu(layers.normalize(y))


def lraspp_mobilenet_v3_large(
    *, image_size: int = 224, element_bytes: int = 1, padded: bool = False
) -> SizedGraph:
    """L-RASPP on a dilated MobileNetV3-Large: Howard et al., ICCV 2019, section 6.4.

    Parameters as those of `fcn_resnet50`.
    """
    layers = Layers("lraspp_mobilenet_v3_large", element_bytes=element_bytes, padded=padded)
    image = layers.input((3, image_size, image_size))
    low, high = mobilenet_v3_large_features(layers, image, dilated=True)
    x = layers.relu(layers.normalize(layers.convolution(high, 128, 1)))
    factors = layers.convolution(layers.global_pool(high), 128, 1)
    x = layers.scale(x, layers.function(factors, "Sigmoid"))
    x = layers.resize(x, low.spatial)
    fine = layers.convolution(low, _CLASSES, 1, bias=True)
    x = layers.add(fine, layers.convolution(x, _CLASSES, 1, bias=True))
    return layers.graph(layers.resize(x, image.spatial))
