"""Orders of layers, and which of them are computed together."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from mapper.accelerator.layers import Layer, ProductLayer

__all__ = ["alone", "interleaving", "orders_of", "together"]


def orders_of(layers: Sequence[Layer]) -> Iterator[tuple[int, ...]]:
    """All orders with each layer after those that make its sources; the given one first."""
    makers = {layer.target: number for number, layer in enumerate(layers)}
    waits = [{makers[value] for value in layer.sources if value in makers} for layer in layers]

    def extended(order: tuple[int, ...], done: set[int]) -> Iterator[tuple[int, ...]]:
        if len(order) == len(layers):
            yield order
            return
        for number in range(len(layers)):
            if number not in done and waits[number] <= done:
                yield from extended((*order, number), done | {number})

    yield from extended((), set())


def alone(order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Each layer for itself."""
    return tuple((layer,) for layer in order)


def interleaving(layers: Sequence[Layer], order: Sequence[int]) -> int:
    """Layers with products that do not read what the layer right before makes.

    The execute unit then has something to do while the vector unit finishes that one.
    """
    return sum(
        isinstance(layers[number], ProductLayer)
        and layers[before].target not in layers[number].sources
        for before, number in pairwise(order)
    )


def together(layers: Sequence[Layer], order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Each layer with products begins a stage, that the vector unit goes on with."""
    stages: list[list[int]] = []
    for number in order:
        if isinstance(layers[number], ProductLayer) or not stages:
            stages.append([])
        stages[-1].append(number)
    return tuple(tuple(stage) for stage in stages)
