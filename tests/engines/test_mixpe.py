"""Shift-and-add products scaled by groups: what only this engine has."""

import re
from collections.abc import Mapping

import numpy as np
import pytest

from golden.contract import Jobs, Width
from golden.errors import UserError
from golden.formats import FP32, Codes, IntFormat
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from tests.support.gemm import gemm, run
from tests.support.schoolbook import scaled_product
from tilewright.catalog import find_engine

ENGINE = find_engine("mixpe")
SMALL = {"m": "2", "n": "2", "k": "2", "k_max": "9", "weight": "int4", "group_steps": "2"}
PLAIN = {"scale": "none", "zero_point": "none"}
NO_PRODUCT = re.compile(r"/\*.*?\*/|\(\*.*?\*\)|@\*|//[^\n]*", re.DOTALL)


def weights(values: Codes, scales: Codes | None = None, **fields: object) -> QuantizedTensor:
    return QuantizedTensor(
        codes=values,
        format=IntFormat(4),
        group_size=4,
        scales=None if scales is None else FP32.decode(scales),
        **fields,
    )


@pytest.mark.parametrize(
    "kind", ["zero activations", "extremes", "one row", "one column", "whole groups"]
)
def test_corner_cases_of_operands_and_groups(kind: str) -> None:
    """K is 7, not a multiple of the groups of 4, but where it is said to be."""
    rng = np.random.default_rng(3)
    m, n, k = {"one row": (1, 3, 7), "one column": (3, 1, 7), "whole groups": (2, 2, 8)}.get(
        kind, (3, 3, 7)
    )
    params = ENGINE.params(SMALL)
    a, w = params.activation.draw(rng, (m, k)), params.weight.draw(rng, (k, n))
    if kind == "zero activations":
        a = np.zeros_like(a)
    if kind == "extremes":
        a = params.activation.extremes[np.arange(m * k).reshape(m, k) % 2]
        w = params.weight.extremes[np.arange(k * n).reshape(k, n) // 2 % 2]
    scales = FP32.encode(rng.normal(size=(2, n)))
    points = rng.integers(-8, 8, (2, n))
    tensor = weights(w, scales, zero_points=points)
    formats = params.activation, params.weight, FP32
    expected = scaled_product(a, w, None, formats, tensor)
    assert ENGINE.golden.matmul(params, a, tensor).tolist() == expected
    if kind == "zero activations":
        assert expected == [[0] * n] * m
    jobs = ENGINE.golden.jobs(params, m, n, k)
    codes = {"scales": scales, "zero_points": params.zero_point.encode(points)}
    assert run("mixpe", SMALL, jobs, a, w, **codes)[0] == []


@pytest.mark.parametrize(
    ("activation_bits", "weight_bits", "cycles"), [(8, 4, 1), (8, 8, 2), (4, 4, 1), (4, 8, 2)]
)
def test_one_rtl_does_w4a8_w8a8_and_w4a4(
    activation_bits: int, weight_bits: int, cycles: int
) -> None:
    """Digits of weights take a cycle each; narrower activations take as many."""
    given = {**SMALL, **PLAIN, "weight": "int8"}
    params = ENGINE.params(given)
    rng = np.random.default_rng(1)
    a = rng.integers(0, 1 << activation_bits, (2, 8)).astype(np.uint8)
    w = rng.integers(0, 1 << weight_bits, (8, 2)).astype(np.uint8)
    tensors = (
        QuantizedTensor(codes=codes, format=IntFormat(bits))
        for codes, bits in ((a, activation_bits), (w, weight_bits))
    )
    found = params.sums.decode(ENGINE.golden.matmul(params, *tensors))
    exact = IntFormat(activation_bits).decode(a) @ IntFormat(weight_bits).decode(w)
    assert found.tolist() == exact.tolist()
    jobs = (
        ENGINE.golden.jobs(params, 2, 2, 8)
        .with_bits(Width.ACTIVATION, activation_bits)
        .with_bits(Width.WEIGHT, weight_bits)
    )
    problems, taken = run("mixpe", given, jobs, a, w)
    assert problems == []
    assert taken == 4 * cycles + 2 + params.stages


def test_sizes_of_groups_change_from_job_to_job() -> None:
    params = ENGINE.params({**SMALL, "group_steps": "3"})
    rng = np.random.default_rng(2)
    tile = ENGINE.golden.jobs(params, 2, 2, 9)
    jobs = Jobs.concatenate(
        *(tile.moved(0, 2 * place).with_groups(size) for place, size in enumerate((2, 6, 4)))
    )
    a, w = params.activation.draw(rng, (2, 9)), params.weight.draw(rng, (9, 6))
    codes = {
        "scales": FP32.encode(rng.normal(size=(5, 6))),
        "zero_points": params.zero_point.draw(rng, (5, 6)),
    }
    assert run("mixpe", {**SMALL, "group_steps": "3"}, jobs, a, w, **codes)[0] == []


def test_asymmetric_weights_are_those_of_real_numbers() -> None:
    """Unsigned codes with a zero point, as quantizers give them."""
    params = ENGINE.params({**SMALL, "weight": "uint4"})
    rng = np.random.default_rng(5)
    a, w = params.activation.draw(rng, (3, 8)), rng.integers(0, 16, (8, 2)).astype(np.uint8)
    scales, points = 2.0 ** rng.integers(-3, 3, (2, 2)), rng.integers(0, 16, (2, 2))
    tensor = QuantizedTensor(
        codes=w, format=params.weight, group_size=4, scales=scales, zero_points=points
    )
    real = np.repeat(scales, 4, axis=0) * (w.astype(int) - np.repeat(points, 4, axis=0))
    found = FP32.decode(ENGINE.golden.matmul(params, a, tensor))
    assert found.tolist() == (params.activation.decode(a) @ real).tolist()


def test_bare_codes_have_scales_of_one() -> None:
    params = ENGINE.params({**SMALL, "weight": "int8"})
    rng = np.random.default_rng(6)
    a, w = params.activation.draw(rng, (2, 9)), params.weight.draw(rng, (9, 2))
    found = FP32.decode(ENGINE.golden.matmul(params, a, w))
    assert found.tolist() == (params.activation.decode(a) @ params.weight.decode(w)).tolist()


def test_integer_scales_are_exact() -> None:
    given = {**SMALL, "scale": "uint8"}
    params = ENGINE.params(given)
    rng = np.random.default_rng(7)
    a, w = params.activation.draw(rng, (2, 7)), params.weight.draw(rng, (7, 2))
    scales, points = rng.integers(0, 256, (2, 2)), rng.integers(-128, 128, (2, 2))
    tensor = weights(w, zero_points=points)
    tensor = QuantizedTensor(**{**vars(tensor), "scales": scales.astype(float)})
    formats = params.activation, params.weight, params.results
    found = ENGINE.golden.matmul(params, a, tensor)
    assert found.tolist() == scaled_product(a, w, None, formats, tensor)
    jobs = ENGINE.golden.jobs(params, 2, 2, 7)
    codes = {"scales": scales.astype(np.uint8), "zero_points": points.astype(np.uint8)}
    assert run("mixpe", given, jobs, a, w, **codes)[0] == []


# What the netlists are made of.


def multipliers(given: Mapping[str, str]) -> set[str]:
    """Modules of the Verilog that multiply."""
    verilog = NO_PRODUCT.sub("", emit_verilog(ENGINE.component(ENGINE.params(given)), "mixpe"))
    modules = re.findall(r"^module (\w+)\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    texts = re.findall(r"^module \w+\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    return {name for name, text in zip(modules, texts, strict=True) if "*" in text}


@pytest.mark.parametrize("weight", ["int4", "uint4", "int8"])
def test_the_array_holds_no_multiplier(weight: str) -> None:
    assert multipliers({**SMALL, **PLAIN, "weight": weight}) == set()


def test_with_scales_only_the_epilogue_multiplies() -> None:
    found = multipliers(SMALL)
    assert {re.sub(r"_v\d+$", "", name) for name in found} == {
        "epilogue_epilogue_lane",
        "floats_float_multiply",
    }


# How busy the units are.


def test_full_tiles_keep_99_percent_busy_whatever_the_groups() -> None:
    given = {**SMALL, "k_max": "800", "weight": "int4", "zero_point": "none", "scale": "uint8"}
    params = ENGINE.params(given)
    rng = np.random.default_rng(0)
    a, w = params.activation.draw(rng, (4, 800)), params.weight.draw(rng, (800, 2))
    jobs = ENGINE.golden.jobs(params, 4, 2, 800)
    scales = np.ones((200, 2), np.uint8)
    problems, cycles = run("mixpe", given, jobs, a, w, scales=scales)
    assert problems == []
    assert cycles is not None
    assert jobs.macs / (params.macs_per_cycle * cycles) >= 0.99


# What is refused.


@pytest.mark.parametrize("name", ["activation", "weight"])
@pytest.mark.parametrize("format", ["int2", "uint5"])
def test_widths_that_are_no_whole_digits_are_refused(name: str, format: str) -> None:
    with pytest.raises(UserError, match=f"{name} must be integers of 4, 8, 12 or 16 bits, not"):
        ENGINE.params({name: format})
    params = ENGINE.params({"weight": "int8", "activation": "int8"})
    codes = np.zeros((1, 1), np.uint8)
    narrow = QuantizedTensor(codes=codes, format=IntFormat(2))
    given = (narrow, codes) if name == "activation" else (codes, narrow)
    with pytest.raises(
        UserError, match=f"{name}s must be integers of 4, 8, 12 or 16 bits, not int2"
    ):
        ENGINE.golden.matmul(params, *given)


def test_products_of_every_pair_on_the_rtl() -> None:
    """W4A8 as an outer product, on a tile of 8 x 16."""
    given = {"m": "8", "n": "16", "k": "1", "k_max": "1", **PLAIN, "weight": "int4"}
    a = np.arange(0, 256, 5, dtype=np.uint8)[:, np.newaxis]
    w = np.arange(16, dtype=np.uint8)[np.newaxis]
    assert gemm("mixpe", given, a, w) == []
