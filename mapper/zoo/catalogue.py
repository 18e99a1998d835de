"""The networks by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from golden.errors import UserError
from mapper.scheduling.graph import SizedGraph
from mapper.zoo.amoebanet import amoebanet_d
from mapper.zoo.darts import darts_cifar10, darts_imagenet
from mapper.zoo.densenet import densenet121
from mapper.zoo.mobilenet import mobilenet_v3_large
from mapper.zoo.nasnet import nasnet_a_large, nasnet_a_mobile
from mapper.zoo.pnasnet import pnasnet5_large, pnasnet5_mobile
from mapper.zoo.resnet import resnet50, resnext50_32x4d
from mapper.zoo.segmentation import deeplabv3_resnet50, fcn_resnet50, lraspp_mobilenet_v3_large
from mapper.zoo.transformer import transformer_base
from mapper.zoo.video import r2plus1d_18, s3d
from mapper.zoo.vit import vit_b_16

__all__ = ["DESIGNED", "NETWORKS", "SEARCHED", "Builder", "build"]


class Builder(Protocol):
    """Makes the graph of a network."""

    def __call__(self, *, element_bytes: int = 1) -> SizedGraph:
        """The graph with elements of so many bytes."""


DESIGNED: Mapping[str, Builder] = MappingProxyType(
    {
        "resnet50": resnet50,
        "densenet121": densenet121,
        "resnext50_32x4d": resnext50_32x4d,
        "r2plus1d_18": r2plus1d_18,
        "s3d": s3d,
        "fcn_resnet50": fcn_resnet50,
        "lraspp_mobilenet_v3_large": lraspp_mobilenet_v3_large,
        "deeplabv3_resnet50": deeplabv3_resnet50,
        "transformer_base": transformer_base,
        "vit_b_16": vit_b_16,
    }
)
"""The ten designed networks that COSMA, arXiv 2311.18246, schedules, for images of 224 x 224."""

SEARCHED: Mapping[str, Builder] = MappingProxyType(
    {
        "nasnet_a_large": nasnet_a_large,
        "nasnet_a_mobile": nasnet_a_mobile,
        "pnasnet5_large": pnasnet5_large,
        "pnasnet5_mobile": pnasnet5_mobile,
        "amoebanet_d": amoebanet_d,
        "darts_imagenet": darts_imagenet,
        "darts_cifar10": darts_cifar10,
    }
)
"""Networks found by architecture search, whose cells are irregular."""

NETWORKS: Mapping[str, Builder] = MappingProxyType(
    {**DESIGNED, "mobilenet_v3_large": mobilenet_v3_large, **SEARCHED}
)
"""All networks."""


def build(name: str, *, element_bytes: int = 1) -> SizedGraph:
    """The graph of a network, batch 1, unfused and with weights.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    element_bytes : int
        Size of an element of any tensor.

    Raises
    ------
    UserError
        If there is no such network.
    """
    builder = NETWORKS.get(name)
    if builder is None:
        raise UserError(f"network must be one of {', '.join(NETWORKS)}, not {name!r}")
    return builder(element_bytes=element_bytes)
