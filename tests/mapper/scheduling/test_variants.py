"""Variants of a graph."""

import pytest

from mapper.scheduling.variants import TensorSet, Variant, variant_of
from mapper.zoo.onnx_light import light_model


@pytest.mark.parametrize("tensors", TensorSet)
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("views", [True, False])
def test_each_choice_does_its_own(tensors, fused, views):
    # It shuffles channels by views, and normalizes what convolutions make.
    whole = light_model("light_shufflenet")
    seen = variant_of(whole, Variant(tensors=tensors, fused=fused, views=views))
    assert any(tensor.is_weight for tensor in seen.tensors.values()) == (tensors is TensorSet.ALL)
    kinds = [operator.kind for operator in seen.operators]
    assert ("BatchNormalization" in kinds) != fused
    # A view that leaves the network stays.
    assert any(operator.is_view for operator in seen.operators[:-1]) == views
    assert seen.macs == whole.macs
