"""From decisions to a plan: what needs room when, and where it lies."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from golden.accelerator.description import Accelerator
from mapper.accelerator.decisions import Decisions, Making, Reading
from mapper.accelerator.layers import Layer, Network, ProductLayer
from mapper.accelerator.placement import Fit, Item, place
from mapper.accelerator.plan import Plan, Source, Target

__all__ = ["TileRoom", "arrange", "kept_items", "tile_items"]


@dataclass(frozen=True)
class TileRoom:
    """Name of the room for tiles of a value.

    Parameters
    ----------
    layer, value : int
    turn : int
        Of two places that are used in turn.
    """

    layer: int
    value: int
    turn: int


def arrange(
    network: Network, accelerator: Accelerator, decisions: Decisions, fit: Fit = Fit.FIRST
) -> Plan:
    """Give everything its place.

    Raises
    ------
    NoRoomError
        If there is no room for something.
    """
    lanes = accelerator.lanes
    layers, stage_of = decisions.layers, decisions.stage_of
    items = [
        *kept_items(network, lanes, layers, stage_of, decisions.readings, decisions.makings),
        *tile_items(lanes, decisions),
    ]
    places = place(items, accelerator.sizes.activations, accelerator.activation_banks, fit)
    return Plan(
        layers=layers,
        stages=decisions.stages,
        cuts=decisions.cuts,
        heights=decisions.heights,
        sources={
            (number, value): Source(
                form=reading.form,
                words=_words(decisions, places, reading.place, number, value),
                streamed=reading.place is None,
                loaded=reading.loaded,
                place=reading.place,
                rows=reading.rows,
            )
            for (number, value), reading in decisions.readings.items()
        },
        targets={
            number: Target(
                words=_words(decisions, places, making.place, number, layers[number].target),
                streamed=making.place is None,
                stored=making.stored,
                place=making.place,
            )
            for number, making in decisions.makings.items()
        },
        replaced=_replaced(decisions),
        items=tuple(items),
        places=places,
    )


def _words(
    decisions: Decisions,
    places: Mapping[Hashable, int],
    name: Hashable,
    number: int,
    value: int,
) -> tuple[int, ...]:
    if name is not None:
        return (places[name],)
    turns = range(decisions.turns[number])
    return tuple(places[TileRoom(number, value, turn)] for turn in turns)


def _replaced(decisions: Decisions) -> frozenset[int]:
    """Values of which rows are overwritten before the last ones are made."""
    stage_of = decisions.stage_of
    makers = {layer.target: number for number, layer in enumerate(decisions.layers)}
    found = set()
    for (number, value), reading in decisions.readings.items():
        over = reading.place is not None and reading.place == decisions.makings[number].place
        if over and value in makers and stage_of[makers[value]] == stage_of[number]:
            found.add(value)
    return frozenset(found)


def kept_items(
    network: Network,
    lanes: int,
    layers: Sequence[Layer],
    stage_of: Mapping[int, int],
    readings: Mapping[tuple[int, int], Reading],
    makings: Mapping[int, Making],
) -> list[Item]:
    """Room for all that is in activation memory as a whole."""
    readers: dict[Hashable, list[tuple[int, int]]] = {}
    makers: dict[Hashable, list[int]] = {}
    for number, layer in enumerate(layers):
        for value in layer.sources:
            name = readings[number, value].place
            if name is not None:
                readers.setdefault(name, []).append((number, value))
        if makings[number].place is not None:
            makers.setdefault(makings[number].place, []).append(number)
    items = []
    for name in (*makers, *(name for name in readers if name not in makers)):
        reading = _reading(layers, stage_of, [number for number, _ in readers.get(name, [])])
        made = {stage_of[number] for number in makers.get(name, [])}
        read = {stage_of[number] for number, _ in readers.get(name, [])}
        if made:
            value = layers[makers[name][0]].target
            words = network.values[value].image.words(lanes)
            loaded, written = frozenset[int](), frozenset(made)
            if any(makings[number].stored for number in makers[name]):
                reading["processed"] |= made
        else:
            first, value = readers[name][0]
            height = layers[first].geometry.source.height
            words = readings[first, value].form.row_words * height
            loaded, written = frozenset((min(read),)), frozenset[int]()
        items.append(
            Item(
                key=name,
                words=words,
                first=min(made | read),
                last=max(made | read),
                loaded=loaded,
                written=written,
                **reading,
            )
        )
    return items


def tile_items(lanes: int, decisions: Decisions) -> list[Item]:
    """Room for tiles that come from DRAM or go there."""
    items = []
    for number, layer in enumerate(decisions.layers):
        stage = decisions.stage_of[number]
        rows, turns = decisions.tile_rows(number), range(decisions.turns[number])
        geometry = layer.geometry
        for value in layer.sources:
            reading = decisions.readings[number, value]
            if reading.place is None:
                items += [
                    Item(
                        key=TileRoom(number, value, turn),
                        words=geometry.most_rows_read(rows) * reading.form.row_words,
                        first=stage,
                        last=stage,
                        loaded=frozenset((stage,)),
                        **_reading(decisions.layers, decisions.stage_of, [number]),
                    )
                    for turn in turns
                ]
        if decisions.makings[number].place is None:
            items += [
                Item(
                    key=TileRoom(number, layer.target, turn),
                    words=rows * geometry.target.row_words(lanes),
                    first=stage,
                    last=stage,
                    written=frozenset((stage,)),
                    processed=frozenset((stage,)),
                )
                for turn in turns
            ]
    return items


def _reading(
    layers: Sequence[Layer], stage_of: Mapping[int, int], numbers: Sequence[int]
) -> dict[str, Any]:
    """Stages in which the units read something that these layers read."""
    stages: dict[bool, set[int]] = {True: set(), False: set()}
    for number in numbers:
        stages[isinstance(layers[number], ProductLayer)].add(stage_of[number])
    return {"executed": frozenset(stages[True]), "processed": frozenset(stages[False])}
