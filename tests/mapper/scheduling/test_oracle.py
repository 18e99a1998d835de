"""The oracle against itself with every move, and against the checker."""

from dataclasses import replace

import pytest

from mapper.scheduling.checker import check
from mapper.scheduling.footprint import listed_order
from mapper.scheduling.schedule import traffic
from tests.mapper.scheduling.cases import draw_case
from tests.mapper.scheduling.oracle import Moves, least


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("most_operators", "seed"),
    [
        *((3, seed) for seed in range(10)),
        *(pytest.param(4, seed, marks=pytest.mark.slow) for seed in range(40)),
    ],
)
def test_useful_moves_are_enough(most_operators, seed, in_place):
    case = draw_case(seed, most_operators=most_operators)
    small = replace(
        case.graph,
        tensors={
            name: replace(tensor, size_bytes=(tensor.size_bytes + 1) // 2)
            for name, tensor in case.graph.tensors.items()
        },
    )
    capacity = (case.capacity + 1) // 2
    useful = least(small, capacity, in_place=in_place)
    every = least(small, capacity, in_place=in_place, moves=Moves.ALL)
    assert (useful is None) == (every is None)
    if useful is not None:
        assert useful.least_bytes == every.least_bytes
        assert check(small, every.schedule) is None


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("is_ordered", [False, True])
def test_schedules_work_and_move_so_many_bytes(seed, in_place, is_ordered):
    case = draw_case(seed, most_operators=6)
    order = listed_order(case.graph) if is_ordered else None
    found = least(case.graph, case.capacity, in_place=in_place, order=order)
    if found is not None:
        assert check(case.graph, found.schedule) is None
        moved = traffic(case.graph, found.schedule)
        assert moved.non_compulsory_bytes == found.least_bytes >= found.relaxed_bytes
        assert order in (None, found.schedule.order)
