"""Room that is left is used, so that units work at the same time; no layer moves more bytes.

What stays where is as the integer program has it. Then, as far as there are places for everything:
the vector unit goes on with results at once, tiles get a second place, and layers are cut as the
greedy mapper would cut them.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from golden.accelerator.description import Accelerator
from mapper.accelerator.arrangement import arrange
from mapper.accelerator.cuts import cut_layers
from mapper.accelerator.decisions import Decisions
from mapper.accelerator.layers import Network, ProductLayer
from mapper.accelerator.optimal.bands import even_heights
from mapper.accelerator.optimal.moves import joined, overlaid, streams
from mapper.accelerator.placement import NoRoomError
from mapper.accelerator.tiles import MOST_ROWS, cut_by
from mapper.accelerator.traffic import layer_bytes

__all__ = ["polished"]

_TILES = (8, 6, 4, 3, 2)
"""Numbers of tiles that hide transfers well, the best first."""


def polished(network: Network, accelerator: Accelerator, decisions: Decisions) -> Decisions:
    """Decisions that move no more bytes and should take fewer cycles.

    Parameters
    ----------
    network : Network
    accelerator : Accelerator
    decisions : Decisions
        With every layer for itself.
    """
    polisher = _Polisher(network, accelerator)
    decisions = polisher.together(decisions)
    for number in range(len(decisions.layers)):
        if streams(decisions, number):
            decisions = polisher.overlapped(decisions, number)
    return polisher.cut(decisions)


class _Polisher:
    def __init__(self, network: Network, accelerator: Accelerator) -> None:
        self._network = network
        self._accelerator = accelerator

    def _fits(self, decisions: Decisions) -> bool:
        try:
            arrange(self._network, self._accelerator, decisions)
        except NoRoomError:
            return False
        return True

    def together(self, decisions: Decisions) -> Decisions:
        """Layers of the vector unit together with what is before, where there is room."""
        for number, layer in enumerate(decisions.layers):
            if isinstance(layer, ProductLayer):
                continue
            ways = chain([decisions], overlaid(decisions, number))
            others = chain.from_iterable(joined(way, number) for way in ways)
            decisions = next((other for other in others if self._fits(other)), decisions)
        return decisions

    def overlapped(self, decisions: Decisions, number: int) -> Decisions:
        """Tiles of a layer in two places, and more than one of them."""
        most = layer_bytes(decisions, number, self._accelerator)
        for other in self._tilings(decisions, number):
            if layer_bytes(other, number, self._accelerator) <= most and self._fits(other):
                return other
        return decisions

    def _tilings(self, decisions: Decisions, number: int) -> Iterator[Decisions]:
        layer = decisions.layers[number]
        height = layer.geometry.target.height
        counts = [count for count in _TILES if count <= height and height <= count * MOST_ROWS]
        for turns in (2, 1):
            turned = replace(decisions, turns={**decisions.turns, number: turns})
            for count in counts:
                heights = even_heights(height, count)
                if not isinstance(layer, ProductLayer):
                    yield replace(turned, heights={**decisions.heights, number: heights})
                    continue
                old = decisions.cuts[number].cutting
                if max(heights) * old.columns * old.group <= self._sums:
                    form = decisions.readings[number, layer.source].form
                    cut = cut_by(layer, form, self._accelerator, replace(old, heights=heights))
                    yield replace(turned, cuts={**decisions.cuts, number: cut})
            yield turned

    @property
    def _sums(self) -> int:
        """Words of a bank of accumulators."""
        accelerator = self._accelerator
        return accelerator.sizes.accumulators // accelerator.accumulator_banks

    def cut(self, decisions: Decisions) -> Decisions:
        """Layers cut so that units wait little, where that takes no more room and bytes."""
        rows = {number: decisions.tile_rows(number) for number in range(len(decisions.layers))}
        for number, layer in enumerate(decisions.layers):
            if not streams(decisions, number):
                rows[number] = layer.geometry.target.height
        cuts = cut_layers(
            self._network,
            self._accelerator,
            decisions.layers,
            decisions.stages,
            decisions.readings,
            decisions.makings,
            rows,
        )
        for number, cut in cuts.items():
            other = replace(decisions, cuts={**decisions.cuts, number: cut})
            before = layer_bytes(decisions, number, self._accelerator)
            if layer_bytes(other, number, self._accelerator) <= before and self._fits(other):
                decisions = other
        return decisions
