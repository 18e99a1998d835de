"""What no schedule can do without."""

import pytest

from mapper.scheduling.limits import least_operator_bytes, why_none_fits
from tests.mapper.scheduling.cases import draw_case
from tests.mapper.scheduling.graphs import graph, operator
from tests.mapper.scheduling.oracle import least

NET = graph(
    [
        operator("in", "", "x"),
        operator("f", "x w", "a b", in_place=("x", "w")),
    ],
    {"x": 4, "w": 3, "a": 4, "b": 3},
    weights="w",
    outputs="a b",
)


def test_bytes_of_an_operator():
    f = NET.operators[1]
    assert least_operator_bytes(NET, f) == 14
    assert least_operator_bytes(NET, f, in_place=True) == 7


@pytest.mark.parametrize(
    ("capacity", "in_place", "sentence"),
    [
        (3, False, "tensor 'x' has 4 bytes, but the scratchpad has 3"),
        (13, False, "operator 'f' needs 14 bytes at once for its inputs and outputs, but"),
        (14, False, ""),
        (6, True, "operator 'f' needs 7 bytes at once"),
        (7, True, ""),
    ],
)
def test_sentences(capacity, in_place, sentence):
    found = why_none_fits(NET, capacity, in_place=in_place)
    assert found.startswith(sentence)
    assert bool(found) == bool(sentence)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("in_place", [False, True])
def test_nothing_else_forbids_a_schedule(seed, in_place):
    """With as much as the neediest operator takes, everything else can wait in memory."""
    net = draw_case(seed, most_operators=5).graph
    capacity = max(least_operator_bytes(net, op, in_place=in_place) for op in net.operators)
    assert why_none_fits(net, capacity, in_place=in_place) == ""
    assert least(net, capacity, in_place=in_place) is not None
    assert why_none_fits(net, capacity - 1, in_place=in_place) != ""
    assert least(net, capacity - 1, in_place=in_place) is None
