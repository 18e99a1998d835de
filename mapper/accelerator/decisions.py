"""What is decided about a network on an accelerator; everything else follows from it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from mapper.accelerator.formats import Format
from mapper.accelerator.layers import Layer
from mapper.accelerator.tiles import Cut

__all__ = ["Decisions", "Making", "Reading"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a layer reads a value.

    Parameters
    ----------
    form : Format
    place : hashable, optional
        Name of the place where all of it is; None where rows are loaded for each tile.
    loaded : bool
        Whether the place is filled from DRAM, row after row, before rows are read first.
    rows : int
        As many are in such a place at least when the layer ends.
    """

    form: Format
    place: Hashable = None
    loaded: bool = False
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Making:
    """Where a layer leaves its value.

    Parameters
    ----------
    place : hashable, optional
        Name of the place where all of it stays; None where there is room for tiles alone.
    stored : bool
        Whether it goes to DRAM, tile by tile.
    """

    place: Hashable = None
    stored: bool = False


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """A network on an accelerator, all but addresses.

    Parameters
    ----------
    layers : tuple of Layer
        In the order in which they are computed.
    stages : tuple of tuple of int
        Layers that are computed together; the first may have products, the others work on its
        results.
    readings : mapping of (int, int) to Reading
        By layer and value.
    makings : mapping of int to Making
        By layer.
    cuts : mapping of int to Cut
        Of layers with products.
    heights : mapping of int to tuple of int
        Output rows at a time, of the other layers; where rows become ready in other portions, as
        many as the most of these.
    turns : mapping of int to int
        Of each layer: places, 1 or 2, for tiles that go to DRAM or come from there.

    Raises
    ------
    ValueError
        If two values that a layer reads would lie in the same place.
    """

    layers: tuple[Layer, ...]
    stages: tuple[tuple[int, ...], ...]
    readings: Mapping[tuple[int, int], Reading]
    makings: Mapping[int, Making]
    cuts: Mapping[int, Cut]
    heights: Mapping[int, tuple[int, ...]]
    turns: Mapping[int, int]

    def __post_init__(self) -> None:
        for number, layer in enumerate(self.layers):
            readings = (self.readings[number, value] for value in set(layer.sources))
            places = [reading.place for reading in readings if reading.place is not None]
            if len(set(places)) < len(places):
                raise ValueError(f"values that layer {number} reads lie in the same place")

    @property
    def stage_of(self) -> dict[int, int]:
        """Stage of each layer."""
        return {layer: i for i, stage in enumerate(self.stages) for layer in stage}

    @property
    def in_dram(self) -> frozenset[int]:
        """Values that layers make and that go to DRAM."""
        return frozenset(
            self.layers[number].target for number, made in self.makings.items() if made.stored
        )

    def tile_rows(self, number: int) -> int:
        """Output rows of the tallest tile of a layer."""
        if number in self.cuts:
            return self.cuts[number].most_rows
        return max(self.heights[number])
