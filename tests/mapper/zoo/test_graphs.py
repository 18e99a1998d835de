"""Structure of the zoo's graphs."""

import pytest

from golden.errors import UserError
from mapper.scheduling.fusion import activations_only, fused
from mapper.scheduling.graph import INPUT
from mapper.zoo.amoebanet import amoebanet_d
from mapper.zoo.catalogue import DESIGNED, NETWORKS, SEARCHED, build
from mapper.zoo.densenet import Concatenation, densenet121
from mapper.zoo.vit import vit_b_16

OPERATORS = {
    # Convolutions, poolings, additions and the classifier by the papers' tables, and the input.
    "resnet50": (1 + 53 + 2 + 16 + 1, 2 * 53 + 49 + 2 + 16 + 2),
    "resnext50_32x4d": (1 + 53 + 2 + 16 + 1, 2 * 53 + 49 + 2 + 16 + 2),
    "densenet121": (2 + 1 + 58 * 4 + 3 * 3 + 3, 5 + 58 * 7 + 3 * 4 + 4),
    "r2plus1d_18": (1 + 2 + 8 * 5 + 3 + 2, 1 + 6 + 8 * 13 + 6 + 2),
    "vit_b_16": (1 + 3 + 12 * 14 + 2, 1 + 3 + 12 * 14 + 2),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_number_of_operators(name):
    graph = build(name)
    assert (len(fused(graph).operators), len(graph.operators)) == OPERATORS[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name):
    graph = build(name)
    assert graph.name == name
    inputs = [operator for operator in graph.operators if operator.kind == INPUT]
    assert len(inputs) == (2 if name == "transformer_base" else 1)
    read = {tensor for operator in graph.operators for tensor in operator.inputs}
    assert set(graph.tensors) - read == set(graph.outputs)
    small = fused(graph)
    assert (small.parameters, small.macs) == (graph.parameters, graph.macs)
    assert small.outputs == graph.outputs
    assert not any(tensor.is_weight for tensor in activations_only(graph).tensors.values())


def test_there_are_ten_designed_and_four_searched_families():
    assert len(DESIGNED) == 10
    assert {name.split("_")[0] for name in SEARCHED} == {"nasnet", "pnasnet5", "amoebanet", "darts"}


@pytest.mark.parametrize("name", ["resnet50", "nasnet_a_mobile"])
def test_element_size(name):
    bytes_of = build(name)
    words = build(name, element_bytes=4)
    for tensor in words.tensors.values():
        assert tensor.size_bytes == 4 * bytes_of.tensors[tensor.name].size_bytes


def test_names_are_those_of_the_builders():
    with pytest.raises(UserError, match=r"network must be one of resnet50, .*, not 'lenet'"):
        build("lenet")


def test_dense_layers_read_the_same_features_either_way():
    """The same convolutions, and as many concatenations but those of one feature."""
    grown, joined = (fused(densenet121(concatenation=style)) for style in Concatenation)
    assert grown.macs == joined.macs
    assert len(grown.operators) == len(joined.operators)
    (most,) = (
        max(len(op.inputs) for op in graph.operators if op.kind == "Concat") for graph in [joined]
    )
    assert most == 25
    assert {len(op.inputs) for op in grown.operators if op.kind == "Concat"} == {2}


@pytest.mark.parametrize(
    ("builder", "sizes", "message"),
    [
        (vit_b_16, {"image_size": 200}, "image_size must be a multiple of 16, not 200"),
        (amoebanet_d, {"cells": 4}, "cells must be a multiple of 3, not 4"),
        (amoebanet_d, {"filters": 100}, "filters must be a multiple of 16, not 100"),
        (amoebanet_d, {"image_size": 0}, "image_size must be a multiple of 32, not 0"),
        (vit_b_16, {"element_bytes": 0}, "element_bytes must be at least 1, not 0"),
    ],
)
def test_sizes_that_can_not_be(builder, sizes, message):
    with pytest.raises(UserError) as caught:
        builder(**sizes)
    assert str(caught.value) == message
