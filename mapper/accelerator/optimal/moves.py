"""What can be changed about decisions without moving more bytes, most promising first."""

from collections.abc import Iterator
from dataclasses import replace

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.layers import AddLayer, ProductLayer, TableLayer
from mapper.accelerator.optimal.bands import even_heights
from mapper.accelerator.tiles import MOST_ROWS, Cutting, Outer, cut_by, most_filters

__all__ = ["joined", "moves_of", "overlaid", "streams"]

_END_PARTS = (2, 4, 8)
"""The last tile is cut into one of its so manieth part, and the rest."""


def moves_of(decisions: Decisions, number: int, accelerator: Accelerator) -> Iterator[Decisions]:
    """Decisions that differ in one layer.

    Parameters
    ----------
    decisions : Decisions
    number : int
        Of the layer.
    accelerator : Accelerator
    """
    layer = decisions.layers[number]
    if streams(decisions, number):
        yield replace(decisions, turns={**decisions.turns, number: 3 - decisions.turns[number]})
    if not isinstance(layer, ProductLayer):
        yield from _staged(decisions, number)
        return
    old = decisions.cuts[number]
    form = decisions.readings[number, layer.source].form
    for cutting in dict.fromkeys(_cuttings(old.cutting, layer, accelerator)):
        if cutting == old.cutting:
            continue
        try:
            cut = cut_by(layer, form, accelerator, cutting)
        except UserError:
            continue
        yield replace(decisions, cuts={**decisions.cuts, number: cut})


def streams(decisions: Decisions, number: int) -> bool:
    """Whether a layer needs room for tiles."""
    return decisions.makings[number].place is None or any(
        decisions.readings[number, value].place is None
        for value in decisions.layers[number].sources
    )


def _staged(decisions: Decisions, number: int) -> Iterator[Decisions]:
    """The layer apart from those before it in its stage, or together with the stage before."""
    stages = list(decisions.stages)
    at = decisions.stage_of[number]
    inside = stages[at].index(number)
    if inside:
        stages[at : at + 1] = [stages[at][:inside], stages[at][inside:]]
        yield replace(decisions, stages=tuple(stages))
    else:
        yield from joined(decisions, number)


def joined(decisions: Decisions, number: int) -> Iterator[Decisions]:
    """The stage that a layer of the vector unit begins, together with the one before."""
    stages = list(decisions.stages)
    at = decisions.stage_of[number]
    if at == 0 or stages[at][0] != number:
        return
    stages[at - 1 : at + 1] = [(*stages[at - 1], *stages[at])]
    other = replace(decisions, stages=tuple(stages))
    if not _is_overwritten_early(other):
        yield other


def overlaid(decisions: Decisions, number: int) -> Iterator[Decisions]:
    """An elementwise layer with its result in the place of an operand that is read last by it."""
    layer, made = decisions.layers[number], decisions.makings[number]
    if not isinstance(layer, AddLayer | TableLayer) or made.place is None:
        return
    places = {value: decisions.readings[number, value].place for value in layer.sources}
    if made.place in places.values():
        return
    images = {entry.target: entry.geometry.target for entry in decisions.layers}
    for value, place in places.items():
        last = max(
            other for (other, _), entry in decisions.readings.items() if entry.place == place
        )
        alike = images.get(value) == layer.geometry.target
        if place is None or last != number or not alike:
            continue
        other = replace(
            decisions,
            readings={
                key: replace(entry, place=place) if entry.place == made.place else entry
                for key, entry in decisions.readings.items()
            },
            makings={
                key: replace(entry, place=place) if entry.place == made.place else entry
                for key, entry in decisions.makings.items()
            },
        )
        if not _is_overwritten_early(other):
            yield other


def _is_overwritten_early(decisions: Decisions) -> bool:
    """Whether a layer writes over rows that another one of its stage reads as well."""
    stage_of = decisions.stage_of
    for (number, value), reading in decisions.readings.items():
        if reading.place is None or reading.place != decisions.makings[number].place:
            continue
        if any(
            other != number
            and key == value
            and entry.place == reading.place
            and stage_of[other] == stage_of[number]
            for (other, key), entry in decisions.readings.items()
        ):
            return True
    return False


def _cuttings(old: Cutting, layer: ProductLayer, accelerator: Accelerator) -> Iterator[Cutting]:
    for heights in dict.fromkeys(_heights(old.heights)):
        yield from _fitted(replace(old, heights=heights), layer, accelerator)
    blocks = layer.geometry.target.blocks(accelerator.lanes)
    for count in range(1, blocks + 1):
        group = -(-blocks // count)
        if group <= most_filters(accelerator):
            yield from _fitted(replace(old, group=group), layer, accelerator)
    yield replace(old, together=not old.together)
    other = Outer.FILTERS if old.outer is Outer.TILES else Outer.TILES
    yield replace(old, outer=other)


def _fitted(cutting: Cutting, layer: ProductLayer, accelerator: Accelerator) -> Iterator[Cutting]:
    """The cutting with as many columns as accumulators hold, if that is any."""
    bank = accelerator.sizes.accumulators // accelerator.accumulator_banks
    most = max(cutting.heights)
    columns = min(layer.geometry.target.width, bank // (most * cutting.group))
    if columns and most <= MOST_ROWS:
        yield replace(cutting, columns=columns)


def _heights(old: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Other heights of tiles."""
    height, count = sum(old), len(old)
    # A small end leaves little to do when sums are complete; a small beginning starts early.
    for part in _END_PARTS:
        end, begin = -(-old[-1] // part), -(-old[0] // part)
        if end < old[-1]:
            yield (*old[:-1], old[-1] - end, end)
        if begin < old[0]:
            yield (begin, old[0] - begin, *old[1:])
    if count > 1:
        yield (*old[:-2], old[-2] + old[-1])
        yield (old[0] + old[1], *old[2:])
        for shift in (1, 2):
            if old[-1] > shift:
                yield (*old[:-2], old[-2] + shift, old[-1] - shift)
            if old[-2] > shift:
                yield (*old[:-2], old[-2] - shift, old[-1] + shift)
            if old[0] > shift:
                yield (old[0] - shift, old[1] + shift, *old[2:])
    for other in (count - 1, count + 1, 2 * count, 1, 2, 3, 4):
        if 1 <= other <= height:
            yield even_heights(height, other)
