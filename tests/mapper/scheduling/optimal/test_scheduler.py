import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from golden.errors import UserError
from mapper.scheduling.checker import check
from mapper.scheduling.footprint import budgets, largest_operator_bytes, least_peak, listed_order
from mapper.scheduling.fusion import activations_only, fused
from mapper.scheduling.optimal import schedule_optimally
from mapper.scheduling.outcome import Options
from mapper.scheduling.schedule import traffic
from mapper.status import Status
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.cases import draw_case
from tests.mapper.scheduling.graphs import graph, operator


def variant(name, *, weights, is_fused):
    net = build(name)
    net = fused(net) if is_fused else net
    return net if weights else activations_only(net)


# Of what was published about graphs of the same granularity, and found before with other models:
# bytes at the smallest budget, at the smallest peak, and halfway, for elements of one byte.
PUBLISHED = [
    ("resnet50", False, True, 2_408_448, 2_408_448, 0, 0),
    ("resnet50", True, True, 2_484_736, 2_585_088, 602_112, 200_704),
    ("resnet50", True, False, 2_484_736, 2_585_088, 602_112, 200_704),
    ("resnext50_32x4d", False, True, 2_408_448, 2_408_448, 0, 0),
    ("densenet121", False, True, 1_605_632, 1_806_336, 1_404_928, 1_404_928),
    ("densenet121", False, False, 1_605_632, 2_107_392, 2_609_152, 1_404_928),
    ("densenet121", True, True, 1_605_632, 1_835_008, 2_609_152, 1_404_928),
    ("densenet121", True, False, 1_605_632, 2_107_392, 2_609_152, 1_404_928),
    ("vit_b_16", False, False, 1_210_368, 1_361_664, 7_262_208, 3_631_104),
    ("vit_b_16", True, False, 3_115_776, 3_267_072, 3_631_104, 3_631_104),
    ("r2plus1d_18", False, True, 41_746_432, 54_591_488, 51_380_224, 51_380_224),
    ("fcn_resnet50", False, True, 4_816_896, 4_816_896, 0, 0),
    ("fcn_resnet50", True, True, 11_444_224, 11_444_224, 0, 0),
]


@pytest.mark.parametrize(
    ("name", "weights", "is_fused", "smallest", "peak", "at_smallest", "at_half"), PUBLISHED
)
def test_published_optima(name, weights, is_fused, smallest, peak, at_smallest, at_half):
    net = variant(name, weights=weights, is_fused=is_fused)
    sizes = budgets(net)
    assert (sizes.m_r_bytes, sizes.m_p_bytes) == (smallest, peak)
    for capacity, least in (
        (sizes.m_r_bytes, at_smallest),
        (sizes.m_h_bytes, at_half),
        (sizes.m_p_bytes, 0),
    ):
        outcome = schedule_optimally(net, capacity)
        assert outcome.status is Status.OPTIMAL
        assert outcome.objective_bytes == outcome.bound_bytes == least
        assert outcome.gap == 0


def test_more_scratchpad_never_takes_more_bytes():
    net = variant("vit_b_16", weights=False, is_fused=False)
    sizes = budgets(net)
    steps = [sizes.m_r_bytes + at * (sizes.m_p_bytes - sizes.m_r_bytes) // 6 for at in range(7)]
    bytes_moved = [schedule_optimally(net, capacity).objective_bytes for capacity in steps]
    assert bytes_moved == sorted(bytes_moved, reverse=True)
    assert bytes_moved[-1] == 0


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_schedules_pass_the_checker_and_more_room_is_no_worse(seed, in_place, is_ordered):
    net = draw_case(seed).graph
    order = listed_order(net) if is_ordered else None
    options = Options(in_place=in_place, order=order)
    low, high = largest_operator_bytes(net), least_peak(net).peak_bytes
    previous = None
    for capacity in sorted({low, (low + high) // 2, high + 1}):
        outcome = schedule_optimally(net, capacity, options)
        assert outcome.status is Status.OPTIMAL
        assert check(net, outcome.schedule) is None
        assert traffic(net, outcome.schedule).non_compulsory_bytes == outcome.objective_bytes
        assert outcome.bound_bytes == outcome.objective_bytes
        assert previous is None or outcome.objective_bytes <= previous
        assert order is None or outcome.schedule.order == order
        previous = outcome.objective_bytes


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_free_order_is_no_worse_than_a_given_one(seed):
    case = draw_case(seed)
    free = schedule_optimally(case.graph, case.capacity)
    given_order = schedule_optimally(
        case.graph, case.capacity, Options(order=listed_order(case.graph))
    )
    assert free.status is given_order.status
    if free.schedule is not None:
        assert free.objective_bytes <= given_order.objective_bytes


@given(st.integers(0, 10_000), st.sampled_from([1e-9, 1e-3]))
@settings(max_examples=25, deadline=None)
def test_however_short_the_time_there_is_a_schedule_and_a_bound(seed, seconds):
    case = draw_case(seed)
    best = schedule_optimally(case.graph, case.capacity)
    outcome = schedule_optimally(case.graph, case.capacity, Options(time_limit=seconds))
    if best.status is Status.INFEASIBLE:
        assert outcome.status is Status.INFEASIBLE
        return
    assert outcome.bound_bytes <= best.objective_bytes <= outcome.objective_bytes
    if outcome.status is not Status.OPTIMAL:
        assert "the time limit of" in outcome.reason


def test_a_network_in_no_time_has_a_schedule():
    net = variant("darts_cifar10", weights=False, is_fused=True)
    outcome = schedule_optimally(net, largest_operator_bytes(net), Options(time_limit=1e-3))
    assert outcome.status is Status.FEASIBLE
    assert outcome.bound_bytes <= 1_843_200 <= outcome.objective_bytes


def chain():
    return graph(
        [operator("a", "", "x"), operator("b", "x w", "y")],
        {"x": 4, "y": 3, "w": 2},
        weights="w",
        outputs="y",
    )


def test_an_operator_that_does_not_fit():
    outcome = schedule_optimally(chain(), 8)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.schedule is None
    assert outcome.gap is None
    assert "'b'" in outcome.reason
    assert "9" in outcome.reason
    assert "8" in outcome.reason
    assert schedule_optimally(chain(), 9).status is Status.OPTIMAL


def test_a_tensor_larger_than_the_scratchpad():
    outcome = schedule_optimally(chain(), 3)
    assert outcome.status is Status.INFEASIBLE
    assert "'x'" in outcome.reason


@pytest.mark.parametrize("capacity", [0, -5])
def test_capacity_must_be_positive(capacity):
    with pytest.raises(UserError, match=f"capacity_bytes must be at least 1, not {capacity}"):
        schedule_optimally(chain(), capacity)


def test_missing_solver():
    with pytest.raises(UserError, match=r"'nonsense' is not installed; .*HiGHS"):
        schedule_optimally(chain(), 9, Options(solver="nonsense"))


@pytest.mark.parametrize("order", [("a",), ("b", "a"), ("a", "b", "b")])
def test_an_order_that_is_none(order):
    with pytest.raises(UserError):
        schedule_optimally(chain(), 9, Options(order=order))


def test_cbc_finds_the_same():
    for seed in range(12):
        case = draw_case(seed)
        order = listed_order(case.graph)
        one, other = (
            schedule_optimally(case.graph, case.capacity, Options(order=order, solver=solver))
            for solver in ("HiGHS", "PULP_CBC_CMD")
        )
        assert one.objective_bytes == other.objective_bytes
        assert one.status is other.status


def test_every_schedule_is_the_same_again():
    net = variant("resnet50", weights=True, is_fused=True)
    capacity = largest_operator_bytes(net)
    one, other = (schedule_optimally(net, capacity) for _ in range(2))
    assert one.schedule == other.schedule
