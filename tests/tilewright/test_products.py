"""Products on an engine: formats fitted and corrected, codes written down, refusals."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.errors import UserError
from golden.formats import INT8, UINT8, IntFormat
from golden.operators.base import MatrixProduct
from tilewright.catalog import find_design
from tilewright.products import EngineProducts, GemmCodes

INT4 = IntFormat(4)


def product(
    shape: tuple[int, int, int], a: IntFormat, w: IntFormat, *, seed: int = 0
) -> MatrixProduct:
    """Random operands with both extremes of their formats."""
    m, k, n = shape
    rng = np.random.default_rng(seed)

    def values(format: IntFormat, size: tuple[int, int]) -> Any:
        drawn = rng.integers(format.min, format.max, size, endpoint=True)
        drawn.flat[0], drawn.flat[-1] = format.min, format.max
        return drawn

    return MatrixProduct(
        operator="dense",
        group=2,
        a=values(a, (m, k)),
        w=values(w, (k, n)),
        a_format=a,
        w_format=w,
    )


def engine_products(keep: list[GemmCodes] | None = None, **params: Any) -> EngineProducts:
    engine, design = find_design("systolic", {"rows": 3, "cols": 2, "k_max": 64, **params})
    return EngineProducts(
        engine=engine, params=design, keep=(lambda _: None) if keep is None else keep.append
    )


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("a", [INT8, UINT8])
@pytest.mark.parametrize("w", [INT8, UINT8])
@pytest.mark.parametrize("activation", ["int8", "uint8", "int9", "int16"])
@pytest.mark.parametrize("weight", ["int8", "uint8", "int12"])
def test_any_signedness_gives_the_exact_product(
    dataflow: str, a: IntFormat, w: IntFormat, activation: str, weight: str
) -> None:
    given = product((5, 7, 4), a, w)
    own = engine_products(dataflow=dataflow, activation=activation, weight=weight)
    assert np.array_equal(own(given), given.a @ given.w)


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 6)),
    bits=st.tuples(st.integers(1, 16), st.integers(1, 16)),
    signs=st.tuples(*[st.booleans()] * 4),
    seed=st.integers(0, 9),
)
def test_equal_widths_always_fit(
    shape: tuple[int, int, int],
    bits: tuple[int, int],
    signs: tuple[bool, bool, bool, bool],
    seed: int,
) -> None:
    a, w = (IntFormat(b, signed=s) for b, s in zip(bits, signs[:2], strict=True))
    own = (IntFormat(b, signed=s) for b, s in zip(bits, signs[2:], strict=True))
    activation, weight = map(str, own)
    given = product(shape, a, w, seed=seed)
    keep: list[GemmCodes] = []
    sums = engine_products(keep, activation=activation, weight=weight)(given)
    assert np.array_equal(sums, given.a @ given.w)
    assert sums.dtype == np.int64
    (codes,) = keep
    assert int(codes.a.max()) >> bits[0] == int(codes.w.max()) >> bits[1] == 0


def test_what_the_engine_gets_is_written_down() -> None:
    keep: list[GemmCodes] = []
    own = engine_products(keep, activation="int8", weight="uint8")
    given = product((5, 7, 4), UINT8, INT8)
    own(given)
    (codes,) = keep
    assert codes.layer == "dense"
    # Both are moved by half their range: the sign bit flips.
    assert np.array_equal(codes.a, given.a.astype(np.uint8) ^ 0x80)
    assert np.array_equal(codes.w, given.w.astype(np.uint8) ^ 0x80)
    assert codes.a.dtype == codes.w.dtype == np.uint8
    assert list(codes.jobs) == list(own.engine.golden.jobs(own.params, 5, 4, 7))


def test_operands_are_left_alone() -> None:
    given = product((5, 7, 4), UINT8, INT8)
    a, w = given.a.copy(), given.w.copy()
    engine_products()(given)
    assert np.array_equal(given.a, a)
    assert np.array_equal(given.w, w)


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("accumulator", ["int12", "uint10", "int1"])
def test_narrow_accumulators_wrap(dataflow: str, accumulator: str) -> None:
    own = engine_products(dataflow=dataflow, accumulator=accumulator, accumulator_overflow="wrap")
    given = product((5, 7, 4), INT8, INT8)
    exact = given.a @ given.w
    bits = own.params.sums.bits
    wrapped = exact % (1 << bits)
    if own.params.sums.signed:
        wrapped = np.where(wrapped >> (bits - 1), wrapped - (1 << bits), wrapped)
    assert not np.array_equal(wrapped, exact)
    assert np.array_equal(own(given), wrapped)


def test_accumulators_that_could_wrap_but_do_not_are_exact() -> None:
    own = engine_products(accumulator="int18", accumulator_overflow="wrap", k_max=4096)
    given = product((5, 7, 4), UINT8, INT8)
    assert np.array_equal(own(given), given.a @ given.w)


@pytest.mark.parametrize(
    ("formats", "params", "said"),
    [
        ((INT8, INT8), {"activation": "int4"}, "int8 activations, .* int4 .* set activation=int8"),
        ((INT8, INT8), {"weight": "int4"}, "int8 weights, .* int4 .* set weight=int8"),
        ((INT4, INT8), {"activation": "uint8"}, "int4 activations, .* uint8 .* activation=int4"),
        ((UINT8, INT8), {"activation": "int7"}, "uint8 activations, .* activation=uint8"),
        ((INT8, INT8), {"k_max": 6}, "K=7 exceeds k_max=6.* set k_max=7"),
    ],
)
def test_what_does_not_fit_is_told_with_the_layer_and_the_param(
    formats: tuple[IntFormat, IntFormat], params: dict[str, Any], said: str
) -> None:
    keep: list[GemmCodes] = []
    own = engine_products(keep, **params)
    with pytest.raises(UserError, match=f"^layer dense[: ].*{said}") as refusal:
        own(product((5, 7, 4), *formats))
    assert "\n" not in str(refusal.value)
    assert not keep
