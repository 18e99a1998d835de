"""What a layer moves over the bus, from how it was decided to be computed."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS, TABLE_BYTES
from mapper.accelerator.decisions import Decisions, Reading
from mapper.accelerator.formats import Format
from mapper.accelerator.layers import AddLayer, Layer, ProductLayer, TableLayer
from mapper.accelerator.operations import needed_rows
from mapper.accelerator.tiles import Cut, parameter_groups
from mapper.accelerator.transfers import constant_bytes, load_bytes, store_bytes

__all__ = ["layer_bytes", "vector_constants"]


def layer_bytes(decisions: Decisions, number: int, accelerator: Accelerator) -> int:
    """Bytes in whole beats, constants included, if rows are made in the layer's own portions.

    What is loaded as a whole is counted for the layer that is first to need it.

    Parameters
    ----------
    decisions : Decisions
    number : int
        Of the layer.
    accelerator : Accelerator
    """
    layer, bus = decisions.layers[number], accelerator.bus_bytes
    if isinstance(layer, ProductLayer):
        cut = decisions.cuts[number]
        bands = [step.tile.rows for step in cut.steps]
        loaded = [bands[0], *(rows for before, rows in pairwise(bands) if rows != before)]
        made = [
            step.tile.rows
            for step in cut.steps
            if step.last and step.tile.columns.stop == layer.geometry.target.width
        ]
        form = decisions.readings[number, layer.source].form
        moved = _product_constants(layer, cut, form, accelerator)
    else:
        heights = decisions.heights[number]
        loaded = made = [
            range(end - height, end)
            for height, end in zip(heights, accumulate(heights), strict=True)
        ]
        moved = vector_constants(layer, accelerator)
    for value in layer.sources:
        reading = decisions.readings[number, value]
        if reading.place is None or (reading.loaded and _is_first(decisions, number, value)):
            moved += sum(
                load_bytes(layer.geometry.source, reading.form, rows, bus)
                for rows in _rows(layer, reading, loaded)
            )
    if decisions.makings[number].stored:
        moved += sum(store_bytes(layer.geometry.target, rows, bus) for rows in made)
    return moved


def vector_constants(layer: Layer, accelerator: Accelerator) -> int:
    """Bytes of what the vector unit needs for a layer without products."""
    lanes = accelerator.lanes
    words = 0
    match layer:
        case AddLayer():
            words = PARAMETER_WORDS * -(-len(layer.scaling.bias) // lanes)
        case TableLayer():
            words = -(-TABLE_BYTES // lanes)
    return constant_bytes(words, lanes, accelerator.bus_bytes)


def _is_first(decisions: Decisions, number: int, value: int) -> bool:
    """Whether no layer before reads the value from the same place."""
    place = decisions.readings[number, value].place
    return not any(
        other < number and key == value and reading.place == place
        for (other, key), reading in decisions.readings.items()
    )


def _rows(layer: Layer, reading: Reading, bands: Sequence[range]) -> Iterator[range]:
    """Rows that are loaded for output rows."""
    done = 0
    for rows in bands:
        needed = needed_rows(layer.geometry, rows)
        if reading.place is None:
            yield needed
            continue
        end = needed.stop
        if rows.stop == layer.geometry.target.height:
            end = max(end, reading.rows)
        if end > done:
            yield range(done, end)
            done = end


def _product_constants(
    layer: ProductLayer, cut: Cut, form: Format, accelerator: Accelerator
) -> int:
    """Of weights and parameters: one piece is there at a time."""
    lanes, bus = accelerator.lanes, accelerator.bus_bytes
    piece_of = {part: number for number, piece in enumerate(cut.pieces) for part in piece}
    words = [
        sum(cut.parts[part].words(layer, form, lanes) for part in piece) for piece in cut.pieces
    ]
    used = [piece_of[part] for step in cut.steps for part in step.parts]
    groups = parameter_groups(cut, accelerator)
    starts = [step.filters.start if step.filters.start in groups else 0 for step in cut.steps]
    return sum(constant_bytes(words[piece], lanes, bus) for piece in _changes(used)) + sum(
        constant_bytes(PARAMETER_WORDS * len(groups[start]), lanes, bus)
        for start in _changes(starts)
    )


def _changes(entries: Sequence[int]) -> list[int]:
    return [entries[0], *(entry for before, entry in pairwise(entries) if entry != before)]
