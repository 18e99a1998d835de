"""Variants of a graph that schedules are made of."""

from dataclasses import dataclass
from enum import StrEnum

from mapper.scheduling.fusion import activations_only, fused, without_views
from mapper.scheduling.graph import SizedGraph

__all__ = ["TensorSet", "Variant", "variant_of"]


class TensorSet(StrEnum):
    """Which tensors are in the scratchpad."""

    ACTIVATIONS = "activations"
    """Weights lie elsewhere, as in a memory of their own."""
    ALL = "all"
    """Weights too."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """How a network is seen.

    Parameters
    ----------
    tensors : TensorSet
    fused : bool
        Whether clamps, factors and offsets are done by the operator before them, as in inference.
    views : bool
        Whether views keep a step and bytes of their own; else their readers read what they view.
    """

    tensors: TensorSet = TensorSet.ACTIVATIONS
    fused: bool = True
    views: bool = False


def variant_of(graph: SizedGraph, variant: Variant) -> SizedGraph:
    """The graph as the variant sees it.

    Parameters
    ----------
    graph : SizedGraph
    variant : Variant
    """
    if not variant.views:
        graph = without_views(graph)
    if variant.fused:
        graph = fused(graph)
    return activations_only(graph) if variant.tensors is TensorSet.ACTIVATIONS else graph
