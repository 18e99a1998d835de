"""Outlier–victim pairs, against every pair of values that packing keeps."""

import itertools

import numpy as np
import pytest

from golden.errors import UserError
from golden.formats import OvpFormat, parse_format
from golden.packing import OvpPacking
from golden.quantization.pairs import outlier_pairs


def ovp(name: str) -> OvpFormat:
    format = parse_format(name)
    assert isinstance(format, OvpFormat)
    return format


def kept_pairs(format: OvpFormat) -> list[tuple[int, int]]:
    """Every pair of values that a word holds."""
    packing = OvpPacking(format)
    words = np.arange(1 << packing.bits).astype(np.uint16)
    values = format.decode(packing.unpack(words))
    return sorted({(int(a), int(b)) for a, b in values})


def heavy_tails(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_t(2, shape)


@pytest.mark.parametrize("name", ["ovp_int4", "ovp_flint4"])
@pytest.mark.parametrize("group_size", [None, 4])
def test_each_pair_is_the_best_for_its_scale(name: str, group_size: int | None) -> None:
    format = ovp(name)
    weights = heavy_tails(8, 3)
    tensor = outlier_pairs(weights, format, group_size=group_size)
    # Packing loses nothing.
    assert np.array_equal(OvpPacking(format).prune(tensor.codes, axis=0), tensor.codes)
    pairs = np.array(kept_pairs(format), np.float64)
    assert tensor.scales is not None
    for k, n in itertools.product(range(0, 8, 2), range(3)):
        scale = tensor.scales[0 if group_size is None else k // 4, n]
        two = weights[k : k + 2, n]
        least = ((two - scale * pairs) ** 2).sum(axis=1).min()
        held = ((two - tensor.dequantize()[k : k + 2, n]) ** 2).sum()
        assert held == pytest.approx(least)


def test_outliers_are_worth_their_victims() -> None:
    weights = heavy_tails(64, 4)
    errors = {
        name: ((weights - tensor.dequantize()) ** 2).sum()
        for name, tensor in (
            ("pairs", outlier_pairs(weights, ovp("ovp_int4"))),
            ("normal", outlier_pairs(np.clip(weights, -1, 1), ovp("ovp_int4"))),
        )
    }
    assert errors["pairs"] < errors["normal"]
    assert np.any(outlier_pairs(weights, ovp("ovp_int4")).codes >> 4)


def test_what_pairs_hold_exactly() -> None:
    held = np.array([[7.0, 0, -96, 0, -5]]).T
    tensor = outlier_pairs(held, ovp("ovp_int4"))
    assert tensor.dequantize() == pytest.approx(held)
    wide = outlier_pairs(np.array([[127.0], [-3]]), ovp("ovp_int8"))
    assert wide.dequantize() == pytest.approx(np.array([[127.0], [-3]]))


def test_importance() -> None:
    """A victim that nothing is multiplied by costs nothing."""
    weights = np.array([[40.0], [5], [1], [-2]])
    tensor = outlier_pairs(weights, ovp("ovp_int4"), importance=np.array([1.0, 0, 1, 1]))
    real = tensor.dequantize()[:, 0]
    assert np.abs(real - weights[:, 0])[[0, 2, 3]] == pytest.approx([0, 0, 0], abs=0.5)


def test_odd_groups_are_refused() -> None:
    with pytest.raises(UserError, match="an even number of elements, not 3"):
        outlier_pairs(heavy_tails(8, 2), ovp("ovp_int4"), group_size=3)
