"""The greedy mapper: what stays in activation memory as long as there is room, and what goes."""

from collections.abc import Hashable
from functools import cached_property

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from mapper.accelerator.arrangement import TileRoom, arrange, kept_items
from mapper.accelerator.cuts import cut_layers
from mapper.accelerator.decisions import Decisions, Making, Reading
from mapper.accelerator.formats import Format, formats, loading
from mapper.accelerator.layers import AddLayer, Layer, Network, ProductLayer, TableLayer
from mapper.accelerator.order import ordered, stages_of
from mapper.accelerator.placement import Item, NoRoomError
from mapper.accelerator.tiles import MOST_ROWS

__all__ = ["decide_greedily"]

_VALUE, _COPY = "value", "copy"
"""What places are for: a value that layers make, or an input."""

_LEAST_SHARE = 4
"""Tiles are made smaller by this much before a value goes to DRAM."""


def decide_greedily(network: Network, accelerator: Accelerator) -> Decisions:
    """Keep values in local memory as long as there is room; the largest go to DRAM.

    Raises
    ------
    UserError
        If a layer does not fit even row by row.
    """
    layers = ordered(network.layers)
    for together, turns in ((True, 2), (False, 2), (False, 1)):
        try:
            return _fitting(network, accelerator, layers, together, turns)
        except NoRoomError as error:
            item = error.item
    layer = layers[item.first]
    raise UserError(
        f"operator {layer.name!r} ({layer.kind}): activation_bytes={accelerator.activation_bytes}"
        " has no room for a row of its output and what that is made of"
    )


def _fitting(
    network: Network,
    accelerator: Accelerator,
    layers: tuple[Layer, ...],
    together: bool,
    turns: int,
) -> Decisions:
    """Decisions for which there is room.

    Parameters
    ----------
    together : bool
        Whether the vector unit goes on with results of products at once.
    turns : int
        Places for tiles that go to DRAM or come from there.

    Raises
    ------
    NoRoomError
        If there is none.
    """
    streamed: frozenset[int] = frozenset()
    in_place: frozenset[int] = frozenset()
    stages = stages_of(layers) if together else tuple((i,) for i in range(len(layers)))
    share = 1
    while True:
        planner = _Planner(network, accelerator, layers, stages, streamed, in_place, share, turns)
        try:
            decisions = planner.decisions()
            arrange(network, accelerator, decisions)
            return decisions
        except NoRoomError as error:
            more = planner.could_be_in_place(error.item)
            if more is not None:
                in_place |= {more}
                continue
            victim = planner.victim(error.item)
            of_a_tile = isinstance(error.item.key, TileRoom)
            if victim is None or (of_a_tile and share < _LEAST_SHARE):
                share *= 2
                if share > accelerator.sizes.activations:
                    raise
            else:
                streamed, share = streamed | {victim}, 1


class _Planner:
    def __init__(
        self,
        network: Network,
        accelerator: Accelerator,
        layers: tuple[Layer, ...],
        stages: tuple[tuple[int, ...], ...],
        streamed: frozenset[int],
        in_place: frozenset[int],
        share: int,
        turns: int,
    ) -> None:
        self._network = network
        self._accelerator = accelerator
        self._lanes = accelerator.lanes
        self._layers = layers
        self._streamed = streamed
        self._share = share
        self._stages = stages
        self._turns = turns
        self._stage_of = {layer: i for i, stage in enumerate(self._stages) for layer in stage}
        self._forms = {
            (number, value): self._form(layer, value)
            for number, layer in enumerate(layers)
            for value in layer.sources
        }
        self._readers: dict[int, list[int]] = {}
        for number, value in self._forms:
            self._readers.setdefault(value, []).append(number)
        self._in_place = in_place
        # The value in whose place another one lies.
        self._roots: dict[int, int] = {}
        for number in sorted(in_place):
            dying = self._dying_source(number)
            if dying is not None:
                self._roots[layers[number].target] = self._roots.get(dying, dying)

    def _form(self, layer: Layer, value: int) -> Format:
        joins = isinstance(layer, ProductLayer) and layer.joins
        plain, best = formats(layer.geometry, self._lanes, diagonal=not joins)
        from_dram = self._network.values[value].is_input or value in self._streamed
        return best if from_dram else plain

    def decisions(self) -> Decisions:
        """Everything, whether it fits or not."""
        rows = {number: self._fitting_rows(number) for number in range(len(self._layers))}
        return Decisions(
            layers=self._layers,
            stages=self._stages,
            readings=self._readings,
            makings=self._makings,
            cuts=cut_layers(
                self._network,
                self._accelerator,
                self._layers,
                self._stages,
                self._readings,
                self._makings,
                rows,
            ),
            heights={
                number: _portions(layer.geometry.target.height, rows[number])
                for number, layer in enumerate(self._layers)
                if not isinstance(layer, ProductLayer)
            },
            turns=dict.fromkeys(range(len(self._layers)), self._turns),
        )

    def could_be_in_place(self, item: Item) -> int | None:
        """A layer whose result could lie in place of a source, at the time of an item."""
        for number in range(len(self._layers)):
            stage = self._stage_of[number]
            if (
                number not in self._in_place
                and item.first <= stage <= item.last
                and self._dying_source(number) is not None
            ):
                return number
        return None

    def _dying_source(self, number: int) -> int | None:
        """What an elementwise layer alone reads last, so that it may write there."""
        layer = self._layers[number]
        if not isinstance(layer, AddLayer | TableLayer) or layer.target in self._streamed:
            return None
        stage = self._stage_of[number]
        for value in layer.sources:
            others = [self._stage_of[i] for i in self._readers[value] if i != number]
            kept = value not in self._streamed and not self._network.values[value].is_input
            if kept and all(other < stage for other in others):
                return value
        return None

    def victim(self, item: Item) -> int | None:
        """The largest value in local memory at the time of an item that found no room.

        Of equal ones the last: every other value of a chain goes.
        """
        live = [
            (entry.words, entry.key[1])
            for entry in self._kept
            if entry.first <= item.last and item.first <= entry.last
        ]
        return max(live)[1] if live else None

    def _fitting_rows(self, number: int) -> int:
        """Output rows that there is room for where not all are kept."""
        layer = self._layers[number]
        geometry = layer.geometry
        height = geometry.target.height
        inputs = [
            self._forms[number, value].row_words
            for value in layer.sources
            if value in self._streamed
        ]
        target_words = geometry.target.row_words(self._lanes)
        outputs = target_words if layer.target in self._streamed else 0
        if not inputs and not outputs:
            return height
        budget = self._budget(self._stage_of[number])
        low, high = 1, height
        while low < high:
            rows = (low + high + 1) // 2
            words = self._turns * (geometry.most_rows_read(rows) * sum(inputs) + rows * outputs)
            low, high = (rows, high) if words <= budget else (low, rows - 1)
        return low

    def _budget(self, stage: int) -> int:
        """Words for tiles of each layer of a stage that has any."""
        kept = sum(item.words for item in self._kept if item.first <= stage <= item.last)
        layers = sum(
            not self._streamed.isdisjoint((*layer.sources, layer.target))
            for layer in (self._layers[number] for number in self._stages[stage])
        )
        words = self._accelerator.sizes.activations
        # Half at most, so that what comes and what goes find different banks.
        return max(min(words - kept, words // 2) // layers // self._share, 1)

    @cached_property
    def _kept(self) -> list[Item]:
        """Values and inputs that are in activation memory as long as they are needed."""
        return kept_items(
            self._network,
            self._lanes,
            self._layers,
            self._stage_of,
            self._readings,
            self._makings,
        )

    @cached_property
    def _readings(self) -> dict[tuple[int, int], Reading]:
        readings = {}
        for (number, value), form in self._forms.items():
            if value in self._streamed:
                readings[number, value] = Reading(form=form)
                continue
            is_input = self._network.values[value].is_input
            place = self._place(number, value)
            readings[number, value] = Reading(form=form, place=place, loaded=is_input)
        return readings

    @cached_property
    def _makings(self) -> dict[int, Making]:
        makings = {}
        for number, layer in enumerate(self._layers):
            stays = layer.target not in self._streamed
            makings[number] = Making(
                place=self._place(number, layer.target) if stays else None,
                stored=not stays or self._network.values[layer.target].is_output,
            )
        return makings

    def _place(self, number: int, value: int) -> Hashable:
        """Name of the place where a layer reads or makes a value."""
        if self._network.values[value].is_input:
            form, layer = self._forms[number, value], self._layers[number]
            # Padding in a word is part of what is loaded.
            padding = layer.pad_value if isinstance(layer, ProductLayer) else 0
            return (_COPY, value, loading(form), padding if form.columns > 1 else 0)
        return (_VALUE, self._roots.get(value, value))


def _portions(height: int, most: int) -> tuple[int, ...]:
    """So many rows at a time."""
    most = min(most, MOST_ROWS)
    return tuple(min(most, height - first) for first in range(0, height, most))
