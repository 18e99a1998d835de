"""Mappings of workloads: each shape is solved once, and kept."""

import json
from dataclasses import replace

import pytest

from golden.accelerator.description import Memory
from golden.errors import UserError
from mapper.accelerator.streaming.mapping import best_mapping
from mapper.accelerator.streaming.operators import map_operators, mapping_key
from mapper.accelerator.streaming.sweep import sweep_of
from mapper.accelerator.streaming.workload import streamed
from mapper.status import Status
from sim.accelerator.simulation import simulate
from sim.workload import ConvLayer, GemmLayer
from tests.mapper.accelerator.machines import EDGE
from tilewright.workloads import load_workload


def product(name, m, k=40, n=70):
    return GemmLayer(name=name, m=m, k=k, n=n)


LAYERS = [product("a", 50), product("b", 30), product("c", 50), product("d", 30, k=41)]


def without_seconds(mapping):
    return replace(mapping, seconds=0.0)


@pytest.mark.parametrize("workers", [1, 2])
def test_equal_shapes_are_solved_once(workers):
    told = []
    found = map_operators(
        LAYERS, EDGE, workers=workers, progress=lambda *arguments: told.append(arguments)
    )
    assert [mapping.layer for mapping in found] == LAYERS
    assert [(done, count) for done, count, _ in told] == [(1, 3), (2, 3), (3, 3)]
    assert {mapping.layer.name for _, _, mapping in told} == {"a", "b", "d"}
    for mapping in found:
        assert without_seconds(mapping) == without_seconds(best_mapping(mapping.layer, EDGE))


def test_a_window_that_is_a_product_has_its_mapping():
    window = ConvLayer(
        name="window",
        height=5,
        width=6,
        channels=40,
        filter_height=1,
        filter_width=1,
        filters=70,
        stride=(1, 1),
    )
    one, other = map_operators([product("p", 30), window], EDGE)
    assert one.plan == other.plan
    assert other.layer == window


def test_what_is_solved_is_kept():
    solved = {}
    first = map_operators(LAYERS, EDGE, solved=solved)
    assert len(solved) == 3
    again = map_operators(LAYERS, EDGE, solved=solved)
    assert [without_seconds(mapping) for mapping in again] == [
        without_seconds(mapping) for mapping in first
    ]
    assert all(mapping.seconds == 0 for mapping in again)


def test_what_is_kept_is_simulated_before_it_is_used():
    solved = {}
    (first,) = map_operators(LAYERS[:1], EDGE, solved=solved)
    ((key, text),) = solved.items()
    content = json.loads(text)
    solved[key] = json.dumps({**content, "cycles": content["cycles"] - 1})
    (again,) = map_operators(LAYERS[:1], EDGE, solved=solved)
    assert without_seconds(again) == without_seconds(first)
    assert solved[key] == text


def test_what_is_not_proven_is_not_kept():
    solved = {}
    large = ConvLayer(
        name="large",
        height=112,
        width=112,
        channels=256,
        filter_height=3,
        filter_width=3,
        filters=512,
        stride=(1, 1),
    )
    (mapping,) = map_operators([large], EDGE, solved=solved, time_limit=0)
    assert mapping.status is Status.FEASIBLE
    assert not solved


def test_keys_tell_apart_what_changes_the_mapping():
    sweep = sweep_of(LAYERS[0], EDGE.lanes)
    designs = [
        EDGE,
        replace(EDGE, queue_depth=4),
        replace(EDGE, memory=Memory(latency_cycles=49)),
        replace(EDGE, weight_bytes=EDGE.weight_bytes // 2),
    ]
    keys = {mapping_key(sweep, design) for design in designs}
    assert len(keys) == len(designs)
    assert mapping_key(replace(sweep, width=51, out_width=51), EDGE) not in keys
    assert mapping_key(sweep, replace(EDGE, name="other")) in keys


def test_a_layer_that_has_no_plan():
    sparse = ConvLayer(
        name="sparse",
        height=99,
        width=99,
        channels=4,
        filter_height=3,
        filter_width=3,
        filters=4,
        stride=(17, 1),
    )
    with pytest.raises(UserError, match="layer 'sparse': windows move by 16 pixels at most"):
        map_operators([LAYERS[0], sparse], EDGE)


def test_plans_of_a_workload_in_a_row():
    found = map_operators(LAYERS, EDGE)
    entries = streamed(LAYERS, EDGE, [mapping.plan for mapping in found])
    together = simulate(EDGE, [entry.layer for entry in entries])
    # Layers overlap: constants are loaded before the layer before has ended.
    assert together.cycles < sum(mapping.cycles for mapping in found)


@pytest.mark.slow
def test_layers_of_resnet_50_are_proven(reference_data):
    workload = load_workload(str(reference_data / "scalesim_topologies" / "Resnet50.csv"))
    found = map_operators(workload.layers, EDGE)
    shapes = {sweep_of(mapping.layer, EDGE.lanes): mapping for mapping in found}.values()
    quick = [m for m in shapes if m.status is Status.OPTIMAL and m.seconds < 10]
    assert len(quick) >= 0.95 * len(shapes)
