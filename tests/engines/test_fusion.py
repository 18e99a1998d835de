"""Composable bricks: what only this engine has."""

from itertools import product

import numpy as np
import pytest

from golden.contract import Jobs, Width
from golden.errors import UserError
from golden.formats import Codes, IntFormat
from golden.quantized import QuantizedTensor
from tests.support.gemm import gemm, run
from tilewright.caching import Cache
from tilewright.catalog import find_engine
from tilewright.verification import OUTPUTS, verify

ENGINE = find_engine("fusion")
SMALL = {"m": "2", "n": "2", "k": "2", "k_max": "40"}
WIDTHS = [*product((2, 4, 8), repeat=2)]


def drawn(rng: np.random.Generator, bits: int, shape: tuple[int, int]) -> Codes:
    return rng.integers(0, 1 << bits, shape).astype(np.uint8)


@pytest.mark.parametrize(("p", "q"), WIDTHS)
def test_products_are_those_of_integers_at_every_width(p: int, q: int) -> None:
    params = ENGINE.params(SMALL)
    rng = np.random.default_rng(p + 10 * q)
    a, w = drawn(rng, p, (3, 9)), drawn(rng, q, (9, 2))
    tensors = (
        QuantizedTensor(codes=codes, format=IntFormat(bits)) for codes, bits in ((a, p), (w, q))
    )
    found = params.sums.decode(ENGINE.golden.matmul(params, *tensors))
    assert found.tolist() == (IntFormat(p).decode(a) @ IntFormat(q).decode(w)).tolist()


def test_one_rtl_does_every_width_from_job_to_job() -> None:
    """33 elements are 17, 9, 5, 3 or 2 steps of 2 to 32; no width has the last step full."""
    params = ENGINE.params(SMALL)
    rng = np.random.default_rng(0)
    a, w = drawn(rng, 8, (2 * 9, 33)), drawn(rng, 8, (33, 2 * 9))
    tile = ENGINE.golden.jobs(params, 2, 2, 33)
    lists, cycles = [], 0
    for place, (p, q) in enumerate(WIDTHS):
        corner = slice(2 * place, 2 * place + 2)
        a[corner] &= (1 << p) - 1
        w[:, corner] &= (1 << q) - 1
        lists.append(
            tile.moved(2 * place, 2 * place)
            .with_bits(Width.ACTIVATION, p)
            .with_bits(Width.WEIGHT, q)
        )
        cycles += max(2, -(-33 // (2 * (8 // p) * (8 // q))))
    problems, taken = run("fusion", SMALL, Jobs.concatenate(*lists), a, w)
    assert problems == []
    # Jobs of two steps last as long as two rows take to leave.
    assert taken == cycles + 2 + params.stages


@pytest.mark.parametrize("kind", ["zero activations", "extremes", "one row", "one column"])
def test_corner_cases_of_operands(kind: str) -> None:
    params = ENGINE.params(SMALL)
    rng = np.random.default_rng(7)
    m, n = {"one row": (1, 5), "one column": (5, 1)}.get(kind, (3, 3))
    a, w = params.activation.draw(rng, (m, 7)), params.weight.draw(rng, (7, n))
    if kind == "zero activations":
        a = np.zeros_like(a)
    if kind == "extremes":
        a = params.activation.extremes[np.arange(m * 7).reshape(m, 7) % 2]
        w = params.weight.extremes[np.arange(7 * n).reshape(7, n) // 2 % 2]
    expected = params.activation.decode(a) @ params.weight.decode(w)
    assert params.sums.decode(ENGINE.golden.matmul(params, a, w)).tolist() == expected.tolist()
    assert gemm("fusion", SMALL, a, w) == []


@pytest.mark.parametrize("name", ["activation", "weight"])
@pytest.mark.parametrize("format", ["int3", "uint16"])
def test_widths_that_bricks_do_not_compose_to_are_refused(name: str, format: str) -> None:
    with pytest.raises(UserError, match=f"{name} must be integers of 2, 4 or 8 bits, not {format}"):
        ENGINE.params({name: format})
    params = ENGINE.params(SMALL)
    codes = np.zeros((1, 1), np.uint8)
    odd = QuantizedTensor(codes=codes, format=IntFormat(3))
    given = (odd, codes) if name == "activation" else (codes, odd)
    with pytest.raises(UserError, match=r"s must be integers of 2, 4 or 8 bits, not int3"):
        ENGINE.golden.matmul(params, *given)


def test_codes_beyond_their_width_are_refused() -> None:
    tensor = QuantizedTensor(codes=np.full((1, 1), 4, np.uint8), format=IntFormat(2))
    with pytest.raises(UserError, match="4 is not a code of int2"):
        ENGINE.golden.matmul(ENGINE.params(SMALL), np.zeros((1, 1), np.uint8), tensor)


def test_presets_are_one_fused_unit() -> None:
    assert {
        name: (params.bricks, params.m * params.n * params.k)
        for name, params in ENGINE.presets.items()
    } == {
        "bit-fusion-8-2": (16, 1),
        "bit-fusion-4-2": (4, 1),
        "bit-fusion-2-2": (1, 1),
    }


DESIGNS = {
    "int8 x int8": {},
    "uint8 x int4": {"activation": "uint8", "weight": "int4", "stages": 4},
    "int2 x uint8": {"activation": "int2", "weight": "uint8", "stages": 1},
}


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_configuration_is_exact(
    simulator: str, design: str, cache: Cache, request: pytest.FixtureRequest
) -> None:
    """Every pair of widths is among the cases."""
    request.getfixturevalue(simulator)
    given = {"m": 2, "n": 2, "k": 2, "k_max": 70, **DESIGNS[design]}
    result = verify("fusion", given, simulator=simulator, cache=cache)
    assert result.failures == ()
    assert (result.mismatches, result.cycle_mismatches) == (0, 0)
    assert result.outputs_checked >= OUTPUTS


def test_icarus_finds_nothing_wrong(cache: Cache, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("icarus")
    given = {"m": 2, "n": 1, "k": 1, "k_max": 10, "weight": "int4"}
    result = verify("fusion", given, simulator="icarus", cases=1, outputs=1, cache=cache)
    assert result.failures == ()
    assert result.passed
