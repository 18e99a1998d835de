"""Footprints: by hand, by enumeration, and against what others found for the same networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.errors import UserError
from mapper.scheduling.footprint import (
    budgets,
    footprints,
    largest_operator_bytes,
    least_peak,
    listed_order,
    peak_bytes,
)
from mapper.scheduling.fusion import activations_only, clamped_on_read, fused
from mapper.scheduling.limits import least_operator_bytes
from mapper.zoo.catalogue import SEARCHED, build
from mapper.zoo.darts import darts_cifar10
from mapper.zoo.densenet import Concatenation, densenet121
from mapper.zoo.resnet import resnext50_32x4d
from mapper.zoo.video import r2plus1d_18
from tests.mapper.scheduling.cases import draw_graph
from tests.mapper.scheduling.graphs import graph, operator, random_graph

KIB = 1024


def diamond():
    """A large and a small branch; the large one shrinks in the end."""
    return graph(
        [
            operator("in", "", "x"),
            operator("small", "x w", "s"),
            operator("large", "x w", "l"),
            operator("less", "l", "m", in_place=("l",)),
            operator("join", "s m", "y", in_place=("s", "m")),
        ],
        {"x": 4, "w": 3, "s": 5, "l": 9, "m": 2, "y": 2},
        weights="w",
        outputs="y",
    )


def test_footprints_by_hand():
    net = diamond()
    first, second = (
        ["in", "small", "large", "less", "join"],
        ["in", "large", "less", "small", "join"],
    )
    # The weight is there from its first reader to its last.
    assert footprints(net, first) == (4, 4 + 3 + 5, 5 + 4 + 3 + 9, 5 + 9 + 2, 5 + 2 + 2)
    assert footprints(net, second) == (4, 4 + 3 + 9, 4 + 3 + 9 + 2, 2 + 4 + 3 + 5, 5 + 2 + 2)
    assert peak_bytes(net, first) == 21
    assert largest_operator_bytes(net) == 16
    assert least_peak(net).order == tuple(second)
    found = budgets(net)
    assert (found.m_r_bytes, found.m_h_bytes, found.m_p_bytes) == (16, 17, 18)


def test_footprints_in_place():
    net = diamond()
    order = ["in", "large", "less", "small", "join"]
    assert footprints(net, order, in_place=True) == (4, 16, 16, 14, 7)
    assert peak_bytes(net, order, in_place=True) == 16


def test_orders_that_can_not_be():
    net = diamond()
    with pytest.raises(UserError, match="must have each of its 5 operators once"):
        footprints(net, ["in", "small", "large", "less", "less"])
    with pytest.raises(UserError, match="'less' must come after the one that produces its input"):
        footprints(net, ["in", "small", "less", "large", "join"])


def orders(net):
    """Every order of a graph."""
    weights = {name for name, tensor in net.tensors.items() if tensor.is_weight}
    found = [((), weights)]
    for _ in net.operators:
        found = [
            ((*order, op.name), known | set(op.outputs))
            for order, known in found
            for op in net.operators
            if op.name not in order and known.issuperset(op.inputs)
        ]
    return [order for order, _ in found]


@given(seed=st.integers(0, 2**32 - 1), n_operators=st.integers(1, 6))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_least_peak_is_the_least_of_all_orders(seed, n_operators):
    net = random_graph(seed, n_operators)
    found = least_peak(net)
    assert found.is_optimal
    assert found.peak_bytes == min(peak_bytes(net, order) for order in orders(net))
    assert found.peak_bytes == peak_bytes(net, found.order)


@given(seed=st.integers(0, 2**32 - 1), n_operators=st.integers(2, 6))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_least_peak_in_place_is_the_least_of_all_orders(seed, n_operators):
    net = draw_graph(np.random.default_rng(seed), n_operators)
    found = least_peak(net, in_place=True)
    assert found.is_optimal
    assert found.peak_bytes == min(peak_bytes(net, order, in_place=True) for order in orders(net))
    assert found.peak_bytes == peak_bytes(net, found.order, in_place=True)
    assert found.peak_bytes <= least_peak(net).peak_bytes
    sizes = budgets(net, in_place=True)
    assert sizes.m_p_bytes == found.peak_bytes
    assert sizes.m_r_bytes == max(
        least_operator_bytes(net, operator, in_place=True) for operator in net.operators
    )


def test_a_search_that_gives_up_says_so():
    net = activations_only(build("transformer_base"))
    found = least_peak(net, max_states=10)
    assert not found.is_optimal
    assert found.order == listed_order(net)
    assert found.bound_bytes < found.peak_bytes


PUBLISHED = [
    # Measured by others on graphs of their own: M_R and M_P of activations, fused.
    ("resnet50", {}, 2_408_448, 2_408_448),
    ("resnext50_32x4d", {}, 2_408_448, 2_408_448),
    ("densenet121", {}, 1_605_632, 1_806_336),
    ("r2plus1d_18", {}, 41_746_432, 54_591_488),
    ("fcn_resnet50", {}, 4_816_896, 4_816_896),
    ("vit_b_16", {}, 1_210_368, 1_361_664),
]


@pytest.mark.parametrize(("name", "options", "m_r", "m_p"), PUBLISHED)
def test_budgets_of_activations(name, options, m_r, m_p):
    found = budgets(activations_only(fused(build(name, **options))))
    assert (found.m_r_bytes, found.m_p_bytes) == (m_r, m_p)
    assert found.m_h_bytes == (m_r + m_p) // 2
    assert found.m_p_is_optimal


@pytest.mark.parametrize(
    ("name", "m_r", "m_p"),
    [
        ("resnet50", 2_484_736, 2_585_088),
        ("densenet121", 1_605_632, 1_835_008),
        ("vit_b_16", 3_115_776, 3_267_072),
        ("fcn_resnet50", 11_444_224, 11_444_224),
    ],
)
def test_budgets_with_weights(name, m_r, m_p):
    found = budgets(fused(build(name)))
    assert (found.m_r_bytes, found.m_p_bytes) == (m_r, m_p)


def test_the_largest_operator_of_resnet_is_an_addition():
    """By hand: two inputs and an output of 256 maps of 56 x 56."""
    assert largest_operator_bytes(activations_only(build("resnet50"))) == 3 * 56 * 56 * 256


def test_densenet_unfused():
    """With margins, the clip before the first pooling is largest: 1,596.25 KiB."""
    plain = activations_only(densenet121())
    assert (budgets(plain).m_r_bytes, budgets(plain).m_p_bytes) == (1_605_632, 2058 * KIB)
    padded = activations_only(densenet121(padded=True))
    assert largest_operator_bytes(padded) == 64 * (114**2 + 112**2) == 1596.25 * KIB
    joined = activations_only(fused(densenet121(concatenation=Concatenation.ALL)))
    assert budgets(joined).m_p_bytes == 2_107_392


def test_resnext_with_margins():
    """In the listed order, the margin of one clip decides: 9,408 KiB + 4 * 256 (58^2 - 56^2)."""
    net = activations_only(resnext50_32x4d(element_bytes=4, padded=True))
    assert largest_operator_bytes(net) == 9408 * KIB
    assert peak_bytes(net, listed_order(net)) == 9636 * KIB
    # Another order needs no more than the largest operator.
    assert least_peak(net).peak_bytes == 9408 * KIB


def test_video_of_floats():
    net = activations_only(r2plus1d_18(element_bytes=4))
    found = budgets(net)
    assert (found.m_r_bytes, found.m_p_bytes) == (225_792 * KIB, 275_968 * KIB)


def test_cells_found_by_search():
    """DARTS on CIFAR-10, as others have built it: without operators for the leading clips.

    They count one operator for each of the two factorized reductions, which are four here.
    """
    for cells, operators in ((4, 86), (8, 202), (20, 550)):
        net = activations_only(clamped_on_read(fused(darts_cifar10(cells=cells))))
        found = budgets(net)
        assert len(net.operators) == operators + 2 * 3
        assert (found.m_r_bytes, found.m_p_bytes) == (294_912, 331_776)
        assert found.m_p_is_optimal


@pytest.mark.parametrize("name", SEARCHED)
def test_searched_networks_have_a_proven_least_peak(name):
    net = activations_only(fused(build(name)))
    found = least_peak(net)
    assert found.is_optimal
    assert largest_operator_bytes(net) <= found.peak_bytes <= peak_bytes(net, listed_order(net))
