"""How a plan is made: what stays in activation memory, and what goes to DRAM."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from mapper.accelerator.formats import Format, formats
from mapper.accelerator.layers import AddLayer, Layer, Network, ProductLayer, TableLayer
from mapper.accelerator.order import ordered, stages_of
from mapper.accelerator.placement import Item, NoRoomError, place
from mapper.accelerator.plan import Plan, Source, Target
from mapper.accelerator.tiles import Cut, cut_layer

__all__ = ["make_plan"]

_VALUE, _COPY, _SOURCE, _TARGET = "value", "copy", "source", "target"
"""What items are: a value, an input, and room for tiles of either."""

_LEAST_SHARE = 4
"""Tiles are made smaller by this much before a value goes to DRAM."""

_ADD_CYCLES = 3
"""Of the vector unit, for a word."""


def make_plan(network: Network, accelerator: Accelerator) -> Plan:
    """Keep values in local memory as long as there is room; the largest go to DRAM.

    Raises
    ------
    UserError
        If a layer does not fit even row by row.
    """
    layers = ordered(network.layers)
    for together, turns in ((True, 2), (False, 2), (False, 1)):
        try:
            return _fitting_plan(network, accelerator, layers, together, turns)
        except NoRoomError as error:
            item = error.item
    layer = layers[item.first]
    raise UserError(
        f"operator {layer.name!r} ({layer.kind}): activation_bytes={accelerator.activation_bytes}"
        " has no room for a row of its output and what that is made of"
    )


def _fitting_plan(
    network: Network,
    accelerator: Accelerator,
    layers: tuple[Layer, ...],
    together: bool,
    turns: int,
) -> Plan:
    """A plan.

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
            return planner.plan()
        except NoRoomError as error:
            more = planner.could_be_in_place(error.item)
            if more is not None:
                in_place |= {more}
                continue
            victim = planner.victim(error.item)
            of_a_tile = error.item.key[0] in (_SOURCE, _TARGET)
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
        self._cuts: dict[int, Cut] = {}
        self._rows: dict[int, int] = {}

    def _form(self, layer: Layer, value: int) -> Format:
        diagonal = not isinstance(layer, ProductLayer) or layer.diagonal
        plain, best = formats(layer.geometry, self._lanes, diagonal=diagonal)
        from_dram = self._network.values[value].is_input or value in self._streamed
        return best if from_dram else plain

    def plan(self) -> Plan:
        """Everything, if it fits.

        Raises
        ------
        NoRoomError
            If it does not.
        """
        self._cut()
        places = place(
            self._items(), self._accelerator.sizes.activations, self._accelerator.activation_banks
        )
        return Plan(
            layers=self._layers,
            stages=self._stages,
            cuts=self._cuts,
            rows=self._rows,
            sources={key: self._source(*key, places) for key in self._forms},
            targets={number: self._target(number, places) for number in range(len(self._layers))},
            streamed=self._streamed,
            replaced=self._replaced(),
        )

    def _replaced(self) -> frozenset[int]:
        """Values of which rows are overwritten before the last ones are made."""
        makers = {layer.target: number for number, layer in enumerate(self._layers)}
        found = {}
        for number in self._in_place:
            value = self._dying_source(number)
            if value is not None and self._stage_of[makers[value]] == self._stage_of[number]:
                found[value] = number
        return frozenset(found)

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

    def _cut(self) -> None:
        before: Cut | None = None
        producer: dict[int, int] = {
            layer.target: number for number, layer in enumerate(self._layers)
        }
        for number, layer in enumerate(self._layers):
            rows = self._fitting_rows(number)
            if not isinstance(layer, ProductLayer):
                self._rows[number] = rows
                continue
            first = 0
            maker = producer.get(layer.source)
            if before is not None and maker is not None:
                stage = self._stage_of[number] - 1
                if maker in self._stages[stage] and self._stages[stage][0] in self._cuts:
                    first = self._rows_in_time(self._stages[stage], maker, layer, before)
            self._cuts[number] = before = cut_layer(
                layer,
                self._forms[number, layer.source],
                self._accelerator,
                most_rows=rows,
                first_rows=first,
                streamed=layer.source in self._streamed or layer.target in self._streamed,
                loaded=self._network.values[layer.source].is_input,
                vector_cycles=self._vector_cycles(number),
                awaited=self._is_awaited(number),
            )

    def _vector_cycles(self, number: int) -> int:
        """About what the vector unit takes for a word of results, and what it makes of them."""
        stage = self._stages[self._stage_of[number]]
        additions = sum(isinstance(self._layers[other], AddLayer) for other in stage)
        return 1 + _ADD_CYCLES * additions

    def _is_awaited(self, number: int) -> bool:
        """Whether what follows reads all rows at once, or is the end."""
        stage = self._stage_of[number]
        following = self._stages[stage][1:]
        if stage + 1 == len(self._stages):
            return True
        geometries = [
            self._layers[other].geometry for other in (*following, self._stages[stage + 1][0])
        ]
        return any(geometry.rows_made(geometry.source.height - 1) == 0 for geometry in geometries)

    def _rows_in_time(
        self, stage: tuple[int, ...], maker: int, layer: ProductLayer, before: Cut
    ) -> int:
        """Output rows that the stage before suffices for before its last tile."""
        available = before.rows_before_last
        for number in stage[1:]:
            if number > maker:
                break
            geometry = self._layers[number].geometry
            available = geometry.rows_made(available)
            if available >= geometry.target.height:
                return 0
        if self._network.values[layer.source].image != layer.geometry.source:
            return 0
        return layer.geometry.rows_made(available) if available else 0

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
            words = self._turns * (self._rows_read(number, rows) * sum(inputs) + rows * outputs)
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

    def _rows_read(self, number: int, rows: int) -> int:
        geometry = self._layers[number].geometry
        reach = (rows - 1) * geometry.stride_y + (geometry.taps_y - 1) * geometry.dilation_y + 1
        return min(reach, geometry.source.height)

    def _tile_rows(self, number: int) -> int:
        return self._cuts[number].most_rows if number in self._cuts else self._rows[number]

    def _items(self) -> list[Item]:
        """All that needs room in activation memory."""
        return [*self._kept, *self._tiles()]

    def _tiles(self) -> list[Item]:
        """Room for tiles of values that lie in DRAM."""
        items = []
        for number, layer in enumerate(self._layers):
            stage = self._stage_of[number]
            rows = self._tile_rows(number)
            for value in layer.sources:
                if value in self._streamed:
                    form = self._forms[number, value]
                    items += [
                        Item(
                            key=(_SOURCE, number, value, turn),
                            words=self._rows_read(number, rows) * form.row_words,
                            first=stage,
                            last=stage,
                            loaded=frozenset((stage,)),
                            **self._reading([number]),
                        )
                        for turn in range(self._turns)
                    ]
            if layer.target in self._streamed:
                items += [
                    Item(
                        key=(_TARGET, number, turn),
                        words=rows * layer.geometry.target.row_words(self._lanes),
                        first=stage,
                        last=stage,
                        written=frozenset((stage,)),
                        processed=frozenset((stage,)),
                    )
                    for turn in range(self._turns)
                ]
        return items

    @cached_property
    def _kept(self) -> list[Item]:
        """Values and inputs that are in activation memory as long as they are needed."""
        values = self._network.values
        readers: dict[tuple[Any, ...], list[int]] = {}
        makers: dict[tuple[Any, ...], list[int]] = {}
        for number, layer in enumerate(self._layers):
            for value in layer.sources:
                if value not in self._streamed:
                    readers.setdefault(self._key(number, value), []).append(number)
            if layer.target not in self._streamed:
                makers.setdefault(self._key(number, layer.target), []).append(number)
        items = []
        for key in (*makers, *(key for key in readers if key not in makers)):
            reading = self._reading(readers.get(key, []))
            made = {self._stage_of[number] for number in makers.get(key, [])}
            read = {self._stage_of[number] for number in readers.get(key, [])}
            if made:
                words = values[key[1]].image.words(self._lanes)
                loaded, written = frozenset[int](), frozenset(made)
                if any(values[self._layers[number].target].is_output for number in makers[key]):
                    reading["processed"] |= made
            else:
                height = self._layers[readers[key][0]].geometry.source.height
                words = key[2].row_words * height
                loaded, written = frozenset((min(read),)), frozenset[int]()
            items.append(
                Item(
                    key=key,
                    words=words,
                    first=min(made | read),
                    last=max(made | read),
                    loaded=loaded,
                    written=written,
                    **reading,
                )
            )
        return items

    def _key(self, number: int, value: int) -> tuple[Any, ...]:
        """Name of the place where a layer reads or makes a value."""
        if self._network.values[value].is_input:
            return _copy(value, self._forms[number, value], self._layers[number])
        return (_VALUE, self._roots.get(value, value))

    def _reading(self, numbers: Sequence[int]) -> dict[str, frozenset[int]]:
        """Stages in which the units read something that these layers read."""
        stages: dict[bool, set[int]] = {True: set(), False: set()}
        for number in numbers:
            product = isinstance(self._layers[number], ProductLayer)
            stages[product].add(self._stage_of[number])
        return {"executed": frozenset(stages[True]), "processed": frozenset(stages[False])}

    def _source(self, number: int, value: int, places: Mapping[object, int]) -> Source:
        form = self._forms[number, value]
        if value in self._streamed:
            words = tuple(places[_SOURCE, number, value, turn] for turn in range(self._turns))
            return Source(form=form, words=words, streamed=True, loaded=False)
        key = self._key(number, value)
        is_input = self._network.values[value].is_input
        return Source(
            form=form,
            words=(places[key],),
            streamed=False,
            loaded=is_input,
            copy=key if is_input else None,
        )

    def _target(self, number: int, places: Mapping[object, int]) -> Target:
        value = self._layers[number].target
        if value in self._streamed:
            words = tuple(places[_TARGET, number, turn] for turn in range(self._turns))
            return Target(words=words, streamed=True)
        return Target(words=(places[self._key(number, value)],), streamed=False)


def _copy(value: int, form: Format, layer: Layer) -> tuple[str, int, Format, int]:
    """Name of an input in local memory; padding in it is part of it."""
    padding = layer.pad_value if isinstance(layer, ProductLayer) and form.columns > 1 else 0
    return (_COPY, value, _loading(form), padding)


def _loading(form: Format) -> Format:
    """What a format says about loading alone."""
    return Format(
        row_words=form.row_words,
        pixel_words=form.pixel_words,
        width=form.width,
        origin_x=0,
        taps_x=1,
        stride_x=1,
        dilation_x=1,
        depth=form.depth,
        columns=form.columns,
        groups=form.groups,
        group_step=form.group_step,
        group_bytes=form.group_bytes,
        pad_left=form.pad_left,
    )
