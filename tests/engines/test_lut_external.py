"""Lookups in tables that are made elsewhere, exact or with entries of eight bits."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from golden.engines.lut import PRESETS, Params, Precompute, layout, matmul, table_scales
from golden.formats import Codes, Format
from golden.params import parse_params
from tests.support.contract import check
from tests.support.gemm import gemm
from tilewright.catalog import find_engine

SMALL = {"m": 2, "n": 2, "k": 4, "group": 2, "k_max": 9}


def design(**given: object) -> Params:
    return parse_params(Params, {**SMALL, **given})


def text(**given: object) -> dict[str, str]:
    return {name: str(value) for name, value in {**SMALL, **given}.items()}


def integers(format: Format, codes: Codes) -> np.ndarray[Any, Any]:
    return np.array([[int(value) for value in row] for row in format.decode(codes)])


TABLE_ERRORS = {
    (4, False): 3.9e-3,
    (32, False): 6.5e-3,
    (64, False): 6.7e-3,
    (1024, False): 8.7e-3,
    (4, True): 2.9e-3,
    (32, True): 6.8e-3,
    (64, True): 8.9e-3,
    (1024, True): 3.0e-2,
}
"""Relative error of W2 products of K = 1024, by how many activations share a scale.

Of normal activations, and with 0.2 % of them 30 times as large; measured in floats, apart from this
engine.
"""


@pytest.mark.parametrize(("shared", "outliers"), TABLE_ERRORS)
def test_errors_of_table_scales_with_outliers(shared: int, outliers: bool) -> None:
    """Per table, per group of 32 or 64, per token: a job for each scale."""
    rng = np.random.default_rng(0)
    reals = rng.standard_normal((16, 1024))
    if outliers:
        reals = np.where(rng.random(reals.shape) < 0.002, 30 * reals, reals)
    given = {"activation": "int16", "weight": "bipolar2", "precompute": "external-int8"}
    params = parse_params(Params, {**given, "k_max": shared})
    values = np.clip(np.rint(200 * reals), -(1 << 15), (1 << 15) - 1).astype(int)
    a, w = params.activation.encode(values), params.weight.draw(rng, (1024, 64))
    total = np.zeros((16, 64))
    for start in range(0, 1024, shared):
        part = slice(start, start + shared)
        sums = np.asarray(params.sums.decode(matmul(params, a[:, part], w[part])))
        total += table_scales(params, a[:, part])[:, np.newaxis] * sums
    exact = values @ integers(params.weight, w)
    error = np.linalg.norm(total - exact) / np.linalg.norm(exact)
    assert error == pytest.approx(TABLE_ERRORS[shared, outliers], rel=0.25)


@pytest.mark.parametrize("weight", ["bipolar3", "uint3"])
def test_quantized_tables_are_summed_as_they_are(weight: str) -> None:
    """Entry by entry, in fractions: rounded to the nearest 127th of the largest, ties to even."""
    given = {"weight": weight, "table": "full", "precompute": "external-int8", "k": 4, "group": 2}
    params = design(**given)
    rng = np.random.default_rng(1)
    a, w = params.activation.draw(rng, (3, 7)), params.weight.draw(rng, (7, 3))
    a[1] = 0
    values = np.pad(integers(params.activation, a), ((0, 0), (0, 1)))
    codes = np.pad(w, ((0, 1), (0, 0))).astype(int)
    expected = np.zeros((3, 3), dtype=int)
    for row, col in np.ndindex(3, 3):
        pairs = values[row].reshape(-1, 2)
        reach = max(abs(x) + abs(y) for x, y in pairs.tolist())
        for bit in range(3):
            for (x, y), (p, q) in zip(
                pairs.tolist(), (codes[:, col] >> bit & 1).reshape(-1, 2).tolist(), strict=True
            ):
                total = x * (2 * p - 1) + y * (2 * q - 1) if params.bipolar else x * p + y * q
                expected[row, col] += round(Fraction(127 * total, max(reach, 1))) << bit
    assert params.sums.decode(matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm("lut", text(**given), a, w) == []
    reach = np.abs(values.reshape(3, -1, 2)).sum(axis=2).max(axis=1)
    assert table_scales(params, a).tolist() == (reach / 127).tolist()


@pytest.mark.parametrize("precompute", ["external", "external-int8"])
@pytest.mark.parametrize("registers", ["none", "double"])
def test_tables_may_come_over_the_port(precompute: str, registers: str) -> None:
    given = {"precompute": precompute, "registers": registers, "weight": "bipolar2"}
    given["stages"] = "3" if registers == "double" else "1"
    shapes = [(3, 3, 7), (1, 2, 4)]
    rng = np.random.default_rng(1)
    assert check(find_engine("lut"), design(**given), rng, shapes) == []


def test_tables_on_a_port_need_twice_the_bits_of_activations() -> None:
    tile = PRESETS["lut-tensor-core-isca25"]
    raw = replace(tile, precompute=Precompute.ENGINE, accumulator=None)
    assert layout(tile).activations.bits == 2 * layout(raw).activations.bits == 128
    assert layout(tile).weights.bits == 256
    with pytest.raises(ValueError, match="activations can not be told from their tables"):
        layout(tile).activations.unpack(np.zeros((1, 16), np.uint8))
