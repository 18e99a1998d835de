"""The loops of a layer.

A layer goes through its groups of filters and its tiles of outputs, in any order, and for each
through the pieces of its depth: loads, products that add up in the accumulators, and then the
scaling and storing of the results. Each load, and each tile's sums, take the other place of their
memory where there are two, so that one is filled while the other is used.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from mapper.accelerator.streaming.emission import COPY, GROUP, PIECE, TILE, Emission, Tile
from mapper.accelerator.streaming.layout import Layout
from mapper.accelerator.streaming.nest import Nest, Parts
from mapper.accelerator.streaming.plan import Kept
from mapper.accelerator.streaming.regions import Region
from mapper.accelerator.streaming.tiles import Span, Sweeping, runs, spans

__all__ = ["LayerTree"]


class LayerTree:
    """Makes the tree of a layer.

    Parameters
    ----------
    nest : Nest
        With the places that the layer before has left.
    layout : Layout
    emission : Emission
        Of the same layer into the same nest.
    sums : Region
        That tiles take in turns.
    """

    def __init__(self, nest: Nest, layout: Layout, emission: Emission, sums: Region) -> None:
        self._nest = nest
        self._layout = layout
        self._plan = layout.plan
        self._emission = emission
        self._sums = sums

    def parts(self) -> Parts:
        """All of it."""
        return self._nest.repeat(COPY, 0, self._plan.sweep.copies, self._copy)

    def _copy(self) -> Parts:
        parts: Parts = []
        if self._plan.kept is Kept.COPY:
            parts += self._emission.copy_weights()
        if self._layout.parameters_once:
            parts += self._emission.copy_parameters()
        return parts + self._loops(self._plan.order.value, {})

    def _loops(self, axes: str, at: Mapping[str, Any]) -> Parts:
        """The loops over ``axes``, outermost first, within those that are ``at`` some place."""
        if not axes:
            return self._step(Tile(at["r"], at["c"]), at["g"])
        axis, inner = axes[0], axes[1:]
        if axis == "r":
            return self._rows(lambda row: self._loops(inner, {**at, axis: row}))
        if axis == "c":
            return self._columns(lambda column: self._loops(inner, {**at, axis: column}))
        once = self._plan.input_once
        parts = self._emission.inputs(Tile(at["r"], at["c"]), 0, 0) if once else []
        return parts + self._groups(
            lambda group: self._constants(group) + self._loops(inner, {**at, axis: group})
        )

    def _groups(self, make: Callable[[int], Parts]) -> Parts:
        """For all groups of filters; the last one may be smaller."""
        last = self._plan.groups - 1
        alike = self._plan.group_filters(last) == self._plan.group_filters(0)
        first = self._alike(GROUP, 0, last + alike, partial(make, 0))
        return first + self._alike(GROUP, last, 1 - alike, partial(make, last))

    def _alike(self, axis: str, first: int, count: int, make: Callable[[], Parts]) -> Parts:
        """For as many indices as asked for, which may be none."""
        return self._nest.repeat(axis, first, count, make) if count > 0 else []

    def _rows(self, make: Callable[[Span], Parts]) -> Parts:
        """For all rows of tiles."""
        sweep, plan = self._plan.sweep, self._plan
        down = Sweeping(
            size=sweep.height,
            outputs=sweep.out_height,
            taps=sweep.taps_y,
            stride=sweep.stride_y,
            dilation=sweep.dilation_y,
            pad=sweep.pad_top,
        )
        if sweep.flat:
            (row,) = spans(down, plan.height)
            return make(row)
        return self._runs(runs(down, plan.height), make)

    def _columns(self, make: Callable[[Span], Parts]) -> Parts:
        """For all columns of tiles."""
        sweep, plan = self._plan.sweep, self._plan
        across = Sweeping(
            size=sweep.width,
            outputs=sweep.out_width,
            taps=sweep.taps_x,
            stride=sweep.stride_x,
            dilation=sweep.dilation_x,
            pad=sweep.pad_left,
        )
        if sweep.flat:
            return self._runs(runs(across, plan.width), make)
        return [part for column in spans(across, plan.width) for part in make(column)]

    def _runs(self, alike: Iterable[tuple[Span, int]], make: Callable[[Span], Parts]) -> Parts:
        """For tiles, those that are alike in loops."""
        parts: Parts = []
        for span, count in alike:
            parts += self._alike(TILE, span.index, count, partial(make, span))
        return parts

    def _constants(self, group: int) -> Parts:
        """What a group of filters needs besides inputs."""
        parts: Parts = []
        if self._plan.kept is Kept.GROUP:
            parts += self._emission.group_weights(group)
        if not self._layout.parameters_once:
            parts += self._emission.group_parameters(group)
        return parts

    def _step(self, tile: Tile, group: int) -> Parts:
        """Results of a tile and a group."""
        self._nest.next_place(self._sums)
        last = self._plan.pieces - 1

        def make(piece: int) -> Parts:
            return self._products(tile, group, piece)

        # The first piece begins the sums, and the last one may be smaller.
        parts = self._alike(PIECE, 0, 1, partial(make, 0))
        parts += self._alike(PIECE, 1, last - 1, partial(make, 1))
        parts += self._alike(PIECE, last, int(last > 0), partial(make, last))
        return parts + self._emission.results(tile, group)

    def _products(self, tile: Tile, group: int, piece: int) -> Parts:
        """Sums of a piece of the depth."""
        parts: Parts = []
        for number in range(len(self._plan.taps)):
            if self._plan.kept is Kept.PIECE:
                parts += self._emission.piece_weights(group, piece, number)
            if number == 0 and not self._plan.input_once:
                parts += self._emission.inputs(tile, group, piece)
            parts.append(self._emission.product(tile, group, piece, number))
        return parts
