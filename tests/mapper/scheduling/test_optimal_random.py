"""The exact scheduler on 300 random graphs: as few bytes as by trying everything."""

from dataclasses import replace

import pytest

from mapper.scheduling.checker import check
from mapper.scheduling.footprint import least_peak, listed_order
from mapper.scheduling.limits import why_none_fits
from mapper.scheduling.optimal import schedule_optimally
from mapper.scheduling.outcome import Options
from mapper.status import Status
from tests.mapper.scheduling.cases import draw_case, fragmented, fragmented_and_busy
from tests.mapper.scheduling.oracle import least


def assert_least(case, **options):
    """As few bytes as the oracle finds, with a proof; or a proof that there is no schedule."""
    expected = least(case.graph, case.capacity, **options)
    outcome = schedule_optimally(case.graph, case.capacity, Options(**options))
    if expected is None:
        assert outcome.status is Status.INFEASIBLE
        assert (outcome.schedule, outcome.objective_bytes) == (None, None)
        assert outcome.reason
    else:
        assert outcome.status is Status.OPTIMAL
        assert outcome.objective_bytes == outcome.bound_bytes == expected.least_bytes
        assert outcome.schedule.capacity_bytes == case.capacity
        assert check(case.graph, outcome.schedule) is None
        assert options.get("order") in (None, outcome.schedule.order)


def seeds(quick, every):
    return [
        pytest.param(seed, marks=() if seed < quick else pytest.mark.slow) for seed in range(every)
    ]


@pytest.mark.parametrize("seed", seeds(60, 300))
def test_least_bytes(seed):
    assert_least(draw_case(seed))


@pytest.mark.parametrize("seed", seeds(15, 100))
def test_least_bytes_in_place(seed):
    assert_least(draw_case(1000 + seed), in_place=True)


@pytest.mark.parametrize("seed", seeds(10, 100))
@pytest.mark.parametrize("in_place", [False, True])
def test_least_bytes_of_an_order(seed, in_place):
    case = draw_case(2000 + seed)
    net = case.graph
    order = listed_order(net) if seed % 2 else least_peak(net).order
    assert_least(case, order=order, in_place=in_place)


@pytest.mark.parametrize("seed", seeds(20, 100))
def test_copies_in_memory_may_have_other_sizes(seed):
    case = draw_case(3000 + seed)
    tensors = {
        name: replace(tensor, memory_bytes=7 * tensor.size_bytes % 5 + 1)
        for name, tensor in case.graph.tensors.items()
    }
    assert_least(replace(case, graph=replace(case.graph, tensors=tensors)))


@pytest.mark.parametrize(
    ("case", "is_ordered"),
    [
        (fragmented_and_busy(), True),
        pytest.param(fragmented_and_busy(), False, marks=pytest.mark.slow),
        pytest.param(fragmented(), True, marks=pytest.mark.slow),
        pytest.param(fragmented(), False, marks=pytest.mark.slow),
    ],
)
def test_addresses_count(case, is_ordered):
    """No bytes have to move by the sum of sizes, but two by contiguous places."""
    order = listed_order(case.graph) if is_ordered else None
    assert_least(case, order=order)
    assert least(case.graph, case.capacity, order=order).least_bytes == 2


def test_the_graphs_are_of_all_kinds():
    """Operators of several outputs, shared weights, inputs in place, budgets too small, moves."""
    cases = [draw_case(seed) for seed in range(60)]
    operators = [operator for case in cases for operator in case.graph.operators]
    assert sum(len(case.graph.operators) == 7 for case in cases) >= 20
    assert sum(len(operator.outputs) > 1 for operator in operators) >= 50
    assert sum(bool(operator.in_place) for operator in operators) >= 50
    shared = [
        name
        for case in cases
        for name, tensor in case.graph.tensors.items()
        if tensor.is_weight and len(case.graph.consumers(name)) > 1
    ]
    assert len(shared) >= 20
    assert sum(bool(why_none_fits(case.graph, case.capacity)) for case in cases) >= 4
    found = [least(case.graph, case.capacity) for case in cases[:10]]
    assert sum(answer is not None and answer.least_bytes > 0 for answer in found) >= 5
