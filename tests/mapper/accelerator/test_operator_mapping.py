"""The best mappings of layers: the space, bounds, exact cycles, and the search's proof."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.description import MemoryKind
from golden.errors import UserError
from mapper.accelerator.streaming.exhaustive import best_of_all_plans
from mapper.accelerator.streaming.mapping import best_mapping, simulated_cost
from mapper.accelerator.streaming.plan import Kept, Places
from mapper.accelerator.streaming.problem import cut_of, plan_of
from mapper.accelerator.streaming.search import best_plan
from mapper.accelerator.streaming.space import all_plans
from mapper.accelerator.streaming.sweep import sweep_of
from mapper.accelerator.streaming.workload import streamed
from mapper.status import Status
from sim.accelerator.simulation import simulate
from sim.workload import ConvLayer, GemmLayer
from tests.accelerator import programs
from tests.mapper.accelerator.machines import EDGE, accelerator
from tests.mapper.accelerator.operators import Numbers, random_case, small_cases
from tests.mapper.accelerator.streamed import assert_plan_is_right, cost, random_layer


def differences(seed):
    """What is not as it should be of a random plan."""
    case = random_case(seed)
    if case is None:
        return []
    layer, numbers, plan = case
    design = numbers.design
    tree = simulate(design, [entry.layer for entry in streamed([layer], design, [plan])])
    octets = sum(times.read_bytes + times.written_bytes for times in tree.layers)
    found = []
    if numbers.cost(plan) != (tree.cycles, octets):
        found.append(f"{numbers.cost(plan)} for {tree.cycles} cycles and {octets} bytes")
    if numbers.products(plan) != sum(times.execute_cycles for times in tree.layers):
        found.append(f"{numbers.products(plan)} cycles of products")
    if not numbers.box_bound(plan) <= numbers.bound(plan) <= tree.cycles:
        found.append(f"bounds {numbers.box_bound(plan)}, {numbers.bound(plan)} of {tree.cycles}")
    return found


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 32))
def test_cycles_are_those_of_the_simulator_and_bounds_are_below(seed):
    assert not differences(seed)


@pytest.mark.slow
def test_cycles_and_bounds_of_many_plans():
    wrong = {seed: differences(seed) for seed in range(3000)}
    assert not {seed: found for seed, found in wrong.items() if found}


def test_the_space_is_as_large_as_it_says():
    for layer, design in islice(small_cases(most_plans=2000), 40):
        plans = list(all_plans(sweep_of(layer, design.lanes), design))
        numbers = Numbers(layer, design)
        assert len(plans) == len(set(plans)) == numbers.count
        for plan in plans[:: max(1, len(plans) // 50)]:
            assert plan_of(plan.sweep, plan.lanes, cut_of(plan)) == plan


def compared(layer, design):
    """The search and the simulation of every plan; how many there are."""
    _, least, count = best_of_all_plans(layer, design)
    mapping = best_mapping(layer, design)
    assert (mapping.cycles, mapping.dram_bytes) == least, (layer, design)
    assert simulated_cost(layer, mapping.plan, design) == least
    assert mapping.plan in set(all_plans(sweep_of(layer, design.lanes), design))
    assert mapping.status is Status.OPTIMAL
    assert mapping.bound_cycles == mapping.cycles
    assert mapping.gap == 0
    assert mapping.space_size == count
    return count


def test_search_is_exhaustive_enumeration():
    cases = list(islice(small_cases(most_plans=100), 8))
    assert sum(compared(layer, design) for layer, design in cases) > 200


@pytest.mark.slow
def test_search_is_exhaustive_enumeration_on_a_hundred_cases():
    cases = list(islice(small_cases(most_plans=1500), 100))
    assert sum(compared(layer, design) for layer, design in cases) > 20_000


def test_banked_memory():
    found = []
    for layer, design in islice(small_cases(most_plans=100), 2):
        banked = replace(design, memory=replace(design.memory, kind=MemoryKind.BANKED))
        found.append(compared(layer, banked))
    assert len(found) == 2


@pytest.mark.parametrize("seed", range(25))
def test_plans_are_legal_and_compute_what_the_layer_asks_for(seed):
    case = random_case(1000 + seed)
    if case is None:
        return
    layer, numbers, plan = case
    assert_plan_is_right(numbers.design, layer, plan, np.random.default_rng(seed))


@pytest.mark.slow
def test_many_plans_are_legal_and_compute_what_the_layer_asks_for():
    for seed in range(2000, 2400):
        case = random_case(seed)
        if case is not None:
            layer, numbers, plan = case
            assert_plan_is_right(numbers.design, layer, plan, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_layers_with_different_places_follow_each_other(seed):
    rng = np.random.default_rng(seed)
    design = programs.accelerator(["ideal", "fixed", "banked", "fixed"][seed])
    layers, plans = [], []
    while len(layers) < 4:
        layer = random_layer(rng, most=8)
        plan = Numbers(layer, design).random_plan(rng)
        if plan is not None and plan.height * plan.width > 3:
            layers.append(layer)
            plans.append(plan)
    assert len({plan.places for plan in plans}) > 1
    cost(design, streamed(layers, design, plans))


@pytest.mark.parametrize("seed", range(12))
def test_never_worse_than_the_greedy_choice(seed):
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, most=40)
    mapping = best_mapping(layer, EDGE)
    greedy = best_plan(sweep_of(layer, EDGE.lanes), EDGE)
    assert (mapping.cycles, mapping.dram_bytes) <= simulated_cost(layer, greedy, EDGE)
    assert mapping.status is Status.OPTIMAL


def test_one_place_where_two_halves_are_too_small():
    design = accelerator(4, activations=64, weights=24, parameters=18, accumulators=32)
    layer = GemmLayer(name="deep", m=16, k=24, n=4)
    mapping = best_mapping(layer, design)
    assert mapping.plan.places != Places(inputs=2, weights=2, parameters=2, sums=1)
    assert mapping.cycles < simulated_cost(layer, best_plan(sweep_of(layer, 4), design), design)[0]


def test_weights_that_are_kept_are_loaded_once():
    mapping = best_mapping(GemmLayer(name="long", m=3136, k=64, n=64), EDGE)
    assert mapping.plan.kept is not Kept.PIECE
    assert mapping.dram_bytes == 3136 * 128 + 64 * 64 + 9 * 64


def test_time_that_runs_out():
    layer = ConvLayer(
        name="large",
        height=112,
        width=112,
        channels=256,
        filter_height=3,
        filter_width=3,
        filters=512,
        stride=(1, 1),
        pads=(1, 1, 1, 1),
    )
    mapping = best_mapping(layer, EDGE, time_limit=0)
    assert mapping.status is Status.FEASIBLE
    assert mapping.bound_cycles < mapping.cycles
    assert 0 < mapping.gap < 0.1
    greedy = best_plan(sweep_of(layer, EDGE.lanes), EDGE)
    assert mapping.cycles <= simulated_cost(layer, greedy, EDGE)[0]


def test_a_layer_that_has_no_room():
    design = accelerator(4, activations=8, weights=24, parameters=18, accumulators=8)
    layer = ConvLayer(
        name="wide",
        height=9,
        width=9,
        channels=4,
        filter_height=3,
        filter_width=3,
        filters=4,
        stride=(1, 1),
    )
    with pytest.raises(UserError, match="layer 'wide': activation_bytes=32 has no room for its"):
        best_mapping(layer, design)


def test_a_memory_that_is_too_small_for_any_layer():
    design = accelerator(4, activations=64, weights=3, parameters=18, accumulators=8)
    with pytest.raises(UserError, match="layer 'g': weight_bytes=12 has 3 words, and a"):
        best_mapping(GemmLayer(name="g", m=4, k=4, n=4), design)
