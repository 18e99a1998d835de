import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from golden.errors import UserError
from mapper.scheduling.checker import check
from mapper.scheduling.footprint import budgets, listed_order
from mapper.scheduling.fusion import activations_only, fused
from mapper.scheduling.heuristic import schedule_by_parts
from mapper.scheduling.optimal import schedule_optimally
from mapper.scheduling.outcome import Options
from mapper.status import Status
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.cases import draw_case


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_is_between_its_bound_and_nothing_better_than_the_optimum(seed, in_place, is_ordered):
    case = draw_case(seed)
    order = listed_order(case.graph) if is_ordered else None
    options = Options(in_place=in_place, order=order)
    best = schedule_optimally(case.graph, case.capacity, options)
    found = schedule_by_parts(case.graph, case.capacity, options)
    if best.status is Status.INFEASIBLE:
        assert found.status is Status.INFEASIBLE
        assert found.reason == best.reason
        return
    assert check(case.graph, found.schedule) is None
    assert found.bound_bytes <= best.objective_bytes <= found.objective_bytes
    if is_ordered:
        assert found.objective_bytes == best.objective_bytes


def test_a_large_irregular_network():
    net = activations_only(fused(build("darts_cifar10")))
    capacity = budgets(net).m_h_bytes
    found = schedule_by_parts(net, capacity, Options(time_limit=60))
    # What the exact scheduler proves to be the least.
    assert 405_504 <= found.objective_bytes <= 1.5 * 405_504


def test_in_no_time_there_is_a_schedule():
    net = build("vit_b_16")
    found = schedule_by_parts(net, budgets(net).m_r_bytes, Options(time_limit=1e-3))
    assert found.schedule is not None


def test_mistakes():
    net = draw_case(1).graph
    with pytest.raises(UserError, match="capacity_bytes must be at least 1, not 0"):
        schedule_by_parts(net, 0)
    with pytest.raises(UserError, match="not installed"):
        schedule_by_parts(net, 100, Options(solver="nonsense"))
