"""In which ways a layer can be cut, and what each moves and needs room for.

The space, for one way to read each source and to leave the result: all groups of filters as equal
as can be, filters or tiles outermost, and tiles of all heights, with as many columns as there are
accumulators for. Of the cuts with tiles up to some height the one that moves least is found
exactly, heights that differ included; what needs more room and moves no less than another is left
out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.interpreter import PARAMETER_WORDS
from golden.errors import UserError
from mapper.accelerator.formats import Format
from mapper.accelerator.layers import Layer, ProductLayer
from mapper.accelerator.optimal.bands import BandTable
from mapper.accelerator.tiles import (
    MOST_ROWS,
    Cutting,
    Outer,
    cut_by,
    most_filters,
    most_filters_alone,
    parameter_groups,
)
from mapper.accelerator.traffic import vector_constants
from mapper.accelerator.transfers import constant_bytes, load_table, store_table

__all__ = ["Forms", "Left", "Modes", "Option", "Read", "layer_options"]


class Read(Enum):
    """How a layer gets a value.

    KEPT: it is in activation memory as a whole. LOADED: it comes from DRAM, row after row, and is
    there as a whole afterwards. STREAMED: rows are loaded for each tile.
    """

    KEPT = "kept"
    LOADED = "loaded"
    STREAMED = "streamed"


class Left(Enum):
    """Where a layer leaves its value: in activation memory, in DRAM as well, or there alone."""

    KEPT = "kept"
    COPIED = "copied"
    STREAMED = "streamed"


Modes: TypeAlias = tuple[tuple[Read, ...], Left]
"""Of a layer: how it reads each source, in their order, and where it leaves its value."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A way to compute a layer.

    Parameters
    ----------
    modes : tuple
        How it reads each source, and where it leaves its value.
    heights : tuple of int
        Output rows at a time.
    cutting : Cutting, optional
        Of layers with products.
    words : int
        Of activation memory that tiles need, at one place for each.
    bytes : int
        That cross the bus, constants included.
    constants : int
        Of these bytes.
    steps : int
        Tiles and groups of filters that are made one by one.
    """

    modes: Modes
    heights: tuple[int, ...]
    cutting: Cutting | None
    words: int
    bytes: int
    constants: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Forms:
    """Formats in which a layer reads a source.

    Parameters
    ----------
    kept, streamed : Format
        As a whole, and for a tile.
    rows : int
        As many are loaded at least where all are.
    """

    kept: Format
    streamed: Format
    rows: int


def layer_options(
    layer: Layer, forms: Sequence[Forms], modes: Sequence[Modes], accelerator: Accelerator
) -> list[Option]:
    """All options that can be best, for some ways to read sources and leave the result.

    Parameters
    ----------
    layer : Layer
    forms : sequence of Forms
        Of each source.
    modes : sequence of tuple
    accelerator : Accelerator

    Raises
    ------
    UserError
        If not even a single column fits the accumulators.
    """
    maker = _Options(layer, forms, accelerator)
    return [option for entry in modes for option in _undominated(maker.options(entry), accelerator)]


def _undominated(options: Iterator[Option], accelerator: Accelerator) -> list[Option]:
    """Of those that need no more room than another, the ones that move less."""

    def waits(option: Option) -> bool:
        """Whether parameters of a group of filters can not be loaded before they are needed."""
        return option.cutting is not None and option.cutting.group > most_filters(accelerator)

    best: list[Option] = []
    for option in sorted(options, key=lambda o: (o.words, o.bytes, waits(o), o.steps)):
        if not best or option.bytes < best[-1].bytes:
            best.append(option)
    return best


@dataclass(frozen=True, kw_only=True)
class _Constants:
    """Bytes of constants: for each tile, and once."""

    each: int
    once: int


class _Options:
    def __init__(self, layer: Layer, forms: Sequence[Forms], accelerator: Accelerator) -> None:
        self._layer = layer
        self._forms = forms
        self._accelerator = accelerator
        self._target = layer.geometry.target
        self._bands = lru_cache(maxsize=None)(self._banded)
        self._loads = lru_cache(maxsize=None)(self._loaded)
        self._stores = lru_cache(maxsize=None)(self._stored)

    def options(self, modes: Modes) -> Iterator[Option]:
        """All, the dominated among them."""
        if isinstance(self._layer, ProductLayer):
            yield from self._products(self._layer, modes)
            return
        once = vector_constants(self._layer, self._accelerator)
        high = min(self._target.height, MOST_ROWS)
        table = self._bands(modes, 1)
        for most in self._heights(modes, table, high, high):
            bands = table.best(most)
            count = len(bands.heights)
            yield self._option(modes, bands.heights, None, bands.bytes, once, count)

    def _products(self, layer: ProductLayer, modes: Modes) -> Iterator[Option]:
        accelerator, target = self._accelerator, self._target
        blocks = target.blocks(accelerator.lanes)
        bank = accelerator.sizes.accumulators // accelerator.accumulator_banks
        largest = min(blocks, bank, most_filters_alone(accelerator))
        for group in sorted({-(-blocks // count) for count in range(1, blocks + 1)}):
            if group > largest:
                continue
            for outer, together in product(Outer, (True, False)):
                if outer is Outer.FILTERS and modes[1] is Left.STREAMED:
                    continue
                constants = self._constants(layer, modes, group, outer, together)
                if constants is not None:
                    yield from self._cuts(modes, group, outer, together, constants)

    def _cuts(
        self, modes: Modes, group: int, outer: Outer, together: bool, constants: "_Constants"
    ) -> Iterator[Option]:
        """Options that differ in heights alone."""
        accelerator, target = self._accelerator, self._target
        bank = accelerator.sizes.accumulators // accelerator.accumulator_banks
        groups = -(-target.blocks(accelerator.lanes) // group)
        again = modes[0][0] is Read.STREAMED and outer is Outer.FILTERS
        table = self._bands(modes, groups if again else 1)
        high = min(bank // group, target.height, MOST_ROWS)
        whole_rows = max(min(high, bank // target.width), 1)
        heights = self._heights(modes, table, high, whole_rows)
        for most in range(1, high + 1) if constants.each else heights:
            columns = min(target.width, bank // (most * group))
            beside = -(-target.width // columns)
            bands = table.best(most, beside * constants.each)
            count = len(bands.heights)
            if again and count == 1:
                # Rows of a single tile stay, whatever the order.
                continue
            cutting = Cutting(
                heights=bands.heights,
                columns=columns,
                group=group,
                outer=outer,
                together=together,
            )
            every = count * beside * constants.each
            yield self._option(
                modes,
                bands.heights,
                cutting,
                bands.bytes - every,
                constants.once + every,
                count * beside * groups,
            )

    def _option(
        self,
        modes: Modes,
        heights: tuple[int, ...],
        cutting: Cutting | None,
        moved: int,
        constants: int,
        steps: int,
    ) -> Option:
        reads, left = modes
        most = max(heights)
        words = sum(
            self._layer.geometry.most_rows_read(most) * forms.streamed.row_words
            for read, forms in zip(reads, self._forms, strict=True)
            if read is Read.STREAMED
        )
        if left is Left.STREAMED:
            words += most * self._target.row_words(self._accelerator.lanes)
        return Option(
            modes=modes,
            heights=heights,
            cutting=cutting,
            words=words,
            bytes=moved + constants,
            constants=constants,
            steps=steps,
        )

    def _heights(self, modes: Modes, table: BandTable, high: int, usual: int) -> Iterable[int]:
        """Heights of the tallest tile that are worth a look; the usual one where all are alike."""
        reads, left = modes
        if Read.STREAMED in reads or left is Left.STREAMED:
            return range(1, high + 1)
        if table.best(high).bytes < table.best(usual).bytes:
            return range(1, high + 1)
        return (usual,)

    def _banded(self, modes: Modes, passes: int) -> BandTable:
        reads, left = modes
        costs = np.zeros((self._target.height, self._target.height + 1), dtype=np.int64)
        for number, read in enumerate(reads):
            if read is not Read.KEPT:
                costs += passes * self._loads(number, read)
        if left is not Left.KEPT:
            costs += self._stores()
        return BandTable(costs)

    def _loaded(self, number: int, read: Read) -> NDArray[np.int64]:
        forms, bus = self._forms[number], self._accelerator.bus_bytes
        if read is Read.LOADED:
            return load_table(self._layer.geometry, forms.kept, bus, once=forms.rows)
        return load_table(self._layer.geometry, forms.streamed, bus)

    def _stored(self) -> NDArray[np.int64]:
        return store_table(self._target, self._accelerator.bus_bytes)

    def _constants(
        self, layer: ProductLayer, modes: Modes, group: int, outer: Outer, together: bool
    ) -> _Constants | None:
        """What weights and parameters take; None where weights do not fit so."""
        accelerator, target = self._accelerator, self._target
        lanes, bus = accelerator.lanes, accelerator.bus_bytes
        forms = self._forms[0]
        form = forms.streamed if modes[0][0] is Read.STREAMED else forms.kept
        cutting = Cutting(
            heights=(target.height,),
            columns=target.width,
            group=group,
            outer=outer,
            together=together,
        )
        try:
            cut = cut_by(layer, form, accelerator, cutting)
        except UserError:
            return None
        words = [part.words(layer, form, lanes) for part in cut.parts]
        if together and sum(words) > accelerator.sizes.weights:
            return None
        if not together and len(words) == 1:
            return None
        pieces = [sum(words[part] for part in piece) for piece in cut.pieces]
        weights = sum(constant_bytes(piece, lanes, bus) for piece in pieces)
        starts = parameter_groups(cut, accelerator)
        parameters = sum(
            constant_bytes(len(filters) * PARAMETER_WORDS, lanes, bus)
            for filters in starts.values()
        )
        groups = len({step.filters for step in cut.steps})
        shared = len(cut.parts) > groups
        each = once = 0
        if together or (outer is Outer.FILTERS and not shared):
            once += weights
        else:
            each += weights
        if len(starts) == 1 or outer is Outer.FILTERS:
            once += parameters
        else:
            each += parameters
        return _Constants(each=each, once=once)
