"""The baselines' schedules as plans: the same bytes, or fewer, at places that work."""

import math
from itertools import product

import pytest

from mapper.scheduling.baselines.strategies import PLANNED_TFLITE_BELADY, TFLITE_BELADY
from mapper.scheduling.checker import check
from mapper.scheduling.footprint import least_peak, listed_order
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.optimal.incumbents import incumbents
from mapper.scheduling.optimal.plan import cost, scheduled
from mapper.scheduling.optimal.problem import reduce_graph
from mapper.scheduling.outcome import Options
from mapper.scheduling.schedule import traffic
from tests.mapper.scheduling.cases import draw_case


@pytest.mark.parametrize("seed", range(40))
def test_what_baselines_find(seed):
    case = draw_case(4000 + seed)
    net, capacity = case.graph, case.capacity
    problem = reduce_graph(net, capacity)
    orders = (listed_order(net), least_peak(net).order)
    found = list(incumbents(net, problem, capacity, orders, deadline=math.inf))
    if why_none_fits(net, capacity):
        assert not found
        return
    expected = [
        outcome.objective_bytes
        for order, baseline in product(orders, (TFLITE_BELADY, PLANNED_TFLITE_BELADY))
        if (outcome := baseline(net, capacity, Options(order=order))).schedule is not None
    ]
    assert len(found) == len(expected) >= 2
    for (plan, addresses), most in zip(found, expected, strict=True):
        schedule = scheduled(net, problem, plan, addresses, capacity)
        assert check(net, schedule) is None
        moved = traffic(net, schedule).non_compulsory_bytes
        assert moved == cost(problem, plan) * problem.unit_bytes <= most


def test_one_whatever_the_time():
    case = draw_case(4001)
    problem = reduce_graph(case.graph, case.capacity)
    order = listed_order(case.graph)
    found = incumbents(case.graph, problem, case.capacity, [order] * 2, deadline=-math.inf)
    assert len(list(found)) == 1
