"""What lies where, and how layers are cut: everything but the instructions."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from mapper.accelerator.formats import Format
from mapper.accelerator.layers import Layer
from mapper.accelerator.placement import Item
from mapper.accelerator.tiles import Cut

__all__ = ["Plan", "Source", "Target"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """From where a layer reads a value.

    Parameters
    ----------
    form : Format
    words : tuple of int
        First words. Two are for rows of one tile each, in turn.
    streamed : bool
        Whether rows are loaded for each tile.
    loaded : bool
        Whether rows are loaded once, before they are read first.
    place : hashable, optional
        Name of the place where all of it is.
    rows : int
        As many of it are loaded at least when the layer ends.
    """

    form: Format
    words: tuple[int, ...]
    streamed: bool
    loaded: bool
    place: Hashable = None
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a layer writes its value.

    Parameters
    ----------
    words : tuple of int
        First words. Two are for rows of one tile each, in turn.
    streamed : bool
        Whether there is room for a tile alone.
    stored : bool
        Whether rows go to DRAM as they are made.
    place : hashable, optional
        Name of the place where all of it stays.
    """

    words: tuple[int, ...]
    streamed: bool
    stored: bool
    place: Hashable = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A network on an accelerator.

    Parameters
    ----------
    layers : tuple of Layer
        In the order in which they are computed.
    stages : tuple of tuple of int
        Layers that are computed together: one with products, and what the vector unit makes of its
        results.
    cuts : mapping of int to Cut
        Of layers with products.
    heights : mapping of int to tuple of int
        Output rows at a time, of the other layers; where rows become ready in other portions, as
        many as the most of these.
    sources : mapping of (int, int) to Source
        By layer and value.
    targets : mapping of int to Target
        By layer.
    replaced : frozenset of int
        Values that are never in local memory as a whole: an elementwise layer writes over them.
    items : tuple of Item
        All that has a place in activation memory.
    places : mapping of hashable to int
        First word of each.
    """

    layers: tuple[Layer, ...]
    stages: tuple[tuple[int, ...], ...]
    cuts: Mapping[int, Cut]
    heights: Mapping[int, tuple[int, ...]]
    sources: Mapping[tuple[int, int], Source]
    targets: Mapping[int, Target]
    replaced: frozenset[int]
    items: tuple[Item, ...]
    places: Mapping[Hashable, int]
