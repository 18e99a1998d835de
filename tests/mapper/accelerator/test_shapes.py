"""Layers known by their shapes, as networks for engines through which both operands stream."""

import pytest

from golden.accelerator.instructions import Gemm
from mapper.accelerator.shapes import network_of
from sim.workload import ConvLayer, GemmLayer, Workload
from tests.mapper.accelerator.test_streaming_engines import ENGINES, described, lowered_soundly

LAYERS = (
    GemmLayer(name="g", m=5, k=9, n=7, count=3),
    GemmLayer(name="g", m=1, k=10, n=6),
    ConvLayer(
        name="depthwise",
        height=6,
        width=5,
        channels=8,
        filter_height=3,
        filter_width=3,
        filters=8,
        stride=(2, 1),
        pads=(1, 1, 1, 1),
        groups=8,
    ),
    ConvLayer(
        name="dilated",
        height=7,
        width=8,
        channels=6,
        filter_height=3,
        filter_width=2,
        filters=9,
        stride=(1, 2),
        dilation=(2, 1),
    ),
)


def products(layer):
    return [(product.m, product.k, product.n, product.count) for product in layer.products]


@pytest.mark.parametrize("name", ENGINES)
def test_layers_are_products_of_the_same_shapes(name):
    work = Workload(name="work", layers=LAYERS)
    graph = network_of(work, described(name).feeding)
    found = [(product.m, product.k, product.n, product.count) for product in graph.products()]
    assert found == [entry for layer in LAYERS for entry in products(layer)]
    assert [op.name for op in graph.operators] == ["g", "g (1)", "depthwise", "dilated"]


@pytest.mark.parametrize("name", ENGINES)
def test_programs_do_all_multiply_accumulates_with_the_widest_weights(name):
    design = described(name)
    work = Workload(name="work", layers=LAYERS)
    lowered = lowered_soundly(network_of(work, design.feeding), design)
    assert [record.macs for record in lowered.layers] == [layer.macs for layer in LAYERS]
    gemms = [entry for entry in lowered.program.instructions if isinstance(entry, Gemm)]
    assert {gemm.weight_bits for gemm in gemms} == {max(design.feeding.weight_bits)}
