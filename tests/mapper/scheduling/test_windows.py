"""Tensors that pass through a part of the scratchpad: what is allowed, and what that moves."""

from dataclasses import replace

import pytest

from golden.errors import UserError
from mapper.scheduling.checker import Rule, check
from mapper.scheduling.graph import SizedGraph, SizedTensor
from mapper.scheduling.schedule import Placement, Schedule, Step, Traffic, Window, traffic
from tests.mapper.scheduling.graphs import operator


def network():
    """A weight passes into the first operator; what that makes passes to memory and back."""
    sizes = {"w": 12, "a": 10, "b": 4, "y": 3}
    return SizedGraph(
        name="net",
        tensors={
            name: SizedTensor(
                name=name,
                size_bytes=size,
                is_weight=name == "w",
                memory_bytes={"w": 9, "y": 2}.get(name),
            )
            for name, size in sizes.items()
        },
        operators=(
            operator("f", "w", "a", kind="Conv"),
            operator("g", "a", "b", in_place=("a",)),
            operator("h", "a b", "y"),
        ),
        outputs=("y",),
    )


def window(tensor, address, size, moved):
    return Window(tensor=tensor, address=address, size_bytes=size, moved_bytes=moved)


def step(name, places, windows, **rest):
    resident = (place.split("@") for place in places.split())
    return Step(
        operator=name,
        resident=tuple(Placement(tensor=name, address=int(at)) for name, at in resident),
        windows=tuple(windows),
        **rest,
    )


STEPS = (
    step("f", "", [window("w", 0, 2, 8), window("w", 2, 2, 6), window("a", 4, 4, 10)]),
    step("g", "b@4", [window("a", 0, 4, 13)]),
    step("h", "b@4 y@1", [window("a", 0, 1, 10)], moved_bytes={"y": 5}),
)
GOOD = Schedule(capacity_bytes=8, steps=STEPS)


def changed(number, **changes):
    steps = list(STEPS)
    steps[number] = replace(steps[number], **changes)
    return replace(GOOD, steps=tuple(steps))


def test_a_schedule_with_windows_is_accepted():
    assert check(network(), GOOD) is None


def test_traffic_counts_what_passes():
    # 14 of the weight of 9 bytes; 10 of a to memory, 13 and 10 from there; 5 of y, which has 2.
    assert traffic(network(), GOOD) == Traffic(
        input_bytes=0, output_bytes=2, weight_bytes=9, spilled_bytes=10 + 3, retrieved_bytes=5 + 23
    )


def test_what_is_moved_as_a_whole_counts_as_its_copy_in_memory():
    steps = (
        step("f", "w@0 a@12", [], retrieved=("w",)),
        step("g", "w@0 a@12 b@22", [], spilled=("a",), moved_bytes={"a": 16}),
        step("h", "w@0 a@26 b@22 y@12", [], retrieved=("a",)),
    )
    schedule = Schedule(capacity_bytes=36, steps=steps)
    assert check(network(), schedule) is None
    assert traffic(network(), schedule) == Traffic(
        input_bytes=0, output_bytes=2, weight_bytes=9, spilled_bytes=16, retrieved_bytes=10
    )


@pytest.mark.parametrize(
    ("rule", "schedule"),
    [
        (Rule.CAPACITY, changed(0, windows=(*STEPS[0].windows[:2], window("a", 5, 4, 10)))),
        (Rule.CAPACITY, changed(1, windows=(window("a", -1, 4, 13),))),
        # Windows share bytes with nothing: not with each other, nor with an operand in place.
        (Rule.OVERLAP, changed(0, windows=(*STEPS[0].windows[:2], window("a", 3, 4, 10)))),
        (Rule.OVERLAP, changed(1, windows=(window("a", 1, 4, 13),))),
        (Rule.OVERLAP, changed(1, windows=(window("a", 4, 4, 13),))),
        (Rule.PARTIAL, changed(0, windows=(*STEPS[0].windows[:2], window("a", 4, 4, 9)))),
        (Rule.PARTIAL, changed(0, windows=(window("w", 0, 2, 8), *STEPS[0].windows[2:]))),
        (Rule.PARTIAL, changed(2, moved_bytes={"y": 1})),
        (Rule.WINDOW, changed(1, windows=(window("a", 0, 0, 13),))),
        (Rule.WINDOW, changed(1, windows=(window("a", 0, 4, -1),))),
        (Rule.WINDOW, changed(1, windows=(window("a", 0, 2, 13), window("w", 2, 2, 9)))),
        (Rule.WINDOW, changed(2, windows=(window("b", 0, 1, 4),))),
        (Rule.UNKNOWN, changed(1, windows=(window("z", 0, 4, 13),))),
        (Rule.UNKNOWN, changed(2, moved_bytes={"z": 5})),
        (Rule.MISSING_INPUT, changed(1, windows=())),
        (Rule.MISSING_OUTPUT, changed(0, windows=STEPS[0].windows[:2])),
    ],
)
def test_each_rule_is_kept(rule, schedule):
    assert check(network(), schedule).rule is rule


def test_an_input_that_passes_needs_a_copy_in_memory():
    steps = (
        step("f", "a@4", [window("w", 0, 4, 9)]),
        step("g", "b@0", [window("a", 4, 4, 13)]),
        STEPS[2],
    )
    found = check(network(), Schedule(capacity_bytes=14, steps=steps))
    assert (found.rule, found.tensor, found.step) == (Rule.STALE, "a", 1)
    assert found.message.endswith("passes through a window, but memory has no copy of it")


def test_windows_overwrite():
    """What is dropped for a window is not there afterwards."""
    steps = (
        step("f", "a@4", [window("w", 0, 4, 9)]),
        step("g", "b@0", [window("a", 4, 4, 13)], spilled=("a",)),
        step("h", "a@4 b@0 y@14", []),
    )
    found = check(network(), Schedule(capacity_bytes=17, steps=steps))
    assert (found.rule, found.tensor, found.step) == (Rule.PHANTOM, "a", 2)


def test_a_copy_must_have_bytes():
    with pytest.raises(UserError, match="tensor 'a' must have a size of at least 1 byte, not 0"):
        SizedTensor(name="a", size_bytes=3, memory_bytes=0)
    with pytest.raises(UserError, match="tensor 'a' must have a size of at least 1 byte, not 0"):
        SizedTensor(name="a", size_bytes=3, read_bytes=0)


def test_less_may_come_than_a_copy_takes_where_less_is_read():
    """A window with a stride passes over the last of 9 bytes in memory."""
    whole = network()
    less = replace(whole, tensors={**whole.tensors, "w": replace(whole.tensors["w"], read_bytes=8)})
    partial = changed(0, windows=(window("w", 0, 2, 8), *STEPS[0].windows[2:]))
    assert check(whole, partial).rule is Rule.PARTIAL
    assert check(less, partial) is None
    assert traffic(less, partial).weight_bytes == 8
