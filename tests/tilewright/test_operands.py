"""Operands of a network as codes of an engine: exact sums whatever the formats."""

from typing import Any

import numpy as np
import pytest

from golden.contract import Width
from golden.errors import UserError
from golden.formats import (
    INT8,
    TERNARY,
    UINT8,
    BipolarFormat,
    IntFormat,
    WholeFormat,
    parse_format,
)
from golden.graph import Graph, Quantization, Tensor
from golden.operators import MatMul
from golden.operators.base import MatrixProduct
from tilewright.catalog import find_design
from tilewright.operands import fit_operands, graph_widths
from tilewright.products import EngineProducts, GemmCodes

FORMATS = ("int1", "int2", "int4", "uint1", "uint2", "bipolar1", "bipolar2", "ternary", "flint4")


def product(a: IntFormat, w: WholeFormat) -> MatrixProduct:
    """Random operands with both extremes of their formats."""
    rng = np.random.default_rng(0)
    drawn = [
        np.asarray(format.decode(format.draw(rng, shape)), np.int64)
        for format, shape in ((a, (5, 7)), (w, (7, 4)))
    ]
    for values, format in zip(drawn, (a, w), strict=True):
        values.flat[0], values.flat[-1] = format.min, format.max
    return MatrixProduct(operator="dense", group=0, a=drawn[0], w=drawn[1], a_format=a, w_format=w)


def on_engine(engine: str, given: MatrixProduct, **params: Any) -> tuple[Any, GemmCodes]:
    found, design = find_design(engine, {"k_max": 64, **params})
    kept: list[GemmCodes] = []
    sums = EngineProducts(engine=found, params=design, keep=kept.append)(given)
    return sums, kept[0]


@pytest.mark.parametrize("w", FORMATS)
@pytest.mark.parametrize("a", ["int8", "uint8"])
@pytest.mark.parametrize(
    ("engine", "params"),
    [
        ("systolic", {}),
        ("dot", {"weight": "int6"}),
        ("add", {}),
        ("add", {"weight": "uint8", "activation": "uint8"}),
        ("bitplane", {}),
        ("bitplane", {"weight": "uint6", "activation": "uint8", "weight_planes": 3}),
    ],
    ids=str,
)
def test_any_weights_give_the_exact_product(
    engine: str, params: dict[str, Any], a: str, w: str
) -> None:
    formats = parse_format(a), parse_format(w)
    assert isinstance(formats[0], IntFormat)
    assert isinstance(formats[1], WholeFormat)
    given = product(formats[0], formats[1])
    if "u" in params.get("weight", "") and w == "flint4":
        with pytest.raises(UserError, match="flint4 weights, which the engine's uint"):
            on_engine(engine, given, **params)
        return
    sums, _ = on_engine(engine, given, **params)
    assert np.array_equal(sums, given.a @ given.w)


@pytest.mark.parametrize("w", ["bipolar1", "bipolar3", "int4", "uint4", "ternary"])
@pytest.mark.parametrize("engine", ["add", "bitplane"])
def test_bipolar_engines_take_integers_of_their_widths(engine: str, w: str) -> None:
    formats = {"weight": "bipolar4"}
    if engine == "bitplane":
        formats["activation"] = "bipolar8"
    weights = parse_format(w)
    assert isinstance(weights, WholeFormat)
    given = product(INT8, weights)
    sums, codes = on_engine(engine, given, **formats)
    assert np.array_equal(sums, given.a @ given.w)
    assert set(codes.jobs.weight_bits) == {weights.bits}


@pytest.mark.parametrize("w", ["bipolar1", "bipolar3", "int4", "uint2", "ternary"])
def test_tables_take_integers_of_their_widths(w: str) -> None:
    weights = parse_format(w)
    assert isinstance(weights, WholeFormat)
    given = product(INT8, weights)
    sums, codes = on_engine("lut", given, weight="bipolar4")
    assert np.array_equal(sums, given.a @ given.w)
    assert set(codes.jobs.weight_bits) == {weights.bits}


def test_ternary_weights_as_two_signs() -> None:
    given = product(INT8, TERNARY)
    sums, codes = on_engine("lut", given, weight="signs2")
    assert np.array_equal(sums, given.a @ given.w)
    assert set(codes.jobs.weight_bits) == {2}


@pytest.mark.parametrize("w", ["ternary", "bipolar1", "int1"])
def test_ternary_engine(w: str) -> None:
    weights = parse_format(w)
    assert isinstance(weights, WholeFormat)
    given = product(INT8, weights)
    sums, _ = on_engine("ternary", given)
    assert np.array_equal(sums, given.a @ given.w)


def test_codes_are_as_wide_as_the_jobs_say() -> None:
    given = product(INT8, BipolarFormat(1))
    _, codes = on_engine("bitplane", given)
    assert set(codes.jobs.weight_bits) == {1}
    assert set(codes.jobs.activation_bits) == {8}
    # Of int1, whose values are 0 and -1: bits of +1 and -1.
    assert np.array_equal(codes.w, given.w < 0)


@pytest.mark.parametrize(
    ("engine", "w", "said"),
    [
        ("ternary", IntFormat(2), "layer dense has int2 weights, .* ternary .* set weight=int2"),
        ("add", IntFormat(9), "int9 weights, .* int8 .* set weight=int9"),
    ],
)
def test_refusals_name_the_layer(engine: str, w: IntFormat, said: str) -> None:
    with pytest.raises(UserError, match=said):
        on_engine(engine, product(INT8, w))


def _network(w: WholeFormat, name: str = "dense") -> Graph:
    scale = Quantization.of(1.0)
    values = np.full((3, 2), w.max)
    tensors = [
        Tensor(name="x", shape=(1, 3), element=UINT8, quantization=scale),
        Tensor(name="w", shape=(3, 2), element=w, quantization=scale, data=values.astype(np.int8)),
        Tensor(name="y", shape=(1, 2), element=INT8, quantization=scale),
    ]
    return Graph(
        name="network",
        inputs=("x",),
        outputs=("y",),
        tensors={tensor.name: tensor for tensor in tensors},
        operators=(MatMul(name=name, inputs=("x", "w"), outputs=("y",)),),
    )


def test_widths_of_a_graph() -> None:
    found, design = find_design("bitplane", {})
    ports = found.golden.layout(design)
    assert graph_widths(_network(TERNARY), ports) == {
        "dense": {Width.ACTIVATION: 8, Width.WEIGHT: 2}
    }
    narrow, design = find_design("bitplane", {"weight": "int3"})
    assert graph_widths(_network(INT8), narrow.golden.layout(design)) == {}
    systolic, design = find_design("systolic", {})
    fits = fit_operands("dense", systolic.golden.layout(design), INT8, TERNARY)
    assert (fits.widths, fits.w.format) == ({}, INT8)
