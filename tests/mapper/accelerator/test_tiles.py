"""Cuts of layers: every result is made once, of all weights, and everything fits."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from golden.errors import UserError
from mapper.accelerator.formats import formats, weight_words
from mapper.accelerator.legalise import legalise
from mapper.accelerator.tiles import cut_layer
from tests.mapper.accelerator.machines import EDGE, accelerator, random_accelerator
from tests.mapper.accelerator.networks import Builder


def conv_layer(rng, shape, filters, kernel, lanes, **attributes):
    build = Builder(rng)
    build.conv(build.tensor("x", (1, *shape)), filters, kernel, **attributes)
    (layer,) = legalise(build.graph(), lanes).layers
    return layer


def cut(layer, target, *, window=False, **changes):
    choices = {
        "most_rows": 1000,
        "first_rows": 0,
        "streamed": False,
        "loaded": False,
        "vector_cycles": 1,
        "awaited": False,
    }
    form = formats(layer.geometry, target.lanes, diagonal=layer.diagonal)[window]
    return form, cut_layer(layer, form, target, **{**choices, **changes})


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_all_is_made_once_and_fits(seed):
    rng = np.random.default_rng(seed)
    target = random_accelerator(rng)
    channels = int(rng.integers(1, 70))
    depthwise = rng.random() < 0.3
    layer = conv_layer(
        rng,
        (channels, *rng.integers(3, 20, 2).tolist()),
        channels if depthwise else int(rng.integers(1, 70)),
        (int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        target.lanes,
        groups=channels if depthwise else 1,
    )
    flags = {key: bool(rng.integers(2)) for key in ("streamed", "loaded", "awaited", "window")}
    most = int(rng.integers(1, 20))
    try:
        form, found = cut(
            layer, target, most_rows=most, first_rows=int(rng.integers(0, 5)), **flags
        )
    except UserError:
        assume(False)
    image = layer.geometry.target
    made = np.zeros((image.height, image.width, image.blocks(target.lanes)), dtype=int)
    bank = target.sizes.accumulators // target.accumulator_banks
    for step in found.steps:
        rows, columns, filters = step.tile.rows, step.tile.columns, step.filters
        made[
            rows.start : rows.stop, columns.start : columns.stop, filters.start : filters.stop
        ] += 1
        assert len(rows) * len(columns) * len(filters) <= bank
        assert len(rows) <= most
        assert {found.parts[part].filters for part in step.parts} == {filters}
        assert step.last == (filters.stop == made.shape[2])
    assert np.all(made == 1)
    sizes = [len(weight_words(layer, form, part, target.lanes)) for part in found.parts]
    assert sizes == [part.words(layer, form, target.lanes) for part in found.parts]
    assert sorted(part for piece in found.pieces for part in piece) == list(range(len(sizes)))
    assert all(sum(sizes[i] for i in piece) <= target.sizes.weights for piece in found.pieces)
    taps = len(form_taps(layer, form)) * (1 if layer.diagonal else form.depth)
    assert sum(sizes) == taps * image.blocks(target.lanes)


def form_taps(layer, form):
    return range(layer.geometry.taps_y * form.taps_x)


@pytest.mark.parametrize("first", [0, 3, 9])
def test_the_first_tile_waits_for_little(first):
    rng = np.random.default_rng(0)
    layer = conv_layer(rng, (16, 20, 20), 16, (3, 3), 16, pads=(1, 1, 1, 1))
    _, found = cut(layer, EDGE, first_rows=first)
    heights = [len(step.tile.rows) for step in found.steps]
    assert sum(heights) == 20
    assert heights[0] == (first or 10)
    assert len(heights) == 2
    assert found.rows_before_last == heights[0]


def test_little_is_left_at_the_end():
    rng = np.random.default_rng(0)
    layer = conv_layer(rng, (64, 20, 20), 16, (1, 1), 16)
    _, found = cut(layer, EDGE, awaited=True)
    assert [len(step.tile.rows) for step in found.steps] == [10, 8, 2]


def test_rows_arrive_while_others_are_used():
    rng = np.random.default_rng(0)
    layer = conv_layer(rng, (3, 32, 32), 16, (3, 3), 16, pads=(1, 1, 1, 1))
    _, found = cut(layer, EDGE, loaded=True, window=True)
    heights = [len(step.tile.rows) for step in found.steps]
    assert heights == sorted(heights[:2]) + heights[2:]
    assert heights[0] <= 6


def test_small_layers_stay_whole():
    layer = conv_layer(np.random.default_rng(0), (16, 4, 4), 16, (1, 1), 16)
    _, found = cut(layer, EDGE)
    assert len(found.steps) == 1
    assert found.rows_before_last == 0


def test_no_room():
    layer = conv_layer(np.random.default_rng(0), (16, 4, 4), 16, (1, 1), 16)
    small = accelerator(16, activations=64, weights=16, parameters=144, accumulators=8)
    with pytest.raises(UserError, match=r"^operator 't0' \(Conv\): the weight memory has no room"):
        cut(layer, small)
    small = accelerator(16, activations=64, weights=160, parameters=8, accumulators=8)
    with pytest.raises(UserError, match="parameter_bytes=128 has no room for the 144 bytes"):
        cut(layer, small)
