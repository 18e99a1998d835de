"""What schedulers say where they cannot do what is asked: a sentence, and what they have."""

import re
import time

import pytest

from golden.errors import UserError
from mapper.scheduling.checker import check
from mapper.scheduling.footprint import budgets, listed_order
from mapper.scheduling.fusion import activations_only, fused
from mapper.scheduling.outcome import Options
from mapper.scheduling.strategies import STRATEGIES, find_strategy
from mapper.status import Status
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.graphs import graph, operator

NET = graph(
    [
        operator("in", "", "x"),
        operator("f", "x", "a"),
        operator("g", "x w", "b"),
        operator("h", "a b", "y"),
    ],
    {"x": 4, "w": 2, "a": 6, "b": 5, "y": 3},
    weights="w",
    outputs="y",
)
"""Operator h needs the most: 14 bytes; 17 are enough for all orders without a move."""


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize(
    ("capacity", "sentence"),
    [
        (5, "tensor 'a' .*6 bytes.* 5"),
        (3, "tensor '[xa]' .*[46] bytes.* 3"),
        (13, "operator 'h' needs 14 bytes at once.* 13"),
    ],
)
def test_budgets_that_are_too_small(name, capacity, sentence):
    outcome = find_strategy(name)(NET, capacity, Options())
    assert outcome.status is Status.INFEASIBLE
    assert re.match(sentence, outcome.reason)
    assert outcome.schedule is outcome.traffic is outcome.gap is outcome.bound_bytes is None


@pytest.mark.parametrize("name", STRATEGIES)
def test_just_enough(name):
    """What works in a scratchpad works in a larger one, though only the best never moves more."""
    outcomes = [find_strategy(name)(NET, capacity, Options()) for capacity in (14, 15, 17)]
    for outcome in outcomes:
        assert outcome.status is not Status.INFEASIBLE
        if outcome.schedule is None:
            assert name.startswith("planned")
            assert outcome.reason.startswith("the arena needs")
        else:
            assert check(NET, outcome.schedule) is None
    assert outcomes[2].objective_bytes == 0


@pytest.mark.parametrize("name", ["optimal", "monolith", "tflite-greedy"])
def test_a_missing_solver(name):
    with pytest.raises(UserError, match=r"solver 'Abacus' is not installed; PuLP finds here: .*"):
        find_strategy(name)(NET, 14, Options(solver="Abacus"))


def test_a_cyclic_graph():
    with pytest.raises(UserError, match="operators 'f', 'g' form a cycle, so none can be first"):
        graph([operator("f", "b", "a"), operator("g", "a", "b")], {"a": 1, "b": 1})


@pytest.mark.parametrize("name", ["optimal", "monolith", "tflite-belady"])
@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (("in", "f", "g"), "must have each of its 4 operators once"),
        (("in", "f", "h", "g"), "operator 'h' must come after the one that produces its input"),
    ],
)
def test_orders_that_are_none(name, order, sentence):
    with pytest.raises(UserError, match=sentence):
        find_strategy(name)(NET, 17, Options(order=order))


def test_no_time_at_all():
    with pytest.raises(UserError, match="time_limit must be more than 0 seconds, not 0"):
        Options(time_limit=0)


@pytest.mark.parametrize("name", STRATEGIES)
def test_time_is_over_at_once(name):
    """Nothing is claimed without a proof; what is claimed has been checked."""
    net = activations_only(fused(build("darts_cifar10")))
    capacity = budgets(net, max_states=100).m_r_bytes
    find_strategy(name)  # imports it
    begin = time.process_time()
    outcome = find_strategy(name)(net, capacity, Options(time_limit=1e-3))
    assert time.process_time() - begin < 2
    assert outcome.status in (Status.FEASIBLE, Status.UNKNOWN)
    assert re.search(r"0\.001 s|the arena needs", outcome.reason)
    if outcome.schedule is not None:
        assert check(net, outcome.schedule) is None
        assert outcome.bound_bytes < outcome.objective_bytes
        assert 0 < outcome.gap <= 1


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("seconds", [1e-3, 0.3])
def test_no_worse_than_baselines_whatever_the_time(seconds, in_order):
    net = activations_only(fused(build("darts_imagenet")))
    capacity = budgets(net, max_states=100).m_r_bytes
    order = listed_order(net) if in_order else None
    outcome = find_strategy("optimal")(net, capacity, Options(time_limit=seconds, order=order))
    assert check(net, outcome.schedule) is None
    simple = find_strategy("tflite-belady")(net, capacity, Options())
    assert simple.objective_bytes > 0
    assert outcome.objective_bytes <= simple.objective_bytes
    assert outcome.bound_bytes <= outcome.objective_bytes


@pytest.mark.slow
@pytest.mark.parametrize("network", ["darts_cifar10", "nasnet_a_mobile", "resnet50"])
@pytest.mark.parametrize("seconds", [0.1, 1, 5])
def test_time_is_over(network, seconds):
    """The best so far, whatever the limit; and no worse with more time."""
    net = fused(build(network))
    capacity = budgets(net, max_states=10_000).m_r_bytes
    begin = time.process_time()
    outcome = find_strategy("optimal")(net, capacity, Options(time_limit=seconds))
    # In seconds of the processor, which others may be using.
    assert time.process_time() - begin < seconds + 10
    if outcome.schedule is not None:
        assert check(net, outcome.schedule) is None
        assert outcome.bound_bytes <= outcome.objective_bytes
        assert (outcome.status is Status.OPTIMAL) == (outcome.gap == 0)
    if outcome.status is not Status.OPTIMAL:
        assert outcome.reason


def test_the_smallest_graphs():
    one = graph([operator("in", "", "x")], {"x": 3}, outputs="x")
    for name in STRATEGIES:
        outcome = find_strategy(name)(one, 3, Options())
        assert outcome.status is Status.OPTIMAL
        assert outcome.schedule.order == listed_order(one)
        assert find_strategy(name)(one, 2, Options()).status is Status.INFEASIBLE
