"""In which order layers are computed, and which of them together."""

from collections.abc import Sequence

from mapper.accelerator.layers import Layer, ProductLayer

__all__ = ["ordered", "stages_of"]


def ordered(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Layers, with one that waits for the layer right before it put behind one that does not.

    The execute unit then has something to do while the vector unit finishes the layer before.
    """
    order = list(layers)
    for i in range(2, len(order)):
        before, waiting, ready = order[i - 2 : i + 1]
        if (
            isinstance(ready, ProductLayer)
            and isinstance(waiting, ProductLayer)
            and waiting.source == before.target
            and ready.source not in (before.target, waiting.target)
        ):
            order[i - 1], order[i] = ready, waiting
    return tuple(order)


def stages_of(layers: Sequence[Layer]) -> tuple[tuple[int, ...], ...]:
    """Each layer with products begins a stage."""
    stages: list[list[int]] = []
    for number, layer in enumerate(layers):
        if isinstance(layer, ProductLayer) or not stages:
            stages.append([])
        stages[-1].append(number)
    return tuple(tuple(stage) for stage in stages)
