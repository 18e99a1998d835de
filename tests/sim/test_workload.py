"""Workloads: the products of layers, against counting by hand, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.workload import ConvLayer, GemmLayer, Product, Workload

CONV: dict[str, Any] = {
    "name": "conv",
    "height": 7,
    "width": 9,
    "channels": 4,
    "filter_height": 3,
    "filter_width": 2,
    "filters": 6,
    "stride": (1, 1),
}
GEMM: dict[str, Any] = {"name": "gemm", "m": 2, "k": 3, "n": 5}


def positions(length: int, before: int, after: int, taps: int, stride: int, dilation: int) -> int:
    """Count the starts of a filter along one axis, tried one after the other."""
    padded = before + length + after
    starts = 0
    for start in range(0, padded, stride):
        last_tap = [start + tap * dilation for tap in range(taps)][-1]
        starts += last_tap < padded
    return starts


@st.composite
def convs(draw: st.DrawFn) -> ConvLayer:
    """Any small convolution whose filter fits."""
    small, pad = st.integers(1, 4), st.integers(0, 3)
    groups = draw(small)
    taps, dilation = draw(st.tuples(small, small)), draw(st.tuples(small, small))
    pads = draw(st.tuples(pad, pad, pad, pad))
    least = [
        max(1, (tap - 1) * step + 1 - before - after)
        for tap, step, before, after in zip(taps, dilation, pads[:2], pads[2:], strict=True)
    ]
    return ConvLayer(
        name="conv",
        height=draw(st.integers(least[0], least[0] + 8)),
        width=draw(st.integers(least[1], least[1] + 8)),
        channels=groups * draw(small),
        filter_height=taps[0],
        filter_width=taps[1],
        filters=groups * draw(small),
        stride=draw(st.tuples(small, small)),
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def test_product_macs() -> None:
    """Sizes and count multiply."""
    assert Product(m=2, k=3, n=5, count=7).macs == 210


def test_gemm() -> None:
    """A GEMM is one product, as often as it occurs."""
    layer = GemmLayer(**GEMM, count=7)
    assert layer.products == (Product(m=2, k=3, n=5, count=7),)
    assert layer.macs == 210
    assert GemmLayer(**GEMM).products == (Product(m=2, k=3, n=5, count=1),)


@pytest.mark.parametrize(
    ("changes", "output", "product"),
    [
        ({}, (5, 8), Product(m=40, k=24, n=6)),
        ({"stride": (2, 3)}, (3, 3), Product(m=9, k=24, n=6)),
        ({"stride": (3, 4)}, (2, 2), Product(m=4, k=24, n=6)),
        ({"pads": (1, 0, 2, 3)}, (8, 11), Product(m=88, k=24, n=6)),
        ({"dilation": (3, 4)}, (1, 5), Product(m=5, k=24, n=6)),
        ({"groups": 2}, (5, 8), Product(m=40, k=12, n=3, count=2)),
        ({"groups": 4, "filters": 4}, (5, 8), Product(m=40, k=6, n=1, count=4)),
    ],
)
def test_conv(changes: dict[str, Any], output: tuple[int, int], product: Product) -> None:
    """Stride, padding, dilation and groups, by hand."""
    layer = ConvLayer(**{**CONV, **changes})
    assert layer.output == output
    assert layer.products == (product,)
    assert layer.macs == product.macs


def test_resnet_stem() -> None:
    """The first layer of ResNet: 224 pixels, 7 taps, stride 2, pad 3 give 112 pixels."""
    layer = ConvLayer(
        name="conv1",
        height=224,
        width=224,
        channels=3,
        filter_height=7,
        filter_width=7,
        filters=64,
        stride=(2, 2),
        pads=(3, 3, 3, 3),
    )
    assert layer.output == (112, 112)
    assert layer.macs == 118_013_952


@given(convs())
def test_conv_against_counting(layer: ConvLayer) -> None:
    """Output size and multiplications equal those counted tap by tap."""
    top, left, bottom, right = layer.pads
    rows = positions(
        layer.height, top, bottom, layer.filter_height, layer.stride[0], layer.dilation[0]
    )
    cols = positions(
        layer.width, left, right, layer.filter_width, layer.stride[1], layer.dilation[1]
    )
    taps = layer.filter_height * layer.filter_width
    assert layer.output == (rows, cols)
    assert layer.macs == sum(
        rows * cols * taps
        for filter_ in range(layer.filters)
        for channel in range(layer.channels)
        if filter_ * layer.groups // layer.filters == channel * layer.groups // layer.channels
    )


def test_workload() -> None:
    """A workload adds up its layers."""
    gemm, conv = GemmLayer(**GEMM), ConvLayer(**CONV)
    assert Workload(name="net", layers=(gemm, conv)).macs == 30 + 40 * 24 * 6


@pytest.mark.parametrize("field", ["m", "k", "n", "count"])
def test_gemm_sizes_refused(field: str) -> None:
    """Zero and things that are not integers."""
    with pytest.raises(ValueError, match=f"^layer 'gemm': {field} must be at least 1, not 0$"):
        GemmLayer(**{**GEMM, field: 0})
    with pytest.raises(TypeError, match=f"^layer 'gemm': {field} must be an integer, not 2.0$"):
        GemmLayer(**{**GEMM, field: 2.0})
    sizes = {"m": 1, "k": 1, "n": 1, "count": 1}
    with pytest.raises(ValueError, match=f"^product: {field} must be at least 1, not -1$"):
        Product(**{**sizes, field: -1})
    with pytest.raises(TypeError, match=f"^product: {field} must be an integer, not True$"):
        Product(**{**sizes, field: True})


@pytest.mark.parametrize("layer", [(GemmLayer, GEMM), (ConvLayer, CONV)])
def test_names_refused(layer: tuple[type[GemmLayer] | type[ConvLayer], dict[str, Any]]) -> None:
    """A layer has a name."""
    kind, fields = layer
    with pytest.raises(ValueError, match=r"^the name of a layer must not be empty$"):
        kind(**{**fields, "name": ""})
    with pytest.raises(TypeError, match=r"^the name of a layer must be a string, not 3$"):
        kind(**{**fields, "name": 3})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 0}, "height must be at least 1, not 0"),
        ({"width": 0}, "width must be at least 1, not 0"),
        ({"channels": 0}, "channels must be at least 1, not 0"),
        ({"filter_height": 0}, "filter_height must be at least 1, not 0"),
        ({"filter_width": 0}, "filter_width must be at least 1, not 0"),
        ({"filters": 0}, "filters must be at least 1, not 0"),
        ({"groups": 0}, "groups must be at least 1, not 0"),
        ({"stride": (1, 0)}, "stride must be at least 1, not 0"),
        ({"pads": (0, 0, -1, 0)}, "pads must be at least 0, not -1"),
        ({"dilation": (0, 1)}, "dilation must be at least 1, not 0"),
        ({"groups": 3}, "channels must be a multiple of the 3 groups, not 4"),
        ({"groups": 4}, "filters must be a multiple of the 4 groups, not 6"),
        (
            {"filter_height": 8},
            "the filter covers 8x2 pixels and must fit in the padded input of 7x9",
        ),
        (
            {"dilation": (1, 11), "pads": (0, 1, 0, 1)},
            "the filter covers 3x12 pixels and must fit in the padded input of 7x11",
        ),
    ],
)
def test_conv_values_refused(changes: dict[str, Any], message: str) -> None:
    """Sizes out of range, groups that do not divide, filters that do not fit."""
    with pytest.raises(ValueError, match=f"^layer 'conv': {message}$"):
        ConvLayer(**{**CONV, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": "7"}, "height must be an integer, not '7'"),
        ({"stride": 2}, "stride must be a tuple of 2 integers, not 2"),
        ({"stride": (1.0, 1)}, "stride must be an integer, not 1.0"),
        ({"pads": (1, 1)}, r"pads must be a tuple of 4 integers, not \(1, 1\)"),
        ({"dilation": [1, 1]}, r"dilation must be a tuple of 2 integers, not \[1, 1\]"),
    ],
)
def test_conv_types_refused(changes: dict[str, Any], message: str) -> None:
    """Things that are not integers or tuples of them."""
    with pytest.raises(TypeError, match=f"^layer 'conv': {message}$"):
        ConvLayer(**{**CONV, **changes})


def test_workload_refused() -> None:
    """A workload has a name and layers."""
    layers = (GemmLayer(**GEMM),)
    with pytest.raises(ValueError, match=r"^the name of a workload must not be empty$"):
        Workload(name="", layers=layers)
    with pytest.raises(ValueError, match=r"^workload 'net': there must be at least one layer$"):
        Workload(name="net", layers=())
    with pytest.raises(
        TypeError, match=r"^workload 'net': layers must be a tuple of GemmLayer and ConvLayer, not"
    ):
        Workload(name="net", layers=list(layers))  # type: ignore[arg-type]  # is the point
    with pytest.raises(
        TypeError, match=r"^workload 'net': layers must be a tuple of GemmLayer and ConvLayer, not"
    ):
        Workload(name="net", layers=(3,))  # type: ignore[arg-type]  # is the point
