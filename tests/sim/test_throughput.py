from fractions import Fraction

import pytest

from golden.contract import Width
from golden.errors import UserError
from sim.throughput import Throughput, throughput
from tilewright.catalog import find_design


def steady(name: str, given: dict[str, str], m: int, k: int, **bits: int) -> Throughput:
    engine, params = find_design(name, given)
    widths = {Width(f"{operand}_bits"): count for operand, count in bits.items()}
    return throughput(engine.golden, engine.sim, params, m=m, k=k, widths=widths)


def test_of_a_dot_product_core_by_hand() -> None:
    """A step of 2 x 3 x 4 products takes a cycle, its operands of bytes one beat each."""
    figures = steady("dot", {"m": "2", "n": "3", "k": "4", "k_max": "64"}, m=100, k=64)
    assert (figures.tile.m, figures.tile.n, figures.tile.k) == (2, 3, 64)
    assert figures.macs_per_cycle == 24
    assert figures.bits_per_mac["activations"] == Fraction(2 * 4 * 8, 24)
    assert figures.bits_per_mac["weights"] == Fraction(4 * 3 * 8, 24)
    assert figures.bits_per_mac["results"] == Fraction(22, 64)  # 64 * (-128)**2 = 2**20 and a sign


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_planes_of_weights_take_cycles_and_bits_in_proportion(bits: int) -> None:
    figures = steady("add", {"m": "2", "n": "3", "k": "4", "k_max": "64"}, m=2, k=64, weight=bits)
    assert figures.cycles_per_mac == Fraction(bits, 24)
    assert figures.bits_per_mac["weights"] == Fraction(bits * 4 * 3, 24)
    assert figures.bits_per_mac["activations"] == Fraction(2 * 4 * 8, 24)


def test_one_row_leaves_the_others_idle() -> None:
    figures = steady("dot", {"m": "4", "n": "4", "k": "4", "k_max": "64"}, m=1, k=64)
    assert figures.macs_per_cycle == 16


def test_resting_weights_need_rows_to_stream() -> None:
    """8 x 8 weights enter in 8 cycles while the tile before runs, or longer than it does."""
    given = {"dataflow": "ws", "rows": "8", "cols": "8"}
    assert steady("systolic", given, m=4096, k=8).macs_per_cycle == 64
    assert steady("systolic", given, m=1, k=8).macs_per_cycle == 8


def test_packed_trits_need_fewer_bits() -> None:
    given = {"m": "1", "n": "5", "k": "4", "packed": "5-in-8"}
    assert steady("ternary", given, m=1, k=64).bits_per_mac["weights"] == Fraction(8, 5)


def test_lanes_without_an_element_are_left_out() -> None:
    """Of 4 x 4 lanes of activations and weights, a K of 2 needs the half."""
    figures = steady("dot", {"m": "4", "n": "4", "k": "4", "k_max": "64"}, m=4, k=2)
    assert figures.bits_per_mac["activations"] == Fraction(4 * 2 * 8, 4 * 4 * 2)
    assert figures.bits_per_mac["weights"] == Fraction(2 * 4 * 8, 4 * 4 * 2)


@pytest.mark.parametrize(
    ("name", "bits", "message"),
    [
        ("dot", {"weight": 4}, "do not say weight_bits"),
        ("add", {"weight": 9}, "weight_bits of this engine is one of 1, 2, 3, 4, 5, 6, 7, 8"),
    ],
)
def test_widths_that_jobs_do_not_have(name: str, bits: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        steady(name, {}, m=1, k=64, **bits)


def test_sizes_below_one() -> None:
    with pytest.raises(UserError, match="m must be at least 1, not 0"):
        steady("dot", {}, m=0, k=64)
