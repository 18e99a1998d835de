"""Parameters and multiply-accumulates of the zoo against what was published."""

import pytest

from mapper.zoo.amoebanet import amoebanet_d
from mapper.zoo.darts import darts_cifar10, darts_imagenet
from mapper.zoo.densenet import Concatenation, densenet121
from mapper.zoo.mobilenet import mobilenet_v3_large
from mapper.zoo.nasnet import nasnet_a_large, nasnet_a_mobile
from mapper.zoo.pnasnet import pnasnet5_large, pnasnet5_mobile
from mapper.zoo.resnet import resnet50, resnext50_32x4d
from mapper.zoo.segmentation import deeplabv3_resnet50, fcn_resnet50, lraspp_mobilenet_v3_large
from mapper.zoo.transformer import transformer_base
from mapper.zoo.video import r2plus1d_18, s3d
from mapper.zoo.vit import vit_b_16

VIDEO = {"frames": 16, "image_size": 112}
PIXELS = {"image_size": 520}
TRAINED = {"image_size": 520, "auxiliary": True}

TORCHVISION = [
    (resnet50, {}, 25_557_032, 4.089),
    (resnext50_32x4d, {}, 25_028_904, 4.230),
    (densenet121, {}, 7_978_856, 2.834),
    (densenet121, {"concatenation": Concatenation.ALL}, 7_978_856, 2.834),
    (mobilenet_v3_large, {}, 5_483_032, 0.217),
    (r2plus1d_18, VIDEO, 31_505_325, 40.519),
    (s3d, {}, 8_320_048, 17.979),
    (fcn_resnet50, TRAINED, 35_322_218, 152.717),
    (deeplabv3_resnet50, TRAINED, 42_004_074, 178.722),
    (lraspp_mobilenet_v3_large, PIXELS, 3_221_538, 2.086),
    (vit_b_16, {}, 86_567_656, 17.564),
]
"""Documentation of torchvision's models: parameters, and GFLOPS, which are multiply-accumulates."""


@pytest.mark.parametrize(("builder", "sizes", "parameters", "billions"), TORCHVISION)
def test_torchvision(builder, sizes, parameters, billions):
    graph = builder(**sizes)
    assert graph.parameters == parameters
    assert round(graph.macs / 1e9, 3) == billions


def test_the_auxiliary_output_is_all_that_inference_lacks():
    """A 3x3 convolution to 256 channels with its normalization, and a 1x1 one to 21 classes."""
    head = 1024 * 256 * 9 + 2 * 256 + 256 * 21 + 21
    for builder in (fcn_resnet50, deeplabv3_resnet50):
        trained = builder(auxiliary=True)
        assert trained.parameters - builder().parameters == head
        assert len(trained.outputs) == 2


def test_transformer():
    """PyTorch's ``nn.Transformer()`` has 44,140,544 parameters.

    With the paper's embedding, 37,000 tokens shared by all three uses (sections 3.4 and 5.1), it
    has the 65 million of table 3 within 3 %.
    """
    graph = transformer_base()
    assert graph.parameters == 44_140_544
    assert graph.parameters + 37_000 * 512 == pytest.approx(65e6, rel=0.03)


def test_work_of_the_transformer():
    """Projections of every token, inner products of every pair: Vaswani et al., table 1."""
    source, target, width, inner = 96, 64, 512, 2048
    encoder = source * (4 * width**2 + 2 * width * inner) + 2 * source**2 * width
    decoder = target * (6 * width**2 + 2 * width * inner) + 2 * target**2 * width
    decoder += source * 2 * width**2 + 2 * source * target * width
    graph = transformer_base(source_tokens=source, target_tokens=target)
    assert graph.macs == 6 * (encoder + decoder)


NASNET = [
    (nasnet_a_large, 331, 88_753_150, 88.9e6, 23.8e9),
    (nasnet_a_mobile, 224, 5_289_978, 5.3e6, 564e6),
]


@pytest.mark.parametrize(("builder", "size", "exact", "parameters", "macs"), NASNET)
def test_nasnet(builder, size, exact, parameters, macs):
    """Zoph et al., CVPR 2018, tables 2 and 3, and the trainable parameters that Keras counts."""
    graph = builder(image_size=size)
    assert graph.parameters == exact
    assert graph.parameters == pytest.approx(parameters, rel=0.003)
    assert graph.macs == pytest.approx(macs, rel=0.001)


def test_pnasnet():
    """Liu et al., ECCV 2018, results on ImageNet, and the large one's parameters in PyTorch.

    86.1 million parameters and 25.0 billion multiply-adds; 5.1 million and 588 million.
    """
    large = pnasnet5_large(image_size=331)
    assert large.parameters == 86_057_668
    assert large.macs == pytest.approx(25.0e9, rel=0.003)
    mobile = pnasnet5_mobile()
    assert round(mobile.parameters / 1e6, 1) == 5.1
    assert round(mobile.macs / 1e6) == 588


@pytest.mark.parametrize(
    ("cells", "filters", "millions", "torchgpipe"),
    [
        (18, 208, 82, 81.5),
        (18, 416, 318, 319.0),
        (18, 544, 542, 542.7),
        (36, 544, 1050, 1060),
        (72, 512, 1800, 1840),
    ],
)
def test_amoebanet(cells, filters, millions, torchgpipe):
    """Huang et al., GPipe, NeurIPS 2019, table 1, and the benchmarks of torchgpipe."""
    parameters = amoebanet_d(cells=cells, filters=filters).parameters / 1e6
    assert parameters == pytest.approx(millions, rel=0.025)
    assert parameters == pytest.approx(torchgpipe, rel=0.004)


def test_darts():
    """Liu et al., ICLR 2019, tables 1 and 3: 3.3 million parameters and 4.7 million."""
    assert round(darts_cifar10().parameters / 1e6, 1) == 3.3
    assert round(darts_imagenet().parameters / 1e6, 1) == 4.7


def test_work_of_darts():
    """By a count of its own; table 3 prints 574 million and does not say what it counts."""
    width, pixels = 48, 28 * 28
    pointwise = 11 * width**2 * pixels
    depthwise = 11 * width * 9 * pixels
    quarter = width**2 * pixels
    # Projections of the two inputs: from 48 channels at first, 4 * 48 later, half as many at half
    # the size after a reduction.
    projections = 2 * quarter + 5 * quarter + 2 * 8 * quarter
    projections += 2 * (2 + 4) * quarter + 2 * 3 * 8 * quarter
    reductions = 2 * 2 * 8 * quarter
    stem = 3 * 24 * 9 * 112**2 + 24 * 48 * 9 * 56**2 + 48 * 48 * 9 * pixels
    cells = 12 * pointwise + 4 * (depthwise + depthwise // 2 + depthwise // 4)
    classifier = 4 * 4 * width * 1000
    assert darts_imagenet().macs == stem + cells + projections + reductions + classifier
