"""The networks of the onnx package, and those of the zoo that are the same."""

import pytest

from golden.errors import UserError
from mapper.scheduling.footprint import budgets
from mapper.scheduling.fusion import activations_only, fused, without_views
from mapper.zoo.catalogue import build
from mapper.zoo.onnx_light import LIGHT_MODELS, light_model

NAMES = (
    *("light_bvlc_alexnet", "light_densenet121", "light_inception_v1", "light_inception_v2"),
    *("light_resnet50", "light_shufflenet", "light_squeezenet", "light_vgg19", "light_zfnet512"),
)


def test_names():
    assert tuple(LIGHT_MODELS) == NAMES
    with pytest.raises(UserError, match=r"light model must be one of light_bvlc_.*, not 'lenet'"):
        light_model("lenet")


@pytest.mark.parametrize("name", NAMES)
def test_every_model(name):
    graph = without_views(light_model(name))
    assert not any(operator.is_view for operator in graph.operators[:-1])
    assert fused(graph).macs == graph.macs > 1e8


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_the_zoo_agrees(name):
    """Work and budgets of a graph that others exported and one that is built from the paper."""
    theirs, ours = without_views(light_model(f"light_{name}")), build(name)
    assert theirs.macs == ours.macs
    for change in (activations_only, fused, lambda graph: activations_only(fused(graph))):
        assert budgets(change(theirs)) == budgets(change(ours))
    convolutions = [
        sorted(
            graph.bytes_of(operator.tensors) for operator in graph.operators if operator.macs > 0
        )
        for graph in (theirs, ours)
    ]
    assert convolutions[0] == convolutions[1]


def test_published_parameters():
    """VGG-19 and AlexNet: 143,667,240 in torchvision's documentation; 60,965,224 with groups."""
    assert light_model("light_vgg19").parameters == 143_667_240
    assert light_model("light_bvlc_alexnet").parameters == 60_965_224
