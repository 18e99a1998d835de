"""Bytes of layers, from how they are cut, against the beats of their instructions."""

import pytest

from golden.accelerator.instructions import Load, Store
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.formats import formats
from mapper.accelerator.layers import Geometry, Image
from mapper.accelerator.legalise import legalise
from mapper.accelerator.operations import needed_rows
from mapper.accelerator.planning import decide_greedily
from mapper.accelerator.realisation import realised
from mapper.accelerator.reference import with_fixed_point
from mapper.accelerator.traffic import layer_bytes
from mapper.accelerator.transfers import load_bytes, load_table, store_bytes, store_table
from sim.accelerator.load import load_beats
from sim.accelerator.store import store_beats
from tests.mapper.accelerator.fitting import drawn_to_fit


def apart(decisions):
    fields = {name: getattr(decisions, name) for name in decisions.__dataclass_fields__}
    return type(decisions)(
        **{**fields, "stages": tuple((n,) for n in range(len(decisions.layers)))}
    )


def lowered_apart(graph, target):
    """Each layer by itself."""
    graph = with_fixed_point(graph)
    network = legalise(graph, target.lanes)
    decisions = apart(decide_greedily(network, target))
    arrange(network, target, decisions)
    return decisions, realised(graph, network, target, decisions)


@pytest.mark.parametrize("seed", range(30))
def test_layers_of_random_networks(seed):
    _, target, (decisions, lowered) = drawn_to_fit(seed, lowered_apart)
    octets = 0
    for entry in lowered.program.instructions:
        if isinstance(entry, Load):
            octets += load_beats(target, entry) * target.bus_bytes
        elif isinstance(entry, Store):
            octets += store_beats(target, entry) * target.bus_bytes
    # What several layers read from one place is loaded by those that need it first.
    shared = [reading.place for reading in decisions.readings.values() if reading.loaded]
    told = sum(layer_bytes(decisions, n, target) for n in range(len(decisions.layers)))
    assert told == octets or (len(set(shared)) < len(shared) and told < octets)


def touched(first, end, bus):
    """Bytes of the beats that have one of these bytes."""
    return bus * len({octet // bus for octet in range(first, end)})


@pytest.mark.parametrize("channels", [1, 3, 16])
@pytest.mark.parametrize("bus", [8, 16])
def test_tables(channels, bus):
    source, image = Image(9, 5, channels), Image(4, 5, channels)
    geometry = Geometry(
        source=source, target=image, taps_y=3, taps_x=3, stride_y=2, pad_top=1, pad_left=1
    )
    plain, windows = formats(geometry, 16, diagonal=False)
    row = 5 * channels
    stored, loaded = store_table(image, bus), load_table(geometry, plain, bus)
    once, apart_rows = load_table(geometry, plain, bus, once=9), load_table(geometry, windows, bus)
    for start in range(4):
        for stop in range(start + 1, 5):
            assert stored[start, stop] == touched(start * row, stop * row, bus)
            assert stored[start, stop] == store_bytes(image, range(start, stop), bus)
            first, end = max(2 * start - 1, 0), min(2 * (stop - 1) + 2, 9)
            assert needed_rows(geometry, range(start, stop)) == range(first, end)
            assert loaded[start, stop] == touched(first * row, end * row, bus)
            assert loaded[start, stop] == load_bytes(source, plain, range(first, end), bus)
            done, last = (2 * start if start else 0), 9 if stop == 4 else end
            assert once[start, stop] == touched(done * row, last * row, bus)
            if channels < 16:
                each = [touched(y * row, (y + 1) * row, bus) for y in range(first, end)]
                assert apart_rows[start, stop] == sum(each)
        assert not stored[start, : start + 1].any()
        assert not loaded[start, : start + 1].any()
