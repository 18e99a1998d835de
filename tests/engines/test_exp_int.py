"""What only the array of exponent–integer elements has: pairs along K, and their decoders."""

import itertools
from typing import Any

import numpy as np
import pytest

from golden.contract import Job
from golden.engines.exp_int import PRESETS, Params, layout, matmul
from golden.errors import UserError
from golden.formats import (
    BipolarFormat,
    FlintFormat,
    Format,
    IntFormat,
    OvpFormat,
    parse_format,
    smallest_int,
)
from golden.packing import OvpPacking
from golden.quantized import QuantizedTensor
from hw.emit import emit_verilog
from hw.engines.exp_int import Engine
from sim.engines.exp_int import timing
from tests.support.contract import check
from tests.support.pysim import play
from tilewright.catalog import find_engine
from tilewright.stimulus import Stimulus, build_vectors

OVP4, OVP8 = OvpFormat(IntFormat(4)), OvpFormat(IntFormat(8))
MIXTURES = (
    ("ovp_int4", "ovp_int4"),
    ("ovp_int4", "flint4"),
    ("uflint4", "ovp_flint4"),
    ("ovp_int8", "ovp_int8"),
    ("int4", "int4"),
)


def small(**given: Any) -> Params:
    return Params(**{"rows": 3, "cols": 2, "k_max": 9, **given})


def problems_on_rtl(params: Params, a: np.ndarray, w: np.ndarray) -> list[str]:
    """Of one product of whole matrices of codes, in Amaranth's simulator."""
    engine = find_engine("exp_int")
    jobs = engine.golden.jobs(params, len(a), w.shape[1], len(w))
    stimulus = Stimulus(name="product", jobs=jobs, a=a, w=w)
    vectors = build_vectors(engine, params, [stimulus], top=engine.name, seed=0)
    (played,) = play(Engine(params), vectors)
    return played.problems


@pytest.mark.parametrize(("activation", "weight"), MIXTURES[:2])
def test_mixtures_keep_the_contract(activation: str, weight: str) -> None:
    params = small(activation=parse_format(activation), weight=parse_format(weight))
    assert check(find_engine("exp_int"), params, np.random.default_rng(2)) == []


def test_ovp_with_two_outliers() -> None:
    """The larger stays, of equal ones the left: k = 0, 1 and k = 2, 3 are pairs, k = 4 is alone."""
    params = small(activation=OVP4, weight=OVP4)
    a = OVP4.encode([[12, -96, 24, 24, 7], [96, 16, 3, -4, 48], [5, 64, 12, 2, 1]])
    w = OVP4.encode([[1], [2], [3], [4], [-12]])
    left = np.array([[0, -96, 24, 0, 7], [96, 0, 3, -4, 48], [0, 64, 12, 0, 1]])
    expected = left @ np.array([[1], [2], [3], [4], [-12]])
    assert np.array_equal(params.sums.decode(matmul(params, a, w)), expected)
    assert problems_on_rtl(params, a, w) == []


def test_an_outlier_of_weights_takes_the_place_of_its_neighbour_along_k() -> None:
    params = small(activation=IntFormat(4), weight=OVP4)
    a = params.activation.encode([[1, 2, 3]])
    w = OVP4.encode([[7, 12], [96, 5], [-7, 1]])
    assert params.sums.decode(matmul(params, a, w)).tolist() == [[171, 15]]
    assert problems_on_rtl(params, a, w) == []


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_a_number_at_the_end_of_an_odd_k_is_alone(k: int) -> None:
    """An outlier there costs nothing, and beats of the next job begin with a word of their own."""
    params = small(activation=OVP4, weight=OVP4)
    values = np.zeros((3, k), dtype=np.int64)
    values[:, -1] = 96
    a, w = OVP4.encode(values), OVP4.encode(values[:2].T)
    assert params.sums.decode(matmul(params, a, w)).tolist() == [[9216] * 2] * 3
    assert problems_on_rtl(params, np.concatenate([a, a]), w) == []
    assert len(layout(params).activations.elements(Job(m=3, n=2, k=k))) == -(-k // 2)


@pytest.mark.parametrize(("activation", "weight"), [*MIXTURES, ("ovp_int4", "int16")])
@pytest.mark.parametrize("k", [4, 5])
def test_sums_are_as_wide_as_the_largest_and_no_wider(activation: str, weight: str, k: int) -> None:
    """The largest is reached by an outlier in every pair."""
    params = small(activation=parse_format(activation), weight=parse_format(weight), k_max=k)
    a, w = reach(params.activation, k), reach(params.weight, k).T
    sums = params.sums.decode(matmul(params, a, w))
    assert smallest_int(int(sums.min()), int(sums.max())) == params.sums
    assert problems_on_rtl(params, a, w) == []


def reach(format: Format, k: int) -> np.ndarray:
    """Codes of the smallest, and of the largest, value wherever the packing lets it be."""
    extremes = np.repeat(format.extremes[:, np.newaxis], k, axis=1)
    if isinstance(format, OvpFormat):
        extremes[:, 1::2] = format.encode(0)
    return extremes


def test_clipped_outliers_of_8_bits() -> None:
    """Magnitudes beyond 2^15 count as 2^15, whatever their code."""
    params = small(activation=OVP8, weight=IntFormat(2))
    largest = np.array([[0x1FF, 0]], dtype=np.uint16)
    first = OVP8.encode([[-(1 << 15), 0]])
    assert OVP8.decode(largest).tolist() == OVP8.decode(first).tolist() == [[-(1 << 15), 0]]
    w = params.weight.encode([[-2], [1]])
    a = np.concatenate([largest, first])
    assert params.sums.decode(matmul(params, a, w)).tolist() == [[1 << 16], [1 << 16]]
    assert problems_on_rtl(params, a, w) == []


def test_every_pair_of_codes_through_the_array() -> None:
    """All products of two codes at once: every row has one, every column has one."""
    for activation, weight in itertools.product((FlintFormat(4), OVP4), repeat=2):
        params = Params(rows=4, cols=4, k_max=1, activation=activation, weight=weight)
        codes = [
            np.array([code for code in range(1 << format.bits) if is_code(format, code)])
            for format in (activation, weight)
        ]
        a, w = codes[0][:, np.newaxis].astype(np.uint8), codes[1][np.newaxis].astype(np.uint8)
        products = np.outer(activation.decode(codes[0]), weight.decode(codes[1]))
        assert np.array_equal(params.sums.decode(matmul(params, a, w)), products)
        assert problems_on_rtl(params, a, w) == []


def is_code(format: Format, code: int) -> bool:
    try:
        format.decode([code])
    except ValueError:
        return False
    return True


def test_timing_by_hand() -> None:
    """Two tiles of 5 columns of A: beats in cycles 1 to 10, the last tile's 2 rows 5 cycles later.

    A tile of 3 rows drains in 3 cycles, fewer than the 5 of the next. Pairs change nothing.
    """
    for format in (FlintFormat(4), OVP4):
        params = small(activation=format, weight=format)
        assert timing(params, m=5, n=2, k=5) == 1 + 10 + 5 + 1


def test_published_arrays() -> None:
    """4,096 elements of 4 bits with 128 decoders, or 1,024 of 8 with 64."""
    ant, olive, olive8 = (
        PRESETS[name] for name in ("ant-micro22", "olive-isca23", "olive-isca23-8bit")
    )
    assert [params.macs_per_cycle for params in (ant, olive, olive8)] == [4096, 4096, 1024]
    assert [params.rows + params.cols for params in (ant, olive, olive8)] == [128, 128, 64]
    assert olive.product_range == (-9216, 9216)
    assert olive8.product_range == (-(1 << 30), 1 << 30)
    assert (olive.sums, olive8.sums) == (IntFormat(32), IntFormat(32))


@pytest.mark.parametrize("format", [FlintFormat(4), OVP4], ids=str)
def test_there_is_a_decoder_for_each_row_and_each_column(format: Format) -> None:
    params = Params(rows=3, cols=5, activation=format, weight=format)
    verilog = emit_verilog(Engine(params), "exp_int")
    decoder = "flint_flint_decoder" if isinstance(format, FlintFormat) else "pairs_half_decoder"
    instances = [line for line in verilog.splitlines() if line.startswith(f"  {decoder}_v0 ")]
    assert len(instances) == 3 + 5


def test_words_hold_pairs_along_k() -> None:
    params = small(activation=OVP4, weight=FlintFormat(4))
    ports = layout(params)
    assert (ports.activations.bits, ports.weights.bits) == (24, 8)
    job = Job(m=3, n=2, k=3)
    assert ports.activations.elements(job).tolist() == [[0, 1, 3, 4, 6, 7], [2, -1, 5, -1, 8, -1]]
    assert ports.weights.elements(job).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert ports.activations.packing == OvpPacking(OVP4)


@pytest.mark.parametrize("name", ["activation", "weight"])
@pytest.mark.parametrize("format", [BipolarFormat(2), IntFormat(17)], ids=str)
def test_other_formats_are_refused(name: str, format: Format) -> None:
    with pytest.raises(
        UserError,
        match=rf"^{name} must be an integer format of 1 to 16 bits, flint.*, not {format}$",
    ):
        small(**{name: format})


def test_a_tensor_of_another_format_is_refused() -> None:
    params = small()
    other = QuantizedTensor(codes=IntFormat(4).encode([[1]]), format=IntFormat(4))
    with pytest.raises(UserError, match=r"^weights must be flint4, not int4$"):
        matmul(params, params.activation.encode([[1]]), other)
