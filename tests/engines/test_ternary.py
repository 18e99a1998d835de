"""Ternary weights, beyond what tile engines have in common."""

import numpy as np
import pytest

from golden.formats import TERNARY
from tests.support.gemm import gemm
from tilewright.catalog import find_engine

PACKINGS = ("codes", "5-in-8", "3-in-5")


@pytest.mark.parametrize("activation", ["int8", "uint8"])
def test_every_product_of_a_ternary_weight_is_that_of_the_integers(activation: str) -> None:
    given = {"m": "8", "n": "3", "k": "1", "k_max": "1", "activation": activation}
    engine = find_engine("ternary")
    params = engine.params(given)
    a = np.arange(256, dtype=np.uint8)[:, np.newaxis]
    w = TERNARY.encode([[-1, 0, 1]])
    sums = params.sums.decode(engine.golden.matmul(params, a, w))
    values = [int(value) for value in params.activation.decode(a[:, 0])]
    assert sums.tolist() == [[-value, 0, value] for value in values]
    assert gemm("ternary", given, a, w) == []


def test_packed_weights_need_fewer_bits() -> None:
    """25 weights of a step: 2 bits each, 5 bytes, or 9 words of 5 bits."""
    bits: dict[str, int] = {}
    for packed in PACKINGS:
        engine = find_engine("ternary")
        params = engine.params({"n": "5", "k": "5", "packed": packed})
        bits[packed] = engine.golden.layout(params).weights.bits
    assert bits == {"codes": 50, "5-in-8": 40, "3-in-5": 45}
