"""What lies where, and how layers are cut: everything but the instructions."""

from collections.abc import Mapping
from dataclasses import dataclass

from mapper.accelerator.formats import Format
from mapper.accelerator.layers import Layer
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
    copy : object
        Name of what is loaded once.
    """

    form: Format
    words: tuple[int, ...]
    streamed: bool
    loaded: bool
    copy: object = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a layer writes its value.

    Parameters
    ----------
    words : tuple of int
        First words. Two are for rows of one tile each, in turn.
    streamed : bool
        Whether there is room for a tile alone.
    """

    words: tuple[int, ...]
    streamed: bool


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
    rows : mapping of int to int
        Most output rows at a time, of the other layers.
    sources : mapping of (int, int) to Source
        By layer and value.
    targets : mapping of int to Target
        By layer.
    streamed : frozenset of int
        Values that lie in DRAM alone.
    replaced : frozenset of int
        Values that are never in local memory as a whole: an elementwise layer writes over them.
    """

    layers: tuple[Layer, ...]
    stages: tuple[tuple[int, ...], ...]
    cuts: Mapping[int, Cut]
    rows: Mapping[int, int]
    sources: Mapping[tuple[int, int], Source]
    targets: Mapping[int, Target]
    streamed: frozenset[int]
    replaced: frozenset[int]
