"""What trees of streamed layers are made from."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.accelerator.instructions import Gemm, Load, Store, Units
from mapper.accelerator.streaming.nest import Nest, nodes
from mapper.accelerator.streaming.ordering import ordered
from mapper.accelerator.streaming.regions import Region, regions_of
from mapper.accelerator.streaming.search import best_plan
from mapper.accelerator.streaming.sweep import sweep_of
from mapper.accelerator.streaming.tiles import Sweeping, runs, spans
from sim.accelerator.steps import Loop, Step, expanded
from sim.workload import ConvLayer, GemmLayer
from tests.mapper.accelerator.machines import EDGE, accelerator


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(1, 60),
    taps=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    pad=st.integers(0, 9),
    after=st.integers(0, 9),
    step=st.integers(1, 20),
)
def test_tiles_that_are_alike_need_alike_inputs(size, taps, stride, dilation, pad, after, step):
    reach = (taps - 1) * dilation + 1
    outputs = (size + pad + after - reach) // stride + 1
    if outputs < 1:
        return
    axis = Sweeping(
        size=size, outputs=outputs, taps=taps, stride=stride, dilation=dilation, pad=pad
    )
    single = spans(axis, step)
    found = []
    for first, count in runs(axis, step):
        distance = step * stride if count > 1 else 0
        found += [
            replace(
                first,
                index=first.index + i,
                first=first.first + i * step,
                low=first.low + i * distance,
            )
            for i in range(count)
        ]
    assert found == single
    assert sum(span.count for span in single) == outputs
    for span in single:
        needed = {
            (span.first + i) * stride - pad + tap * dilation
            for i in range(span.count)
            for tap in range(taps)
        }
        inside = {place for place in needed if 0 <= place < size}
        assert inside <= set(range(span.low, span.low + span.size)) <= set(range(size))
        assert span.origin == span.first * stride - pad - span.low


@pytest.mark.parametrize("count", range(1, 9))
@pytest.mark.parametrize("inner", range(1, 6))
@pytest.mark.parametrize("places", [1, 2])
def test_places_are_taken_in_turns(count, inner, places):
    region = Region("a", (0, 100)[:places], 100)
    nest = Nest([region])

    def load():
        nest.next_place(region)
        instruction = Load(local=nest.first(region))
        pitches = {"address": {"outer": 1000, "inner": 10}}
        return [nest.part(instruction, writes=nest.buffers(region), pitches=pitches)]

    tree = nodes(nest.repeat("outer", 0, count, lambda: nest.repeat("inner", 2, inner, load)))
    steps = list(expanded(tree))
    expected = [1000 * i + 10 * (2 + j) for i in range(count) for j in range(inner)]
    assert [step.instruction.address for step in steps] == expected
    turns = [number % places for number in range(len(steps))]
    assert [step.instruction.local for step in steps] == [100 * turn for turn in turns]
    # A single place is both halves of the room.
    names = [("a 0",), ("a 1",)] if places == 2 else [("a 0", "a 1")]
    assert [step.writes for step in steps] == [names[turn] for turn in turns]


def test_what_takes_no_turns_is_one_loop():
    nest = Nest([])
    tree = nodes(nest.repeat("axis", 0, 7, lambda: [nest.part(Gemm(), pitches={})]))
    assert tree == (Loop(7, (Step(instruction=Gemm()),)),)


def test_tokens_stand_for_buffers():
    load = Step(instruction=Load(), writes=("a",))
    product = Step(instruction=Gemm(), reads=("a",), writes=("s",))
    store = Step(instruction=Store(), reads=("s",))
    found = ordered([load, load, product, store, product, load])
    none, all_units = Units.NONE, (Units.LOAD, Units.EXECUTE, Units.STORE)
    in_load, in_execute, in_store = all_units
    assert [(instruction.wait, instruction.signal) for instruction in found] == [
        (none, none),
        (none, in_execute),
        (in_load, in_store),
        (in_execute, in_execute),
        (in_store, in_load),
        (in_execute, none),
    ]


def test_units_share_no_port_where_there_are_banks():
    regions = regions_of(EDGE)
    assert regions.write_ports == regions.read_ports == ()
    bank = EDGE.sizes.activations // EDGE.activation_banks
    used = {regions.inputs.first[0] // bank}
    used.add((regions.inputs.first[1] + regions.inputs.words - 1) // bank)
    assert max(used) < regions.outputs.first[0] // bank
    assert regions.sums.first == (0, EDGE.sizes.accumulators // 2)


def test_units_share_ports_of_a_single_bank():
    design = accelerator(4, activations=64, weights=40, parameters=20, accumulators=16)
    regions = regions_of(design)
    assert regions.write_ports
    assert regions.read_ports
    assert regions.sums.first == (0,)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (GemmLayer(name="g", m=3, k=4, n=5, count=2), {"copies": 2, "flat": True, "depth": 4}),
        # Pixels one by one are rows of a product.
        ({"filter_height": 1, "filter_width": 1}, {"flat": True, "width": 100, "depth": 8}),
        ({"filter_height": 2, "filter_width": 2, "stride": (2, 2)}, {"flat": True, "depth": 32}),
        # Only the rows that are looked at are loaded.
        (
            {"filter_height": 1, "filter_width": 1, "stride": (2, 2)},
            {"rows_apart": 2, "height": 5, "stride_y": 1, "stride_x": 2},
        ),
        ({"groups": 8, "filters": 8}, {"diagonal": True, "copies": 1, "filters": 8}),
        # As many groups as fill sixteen lanes.
        ({"groups": 4, "filters": 16}, {"together": 4, "copies": 1, "depth": 16}),
        ({"groups": 4, "filters": 32}, {"together": 2, "copies": 2, "filters": 16, "depth": 12}),
        # Three pixels of two channels are a tap.
        ({"channels": 2}, {"pixels": 3, "taps_x": 1, "depth": 6}),
    ],
    ids=str,
)
def test_layers_as_sweeps(layer, expected):
    if isinstance(layer, dict):
        shape = {"height": 10, "width": 10, "channels": 8, "filters": 5, "stride": (1, 1)}
        taps = {"filter_height": 3, "filter_width": 3}
        layer = ConvLayer(name="c", **{**shape, **taps, **layer})
    sweep = sweep_of(layer, 16)
    assert {name: getattr(sweep, name) for name in expected} == expected


def test_weights_that_fit_are_loaded_once():
    plan = best_plan(sweep_of(GemmLayer(name="g", m=4096, k=64, n=64), 16), EDGE)
    assert plan.weights_once
    assert plan.input_once or plan.groups == 1
