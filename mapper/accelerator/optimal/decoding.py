"""From a solution of the integer program to decisions."""

from collections.abc import Hashable

from mapper.accelerator.decisions import Decisions, Making, Reading
from mapper.accelerator.layers import ProductLayer
from mapper.accelerator.optimal.options import Left, Read
from mapper.accelerator.optimal.residency import Choice
from mapper.accelerator.optimal.space import Space
from mapper.accelerator.tiles import cut_by

__all__ = ["decoded"]


def decoded(space: Space, choice: Choice) -> Decisions:
    """The decisions that a choice stands for."""
    order = choice.setting.order
    position = {layer: number for number, layer in enumerate(order)}
    places = _places(space, choice)
    readings, makings, cuts, heights = {}, {}, {}, {}
    for layer in order:
        number, entry, option = position[layer], space.layers[layer], choice.options[layer]
        reads, left = option.modes
        for value, read in zip(entry.sources, reads, strict=True):
            forms = space.forms[layer, value]
            if read is Read.STREAMED:
                readings[number, value] = Reading(form=forms.streamed)
                continue
            access = choice.accesses[value].index(layer)
            readings[number, value] = Reading(
                form=forms.kept,
                place=places[value, access],
                loaded=_is_loaded(choice, value, access, space.values[value].is_made),
                rows=forms.rows,
            )
        makings[number] = Making(
            place=None if left is Left.STREAMED else places[entry.target, 0],
            stored=left is not Left.KEPT,
        )
        if isinstance(entry, ProductLayer):
            assert option.cutting is not None
            form = readings[number, entry.source].form
            cuts[number] = cut_by(entry, form, space.accelerator, option.cutting)
        else:
            heights[number] = option.heights
    return Decisions(
        layers=tuple(space.layers[layer] for layer in order),
        stages=tuple(tuple(position[layer] for layer in stage) for stage in choice.setting.stages),
        readings=readings,
        makings=makings,
        cuts=cuts,
        heights=heights,
        turns=dict.fromkeys(range(len(order)), choice.setting.turns),
    )


def _places(space: Space, choice: Choice) -> dict[tuple[int, int], Hashable]:
    """Names of the places where values are held, by value and access."""
    places: dict[tuple[int, int], Hashable] = {}
    for layer in choice.setting.order:
        entry = space.layers[layer]
        for value in (*entry.sources, entry.target):
            access = choice.accesses[value].index(layer)
            if not choice.held[value][access]:
                continue
            if access and choice.stays[value][access - 1]:
                places[value, access] = places[value, access - 1]
            elif value == entry.target and layer in choice.in_place:
                over = choice.in_place[layer]
                places[value, access] = places[over, choice.accesses[over].index(layer)]
            else:
                places[value, access] = ("held", value, access)
    return places


def _is_loaded(choice: Choice, value: int, access: int, is_made: bool) -> bool:
    """Whether what is held came from DRAM."""
    begin = access
    while begin and choice.stays[value][begin - 1]:
        begin -= 1
    return begin > 0 or not is_made
