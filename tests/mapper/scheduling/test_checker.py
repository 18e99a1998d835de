"""The checker: schedules made by hand, and a mutant for each rule."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mapper.scheduling.checker
from mapper.scheduling.checker import Rule, check
from mapper.scheduling.schedule import Placement, Schedule, Step, traffic
from mapper.zoo.catalogue import build
from tests.mapper.scheduling.graphs import graph, operator, random_graph

SIZES = {"x": 4, "w": 3, "a": 6, "b": 5, "y": 2}


def network():
    """The input is read first and last, the weight by both operators in between."""
    return graph(
        [
            operator("in", "", "x"),
            operator("f", "x w", "a"),
            operator("g", "a w", "b", in_place=("a",)),
            operator("h", "x b", "y"),
        ],
        SIZES,
        weights="w",
        outputs="y",
    )


def step(name, places, *, spilled="", retrieved=""):
    """A step; places as ``tensor@address``, separated by spaces."""
    return Step(
        operator=name,
        resident=tuple(
            Placement(tensor=tensor, address=int(address))
            for tensor, _, address in (place.partition("@") for place in places.split())
        ),
        spilled=tuple(spilled.split()),
        retrieved=tuple(retrieved.split()),
    )


ROOMY = Schedule(
    capacity_bytes=18,
    steps=(
        step("in", "x@0"),
        step("f", "x@0 w@4 a@7", retrieved="w"),
        step("g", "x@0 w@4 a@7 b@13"),
        step("h", "x@0 b@13 y@4"),
    ),
)
TIGHT = Schedule(
    capacity_bytes=14,
    steps=(
        step("in", "x@0"),
        step("f", "x@0 w@4 a@8", retrieved="w"),
        step("g", "w@4 a@8 b@8", spilled="x"),
        step("h", "x@0 b@8 y@4", retrieved="x"),
    ),
)
"""The input makes room, although the output of ``g`` takes the place of its input."""


def test_a_schedule_with_room_for_everything():
    assert check(network(), ROOMY) is None
    moved = traffic(network(), ROOMY)
    assert (moved.input_bytes, moved.output_bytes, moved.weight_bytes) == (4, 2, 3)
    assert moved.compulsory_bytes == moved.total_bytes == 9
    assert moved.non_compulsory_bytes == 0
    assert ROOMY.order == ("in", "f", "g", "h")


def test_a_schedule_that_spills():
    assert check(network(), TIGHT) is None
    moved = traffic(network(), TIGHT)
    assert (moved.spilled_bytes, moved.retrieved_bytes) == (4, 4)
    assert moved.non_compulsory_bytes == 8
    assert moved.total_bytes == 17


def test_weights_are_read_again_and_inputs_dropped_for_nothing():
    """Both are in memory anyway: only reading them again counts."""
    schedule = Schedule(
        capacity_bytes=14,
        steps=(
            step("in", "x@0"),
            step("f", "x@0 w@4 a@8", retrieved="w"),
            step("g", "w@0 a@8 b@3", retrieved="w"),
            step("h", "x@8 b@3 y@12", retrieved="x"),
        ),
    )
    assert check(network(), schedule) is None
    moved = traffic(network(), schedule)
    assert (moved.weight_bytes, moved.spilled_bytes, moved.retrieved_bytes) == (3, 0, 3 + 4)


def test_outputs_are_in_memory_once_they_are_made():
    net = graph(
        [
            operator("in", "", "x"),
            operator("f", "x", "a"),
            operator("g", "x", "b"),
            operator("h", "a b", "y"),
        ],
        {"x": 4, "a": 6, "b": 5, "y": 2},
        outputs="a y",
    )
    steps = (
        step("in", "x@0"),
        step("f", "x@0 a@4"),
        step("g", "x@0 b@4"),
        step("h", "a@9 b@4 y@0", retrieved="a"),
    )
    assert check(net, Schedule(capacity_bytes=15, steps=steps)) is None
    unsaved = replace(net, outputs=("y",))
    assert check(unsaved, Schedule(capacity_bytes=15, steps=steps)).rule is Rule.STALE


def test_a_spilled_tensor_may_stay():
    steps = (*ROOMY.steps[:2], replace(ROOMY.steps[2], spilled=("x",)), ROOMY.steps[3])
    assert check(network(), replace(ROOMY, steps=steps)) is None


def changed(schedule, number, changed_step):
    steps = list(schedule.steps)
    steps[number] = changed_step
    return replace(schedule, steps=tuple(steps))


def reordered(schedule, *numbers):
    return replace(schedule, steps=tuple(schedule.steps[number] for number in numbers))


MUTANTS = [
    ("twice", reordered(ROOMY, 0, 1, 1, 2, 3), Rule.ORDER, 2, None, "'f' has run before"),
    ("too few", reordered(ROOMY, 0, 1, 2), Rule.ORDER, 3, None, "operator 'h' never runs"),
    ("swapped", reordered(ROOMY, 0, 2, 1, 3), Rule.ORDER, 1, "a", "'g' runs before 'f'"),
    ("no such", changed(ROOMY, 3, step("k", "")), Rule.ORDER, 3, None, "no operator 'k'"),
    (
        "unknown",
        changed(ROOMY, 0, step("in", "x@0 z@8")),
        *(Rule.UNKNOWN, 0, "z", "there is no tensor 'z'"),
    ),
    (
        "two places",
        changed(ROOMY, 0, step("in", "x@0 x@8")),
        *(Rule.REPEATED, 0, "x", "listed as resident 2 times"),
    ),
    (
        "spilled twice",
        changed(TIGHT, 2, step("g", "w@4 a@8 b@8", spilled="x x")),
        *(Rule.REPEATED, 2, "x", "listed as spilled 2 times"),
    ),
    (
        "retrieved twice",
        changed(TIGHT, 3, step("h", "x@0 b@8 y@4", retrieved="x x")),
        *(Rule.REPEATED, 3, "x", "listed as retrieved 2 times"),
    ),
    (
        "too small",
        replace(ROOMY, capacity_bytes=17),
        *(Rule.CAPACITY, 2, "b", "lies at 13 to 18, outside the 17 bytes"),
    ),
    (
        "negative",
        changed(ROOMY, 0, step("in", "x@-1")),
        *(Rule.CAPACITY, 0, "x", "lies at -1 to 3, outside"),
    ),
    (
        "overlap by a byte",
        changed(ROOMY, 1, step("f", "x@0 w@3 a@7", retrieved="w")),
        *(Rule.OVERLAP, 1, "w", "'x' and 'w' share bytes from 3 on"),
    ),
    (
        "overlap with one that is not next to it",
        changed(ROOMY, 3, step("h", "x@0 b@13 y@14")),
        *(Rule.OVERLAP, 3, "y", "'b' and 'y' share bytes from 14 on"),
    ),
    (
        "in place, but where it is not allowed",
        changed(ROOMY, 3, step("h", "x@0 b@13 y@0")),
        *(Rule.OVERLAP, 3, "y", "'x' and 'y' share bytes from 0 on"),
    ),
    (
        "in place, but a byte off",
        changed(TIGHT, 2, step("g", "w@4 a@8 b@9", spilled="x")),
        *(Rule.OVERLAP, 2, "b", "'a' and 'b' share bytes from 9 on"),
    ),
    (
        "input dropped",
        changed(ROOMY, 2, step("g", "w@4 a@7 b@13")),
        *(Rule.PHANTOM, 3, "x", "was not in the step before"),
    ),
    (
        "input absent",
        changed(ROOMY, 3, step("h", "b@13 y@4")),
        *(Rule.MISSING_INPUT, 3, "x", "'h' lacks its input 'x'"),
    ),
    (
        "weight absent",
        changed(ROOMY, 1, step("f", "x@0 a@7")),
        *(Rule.MISSING_INPUT, 1, "w", "'f' lacks its input 'w'"),
    ),
    (
        "output absent",
        changed(ROOMY, 1, step("f", "x@0 w@4", retrieved="w")),
        *(Rule.MISSING_OUTPUT, 1, "a", "no place for its output 'a'"),
    ),
    (
        "weight from nowhere",
        changed(ROOMY, 1, step("f", "x@0 w@4 a@7")),
        *(Rule.PHANTOM, 1, "w", "neither produced nor retrieved"),
    ),
    (
        "resident at the first step",
        changed(ROOMY, 0, step("in", "x@0 b@13")),
        *(Rule.PHANTOM, 0, "b", "neither produced nor retrieved"),
    ),
    (
        "resident before it is produced",
        changed(ROOMY, 1, step("f", "x@0 w@4 a@7 b@13", retrieved="w")),
        *(Rule.PHANTOM, 1, "b", "neither produced nor retrieved"),
    ),
    (
        "spilled from nowhere",
        changed(TIGHT, 2, step("g", "w@4 a@8 b@8", spilled="x y")),
        *(Rule.PHANTOM, 2, "y", "was not resident in the step before"),
    ),
    (
        "retrieved to nowhere",
        changed(TIGHT, 2, step("g", "w@4 a@8 b@8", spilled="x", retrieved="x")),
        *(Rule.PHANTOM, 2, "x", "is retrieved, but gets no place"),
    ),
    (
        "retrieved as it is produced",
        changed(ROOMY, 3, step("h", "x@0 b@13 y@4", retrieved="y")),
        *(Rule.PHANTOM, 3, "y", "is only produced now"),
    ),
    (
        "moved without a transfer",
        changed(ROOMY, 3, step("h", "x@4 b@13 y@0")),
        *(Rule.STALE, 3, "x", "is not what lies at 4"),
    ),
    (
        "read after its place was taken",
        changed(TIGHT, 3, step("h", "x@0 b@8 y@4 a@8", retrieved="x")),
        *(Rule.OVERLAP, 3, "b", "share bytes from 8 on"),
    ),
    (
        "spilled after its place was taken",
        changed(TIGHT, 3, step("h", "x@0 b@8 y@4", spilled="a", retrieved="x")),
        *(Rule.STALE, 3, "a", "is spilled, but has been overwritten"),
    ),
    (
        "retrieved but never saved",
        changed(ROOMY, 3, step("h", "x@0 b@13 y@4 a@7", retrieved="a")),
        *(Rule.STALE, 3, "a", "memory has no copy of it"),
    ),
]


@pytest.mark.parametrize(
    ("schedule", "rule", "number", "tensor", "message"),
    [mutant[1:] for mutant in MUTANTS],
    ids=[mutant[0] for mutant in MUTANTS],
)
def test_mutants(schedule, rule, number, tensor, message):
    found = check(network(), schedule)
    assert found is not None
    assert (found.rule, found.step, found.tensor) == (rule, number, tensor)
    assert found.message.startswith(f"step {number}: ")
    assert message in found.message


def test_every_rule_has_a_mutant():
    # Those of windows are in test_windows.py.
    assert {mutant[2] for mutant in MUTANTS} == set(Rule) - {Rule.WINDOW, Rule.PARTIAL}


def test_an_input_overwritten_in_place_is_gone():
    """The operator after reads it at an address of its own, without it having come there."""
    net = graph(
        [
            operator("in", "", "x"),
            operator("f", "x", "a", in_place=("x",)),
            operator("g", "x a", "y"),
        ],
        {"x": 4, "a": 3, "y": 1},
        outputs="y",
    )
    steps = (step("in", "x@0"), step("f", "x@0 a@0"), step("g", "x@0 a@4 y@7"))
    found = check(net, Schedule(capacity_bytes=8, steps=steps))
    assert (found.rule, found.tensor) == (Rule.STALE, "x")
    larger = replace(net, tensors={**net.tensors, "a": replace(net.tensors["a"], size_bytes=5)})
    found = check(larger, Schedule(capacity_bytes=8, steps=steps))
    assert (found.rule, found.tensor) == (Rule.OVERLAP, "x")


def unhurried(net):
    """A schedule that gives each tensor a place of its own for ever."""
    at = 0
    places = {}
    for name, tensor in net.tensors.items():
        places[name] = at
        at += tensor.size_bytes
    steps = []
    known = []
    for op in net.operators:
        fresh = [name for name in op.tensors if name not in known]
        known += fresh
        steps.append(
            Step(
                operator=op.name,
                resident=tuple(Placement(tensor=name, address=places[name]) for name in known),
                retrieved=tuple(name for name in fresh if net.tensors[name].is_weight),
            )
        )
    return Schedule(capacity_bytes=at, steps=tuple(steps))


@pytest.mark.parametrize("name", ["resnet50", "vit_b_16"])
def test_networks(name):
    net = build(name)
    schedule = unhurried(net)
    assert check(net, schedule) is None
    moved = traffic(net, schedule)
    assert moved.non_compulsory_bytes == 0
    assert moved.weight_bytes == net.bytes_of(
        tensor.name for tensor in net.tensors.values() if tensor.is_weight
    )
    smaller = replace(schedule, capacity_bytes=schedule.capacity_bytes - 1)
    assert check(net, smaller).rule is Rule.CAPACITY


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_is_needed_can_be_left_out(seed):
    """Of a good schedule, no step and no place of an operator's tensors can go."""
    net = random_graph(seed, 6)
    schedule = unhurried(net)
    assert check(net, schedule) is None
    rng = np.random.default_rng(seed)
    number = int(rng.integers(len(schedule.steps)))
    at = schedule.steps[number]
    assert check(net, reordered(schedule, *set(range(len(schedule.steps))) - {number})) is not None
    needed = next(op for op in net.operators if op.name == at.operator).tensors
    for name in needed:
        places = tuple(place for place in at.resident if place.tensor != name)
        assert check(net, changed(schedule, number, replace(at, resident=places))) is not None


def test_the_checker_knows_only_graphs_and_schedules():
    tree = ast.parse(Path(mapper.scheduling.checker.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.split(".")[0] == "mapper"}
    assert ours == {"mapper.scheduling.graph", "mapper.scheduling.schedule"}
    assert imported - ours == {"collections", "collections.abc", "dataclasses", "enum"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
