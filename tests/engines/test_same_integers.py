"""One GEMM on every engine that takes its weights: all give the integers of NumPy."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from golden.formats import INT8
from tests.support.gemm import gemm
from tilewright.catalog import find_engine, list_engines

Values = NDArray[np.int64]

SEED = 3
M, N, K = 3, 5, 11


@dataclass(frozen=True)
class Design:
    """How an engine is set for some weights, and what its weights are worth of them."""

    engine: str
    params: dict[str, str] = field(default_factory=dict)
    worth: int = 1

    def __str__(self) -> str:
        return " ".join([self.engine, *(f"{name}={value}" for name, value in self.params.items())])


def designs(*variants: tuple[str, dict[str, str]], worth: int = 1) -> list[Design]:
    return [Design(engine, params, worth) for engine, params in variants]


TERNARY = [
    *designs(
        *(("systolic", {"dataflow": flow, "weight": "int2"}) for flow in ("os", "ws", "is")),
        ("dot", {"weight": "int2"}),
        ("add", {"weight": "int2"}),
        *(("ternary", {"packed": packed}) for packed in ("codes", "5-in-8", "3-in-5")),
        ("bitplane", {"weight": "int2"}),
        ("lut", {"weight": "int2", "table": "full"}),
        ("mixpe", {"weight": "int4", "scale": "none", "zero_point": "none"}),
        ("fusion", {"weight": "int2"}),
        ("exp_int", {"activation": "int8", "weight": "int2"}),
    ),
    *designs(
        *(
            ("lut", {"weight": "signs2", "table": table})
            for table in ("full", "half", "half-remapped")
        ),
        worth=2,
    ),
]
"""Two planes of signs of equal worth hold ternary weights doubled."""

FOUR_BITS = designs(
    *(("systolic", {"dataflow": flow, "weight": "int4"}) for flow in ("os", "ws", "is")),
    ("dot", {"weight": "int4"}),
    ("add", {"weight": "int4"}),
    ("bitplane", {"weight": "int4"}),
    ("lut", {"weight": "int4", "table": "full"}),
    ("mixpe", {"weight": "int4", "scale": "none", "zero_point": "none"}),
    ("fusion", {"weight": "int4"}),
    ("exp_int", {"activation": "int8", "weight": "int4"}),
)

ODD = designs(
    ("dot", {"weight": "int5"}),
    ("add", {"weight": "bipolar4"}),
    *(
        ("lut", {"weight": "bipolar4", "table": table})
        for table in ("full", "half", "half-remapped")
    ),
)
"""Four bits of −1 and +1: odd numbers from −15 to 15."""

CASES = [
    *((design, "ternary") for design in TERNARY),
    *((design, "four bits") for design in FOUR_BITS),
    *((design, "odd") for design in ODD),
]

SLOW = pytest.mark.slow


def weights(kind: str, rng: np.random.Generator) -> Values:
    drawn = {
        "ternary": rng.integers(-1, 2, (K, N)),
        "four bits": rng.integers(-8, 8, (K, N)),
        "odd": 2 * rng.integers(0, 16, (K, N)) - 15,
    }
    return drawn[kind]


def operands(design: Design, kind: str) -> tuple[dict[str, str], Values, Values]:
    """Params with sizes that cut the GEMM, and its operands."""
    rng = np.random.default_rng(SEED)
    tile = {"m": "2", "n": "2", "k": "4"}
    array = {"rows": "3", "cols": "3"}
    size = array if design.engine in ("systolic", "exp_int") else tile
    a, w = rng.integers(-128, 128, (M, K)), weights(kind, rng)
    return {**size, "k_max": "16", **design.params}, a, w


def test_every_engine_is_here() -> None:
    everything = {engine.name for engine in list_engines()}
    assert {design.engine for design in TERNARY} == everything
    assert {design.engine for design in FOUR_BITS} == everything - {"ternary"}


@pytest.mark.parametrize(("design", "kind"), CASES, ids=str)
def test_golden_model(design: Design, kind: str) -> None:
    given, a, w = operands(design, kind)
    engine = find_engine(design.engine)
    params = engine.params(given)
    sums = engine.golden.matmul(params, INT8.encode(a), params.weight.encode(design.worth * w))
    results = getattr(params, "results", params.sums).decode(sums)
    assert results.tolist() == (design.worth * (a @ w)).tolist()


@pytest.mark.parametrize(
    ("design", "kind"),
    [
        pytest.param(design, kind, id=f"{design}-{kind}", marks=[] if index % 6 == 0 else SLOW)
        for index, (design, kind) in enumerate(CASES)
    ],
)
def test_rtl(design: Design, kind: str) -> None:
    given, a, w = operands(design, kind)
    params = find_engine(design.engine).params(given)
    codes = params.weight.encode(design.worth * w)
    assert gemm(design.engine, given, INT8.encode(a), codes) == []
