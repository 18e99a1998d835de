"""The paper's integer program: against the oracle, and without the faults known of it."""

import itertools
from dataclasses import replace

import pytest

from golden.errors import UserError
from mapper.scheduling.checker import check
from mapper.scheduling.footprint import least_peak, listed_order
from mapper.scheduling.monolith import least_peak_monolithically, schedule_monolithically
from mapper.scheduling.outcome import Options
from mapper.status import Status
from tests.mapper.scheduling.cases import draw_case, fragmented, fragmented_and_busy
from tests.mapper.scheduling.graphs import graph, operator
from tests.mapper.scheduling.oracle import least


def assert_least(case, **options):
    expected = least(case.graph, case.capacity, **options)
    patient = Options(time_limit=600, **options)
    outcome = schedule_monolithically(case.graph, case.capacity, patient)
    if expected is None:
        assert outcome.status is Status.INFEASIBLE
        assert outcome.schedule is None
        assert outcome.reason
    else:
        assert outcome.status is Status.OPTIMAL
        assert outcome.objective_bytes == outcome.bound_bytes == expected.least_bytes
        assert check(case.graph, outcome.schedule) is None
        assert options.get("order") in (None, outcome.schedule.order)
    return outcome


SEEDS = [
    *((4, seed) for seed in range(10)),
    *(pytest.param(7, seed, marks=pytest.mark.slow) for seed in range(60)),
]


@pytest.mark.parametrize(("most_operators", "seed"), SEEDS)
def test_least_bytes(most_operators, seed):
    assert_least(draw_case(seed, most_operators=most_operators))


@pytest.mark.parametrize(("most_operators", "seed"), SEEDS)
def test_least_bytes_in_place(most_operators, seed):
    assert_least(draw_case(seed, most_operators=most_operators), in_place=True)


@pytest.mark.parametrize(("most_operators", "seed"), SEEDS)
def test_least_bytes_of_an_order(most_operators, seed):
    case = draw_case(seed, most_operators=most_operators)
    assert_least(case, order=listed_order(case.graph))


@pytest.mark.parametrize(("most_operators", "seed"), SEEDS)
def test_least_peak(most_operators, seed):
    net = draw_case(seed, most_operators=most_operators).graph
    found, expected = least_peak_monolithically(net), least_peak(net)
    assert (found.peak_bytes, found.bound_bytes) == (expected.peak_bytes, expected.bound_bytes)
    assert found.is_optimal


@pytest.mark.slow
def test_addresses_count():
    """The sum of sizes fits without a move, but no contiguous places exist."""
    assert assert_least(fragmented()).objective_bytes == 2


def test_nothing_is_there_at_first():
    """Else the tensor that is read last would be had for nothing."""
    net = graph(
        [
            operator("in", "", "x"),
            operator("f", "x", "a"),
            operator("g", "a", "b"),
            operator("h", "b x", "y"),
        ],
        {"x": 4, "a": 5, "b": 5, "y": 2},
        outputs="y",
    )
    outcome = schedule_monolithically(net, 11)
    assert (outcome.objective_bytes, outcome.status) == (4, Status.OPTIMAL)


@pytest.mark.parametrize("seed", range(0, 12, 3))
def test_copies_in_memory_may_have_other_sizes(seed):
    case = draw_case(seed, most_operators=5)
    tensors = {
        name: replace(tensor, memory_bytes=7 * tensor.size_bytes % 5 + 1)
        for name, tensor in case.graph.tensors.items()
    }
    assert_least(replace(case, graph=replace(case.graph, tensors=tensors)))


def test_the_first_read_of_a_weight_is_free():
    net = graph(
        [
            operator("in", "", "x"),
            operator("f", "x w", "a"),
            operator("g", "a v", "b"),
            operator("h", "b w", "y"),
        ],
        {"x": 2, "w": 3, "v": 3, "a": 2, "b": 2, "y": 2},
        weights="w v",
        outputs="y",
    )
    for capacity, objective in ((10, 0), (9, 3)):
        outcome = schedule_monolithically(net, capacity)
        assert outcome.objective_bytes == objective
        assert outcome.traffic.weight_bytes == 6


def test_small_tensors_among_large_ones_collide_no_more():
    """Sizes without a common divisor, and a budget without a spare byte."""
    sizes = {"x": 2_408_448, "a": 2_408_449, "b": 32, "c": 2_408_448, "y": 31}
    net = graph(
        [
            operator("in", "", "x"),
            operator("f", "x", "a b"),
            operator("g", "a", "c"),
            operator("h", "b c", "y"),
        ],
        sizes,
        outputs="y",
    )
    outcome = schedule_monolithically(net, sum(sizes[name] for name in "acb"))
    assert (outcome.objective_bytes, outcome.status) == (0, Status.OPTIMAL)


@pytest.mark.slow
def test_a_tensor_may_be_moved_within_a_step():
    """Operators in a row read it, but it cannot stay where it is."""
    case = fragmented_and_busy()
    outcome = assert_least(case)
    assert outcome.objective_bytes == 2
    steps = outcome.schedule.steps
    assert any(
        place.tensor in step.retrieved
        for before, step in itertools.pairwise(steps)
        for place in before.resident
    )


@pytest.mark.parametrize(
    ("capacity", "reason"),
    [
        (4, "tensor 'a' has 5 bytes, but the scratchpad has 4"),
        (8, "operator 'f' needs 9 bytes at once for its inputs and outputs, but the scratchpad"),
    ],
)
def test_too_small(capacity, reason):
    net = graph([operator("in", "", "x"), operator("f", "x", "a")], {"x": 4, "a": 5}, outputs="a")
    outcome = schedule_monolithically(net, capacity)
    assert outcome.status is Status.INFEASIBLE
    assert outcome.bound_bytes is None
    assert outcome.reason.startswith(reason)


def test_time_is_over():
    case = draw_case(0, most_operators=7)
    outcome = schedule_monolithically(case.graph, case.capacity, Options(time_limit=1e-6))
    assert outcome.status is Status.UNKNOWN
    assert (outcome.schedule, outcome.bound_bytes) == (None, 0)
    assert outcome.reason in (
        "no schedule was found within 1e-06 seconds",
        "the integer program was not even built within 1e-06 seconds",
    )


def test_other_solvers():
    case = draw_case(1, most_operators=4)
    expected = least(case.graph, case.capacity).least_bytes
    outcome = schedule_monolithically(case.graph, case.capacity, Options(solver="PULP_CBC_CMD"))
    assert outcome.objective_bytes == expected
    with pytest.raises(UserError, match=r"solver 'Abacus' is not installed; PuLP finds here: "):
        schedule_monolithically(case.graph, case.capacity, Options(solver="Abacus"))


def test_bad_orders():
    case = draw_case(1, most_operators=4)
    with pytest.raises(UserError, match="must have each of its"):
        schedule_monolithically(case.graph, case.capacity, Options(order=("op0",)))
