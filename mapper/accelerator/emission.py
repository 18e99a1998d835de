"""The instructions of a plan, in program order, without constants and tokens."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.instructions import Add, Instruction, Table
from golden.accelerator.interpreter import PARAMETER_WORDS
from mapper.accelerator.actions import Action, Home, PieceUse
from mapper.accelerator.formats import scaling_words, table_words, weight_words
from mapper.accelerator.layers import AddLayer, Image, Network, PoolLayer, ProductLayer, TableLayer
from mapper.accelerator.operations import (
    Rows,
    gemm,
    load_rows,
    needed_rows,
    pool,
    requantize,
    store_rows,
)
from mapper.accelerator.plan import Plan, Source
from mapper.accelerator.tiles import Step, parameter_groups

__all__ = ["emit"]


def emit(
    network: Network, plan: Plan, accelerator: Accelerator, homes: Mapping[int, Home]
) -> tuple[list[Action], dict[object, NDArray[np.int8]]]:
    """Actions, and constants by name: shape (words, lanes) each.

    Parameters
    ----------
    network : Network
    plan : Plan
    accelerator : Accelerator
    homes : mapping of int to Home
        Of values that are ever in DRAM.
    """
    emitter = _Emitter(network, plan, accelerator, homes)
    for stage in range(len(plan.stages)):
        emitter.stage(stage)
    return emitter.actions, emitter.pieces


class _Emitter:
    def __init__(
        self, network: Network, plan: Plan, accelerator: Accelerator, homes: Mapping[int, Home]
    ) -> None:
        self._network = network
        self._plan = plan
        self._accelerator = accelerator
        self._lanes = accelerator.lanes
        self._homes = homes
        self._bank_words = accelerator.sizes.accumulators // accelerator.accumulator_banks
        self._bank = 0
        self._made = dict.fromkeys((layer.target for layer in plan.layers), 0)
        self._copied: dict[object, int] = {}
        self._turns: dict[object, int] = {}
        self._stage = 0
        self._layer = 0
        self.actions: list[Action] = []
        self.pieces: dict[object, NDArray[np.int8]] = {}

    def stage(self, stage: int) -> None:
        """Layers that are computed together."""
        self._stage = stage
        first, *others = self._plan.stages[stage]
        if not isinstance(self._plan.layers[first], ProductLayer):
            self._advance((first, *others))
            return
        for _ in self._product(first):
            self._advance(others)

    def _add(
        self,
        instruction: Instruction,
        *,
        weights: PieceUse | None = None,
        parameters: PieceUse | None = None,
        value: int | None = None,
        moved: tuple[int, Hashable] | None = None,
    ) -> None:
        self.actions.append(
            Action(
                instruction=instruction,
                layer=self._layer,
                stage=self._stage,
                weights=weights,
                parameters=parameters,
                value=value,
                moved=moved,
            )
        )

    # Products.

    def _product(self, number: int) -> Iterator[None]:
        """A layer with products; yields after each step."""
        layer, cut = self._plan.layers[number], self._plan.cuts[number]
        assert isinstance(layer, ProductLayer)
        self._layer = number
        self._prepare(number, layer)
        rows = self._source_rows(number, layer.source, cut.steps[0].tile.rows)
        target_word = 0
        for index, step in enumerate(cut.steps):
            self._layer = number
            accumulators = self._bank * self._bank_words
            self._bank = (self._bank + 1) % self._accelerator.accumulator_banks
            self._gemms(number, layer, step, rows, accumulators)
            before = cut.steps[index - 1].tile.rows if index else None
            if step.tile.rows != before:
                target_word = self._target_word(number, step.tile.rows)
            if index + 1 < len(cut.steps):
                ahead = cut.steps[index + 1].tile.rows
                if ahead != step.tile.rows:
                    rows = self._source_rows(number, layer.source, ahead)
            self._requantize(number, layer, step, accumulators, target_word)
            if step.last and step.tile.columns.stop == layer.geometry.target.width:
                self._complete(number, step.tile.rows, target_word)
            yield

    def _prepare(self, number: int, layer: ProductLayer) -> None:
        """Constants of a layer."""
        cut = self._plan.cuts[number]
        form = self._plan.sources[number, layer.source].form
        for index, piece in enumerate(cut.pieces):
            words = [weight_words(layer, form, cut.parts[part], self._lanes) for part in piece]
            self.pieces["weights", number, index] = np.concatenate(words)
        parameters = scaling_words(layer.scaling, self._lanes)
        for start, filters in self._parameter_pieces(number).items():
            run = slice(PARAMETER_WORDS * filters.start, PARAMETER_WORDS * filters.stop)
            self.pieces["parameters", number, start] = parameters[run]

    def _parameter_pieces(self, number: int) -> dict[int, range]:
        """Filters whose parameters are loaded together, by their first."""
        return parameter_groups(self._plan.cuts[number], self._accelerator)

    def _gemms(
        self, number: int, layer: ProductLayer, step: Step, rows: Rows, accumulators: int
    ) -> None:
        cut = self._plan.cuts[number]
        form = self._plan.sources[number, layer.source].form
        for index, which in enumerate(step.parts):
            part = cut.parts[which]
            piece = next(i for i, parts in enumerate(cut.pieces) if which in parts)
            offset = sum(
                cut.parts[other].words(layer, form, self._lanes)
                for other in cut.pieces[piece]
                if other < which
            )
            self._add(
                gemm(
                    layer,
                    form,
                    part,
                    step.tile,
                    rows,
                    lanes=self._lanes,
                    target=accumulators,
                    accumulate=index > 0,
                ),
                weights=PieceUse(("weights", number, piece), offset),
            )

    def _requantize(
        self, number: int, layer: ProductLayer, step: Step, accumulators: int, word: int
    ) -> None:
        starts = self._parameter_pieces(number)
        start = step.filters.start if step.filters.start in starts else 0
        self._add(
            requantize(
                layer, step.tile, step.filters, lanes=self._lanes, source=accumulators, row=word
            ),
            parameters=PieceUse(
                ("parameters", number, start), PARAMETER_WORDS * (step.filters.start - start)
            ),
            value=layer.target,
        )

    # What the vector unit does.

    def _advance(self, numbers: Iterable[int]) -> None:
        """Make all rows that can be made by now."""
        for number in numbers:
            self._layer = number
            layer = self._plan.layers[number]
            geometry = layer.geometry
            ready = min(
                geometry.rows_made(self._available(value, geometry.source))
                for value in layer.sources
            )
            while self._made[layer.target] < ready:
                start = self._made[layer.target]
                end = start + self._portion(number, start)
                self._vector(number, range(start, min(end, ready)))

    def _portion(self, number: int, start: int) -> int:
        """Rows that are made at a time from one on."""
        heights = self._plan.heights[number]
        starts = accumulate(heights, initial=0)
        return dict(zip(starts, heights, strict=False)).get(start, max(heights))

    def _available(self, value: int, image: Image) -> int:
        """Rows of a value that are there; all or none where it is looked at in another shape."""
        made = self._made.get(value)
        whole = self._network.values[value].image
        if made is None or made == whole.height:
            return image.height
        return made if whole == image else 0

    def _vector(self, number: int, rows: range) -> None:
        layer = self._plan.layers[number]
        sources = {value: self._source_rows(number, value, rows) for value in layer.sources}
        target = self._target_word(number, rows)
        count = len(rows) * layer.geometry.target.row_words(self._lanes)

        def word(value: int) -> int:
            source = sources[value]
            row_words = self._plan.sources[number, value].form.row_words
            return source.word + (rows.start - source.first) * row_words

        match layer:
            case AddLayer():
                self.pieces["parameters", number, 0] = scaling_words(layer.scaling, self._lanes)
                self._add(
                    Add(
                        first=word(layer.first),
                        second=word(layer.second),
                        target=target,
                        words=count,
                        zero_point=layer.zero_point,
                        low=layer.low,
                        high=layer.high,
                    ),
                    parameters=PieceUse(("parameters", number, 0), 0),
                    value=layer.target,
                )
            case TableLayer():
                self.pieces["parameters", number, 0] = table_words(layer.table, self._lanes)
                self._add(
                    Table(source=word(layer.source), target=target, words=count),
                    parameters=PieceUse(("parameters", number, 0), 0),
                    value=layer.target,
                )
            case PoolLayer():
                form = self._plan.sources[number, layer.source].form
                made = pool(
                    layer, form, sources[layer.source], rows, lanes=self._lanes, target=target
                )
                self._add(made, value=layer.target)
        self._complete(number, rows, target)

    # Rows in local memory.

    def _turn(self, key: object, words: tuple[int, ...]) -> int:
        """The next of one or two places."""
        turn = self._turns.get(key, 0)
        self._turns[key] = (turn + 1) % len(words)
        return words[turn]

    def _target_word(self, number: int, rows: range) -> int:
        """Word of the first of some rows of a result."""
        target = self._plan.targets[number]
        if target.streamed:
            return self._turn(("target", number), target.words)
        image = self._plan.layers[number].geometry.target
        return target.words[0] + rows.start * image.row_words(self._lanes)

    def _complete(self, number: int, rows: range, word: int) -> None:
        """Rows of a result are complete; take them to DRAM if they are wanted there."""
        layer = self._plan.layers[number]
        value, image = layer.target, layer.geometry.target
        self._made[value] = rows.stop
        if self._plan.targets[number].stored:
            home = self._homes[value]
            self._add(
                store_rows(image, home, rows, lanes=self._lanes, word=word),
                value=value,
                moved=(value, self._plan.targets[number].place),
            )

    def _source_rows(self, number: int, value: int, rows: range) -> Rows:
        """What some output rows are made of; loaded if need be."""
        layer = self._plan.layers[number]
        source = self._plan.sources[number, value]
        needed = needed_rows(layer.geometry, rows)
        first, end = needed.start, needed.stop
        row_words = source.form.row_words
        if source.streamed:
            word = self._turn(("source", number, value), source.words)
            self._load(number, value, source, range(first, end), word)
            return Rows(word, first, end - first)
        if source.loaded:
            done = self._copied.get(source.place, 0)
            wanted = end
            if rows.stop == layer.geometry.target.height:
                wanted = max(end, source.rows)
            if done < wanted:
                word = source.words[0] + done * row_words
                self._load(number, value, source, range(done, wanted), word)
                self._copied[source.place] = wanted
        return Rows(source.words[0] + first * row_words, first, end - first)

    def _load(self, number: int, value: int, source: Source, rows: range, word: int) -> None:
        layer = self._plan.layers[number]
        pad_value = layer.pad_value if isinstance(layer, ProductLayer) else 0
        image, home = layer.geometry.source, self._homes[value]
        self._add(
            load_rows(image, source.form, home, rows, word=word, pad_value=pad_value),
            moved=(value, source.place),
        )
