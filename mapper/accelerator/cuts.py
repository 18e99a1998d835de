"""How the layers of a network are cut, so that units need not wait for each other for long."""

from collections.abc import Mapping, Sequence

from golden.accelerator.description import Accelerator
from mapper.accelerator.decisions import Making, Reading
from mapper.accelerator.layers import AddLayer, Layer, Network, ProductLayer
from mapper.accelerator.tiles import Cut, cut_layer

__all__ = ["cut_layers"]

_ADD_CYCLES = 3
"""Of the vector unit, for a word."""


def cut_layers(
    network: Network,
    accelerator: Accelerator,
    layers: Sequence[Layer],
    stages: Sequence[Sequence[int]],
    readings: Mapping[tuple[int, int], Reading],
    makings: Mapping[int, Making],
    rows: Mapping[int, int],
) -> dict[int, Cut]:
    """Cuts of the layers with products.

    Parameters
    ----------
    network : Network
    accelerator : Accelerator
    layers : sequence of Layer
        In the order in which they are computed.
    stages : sequence of sequence of int
        Those that are computed together.
    readings : mapping of (int, int) to Reading
        By layer and value.
    makings : mapping of int to Making
        By layer.
    rows : mapping of int to int
        Output rows of a tile that activation memory has room for.
    """
    cuts: dict[int, Cut] = {}
    stage_of = {layer: i for i, stage in enumerate(stages) for layer in stage}
    makers = {layer.target: number for number, layer in enumerate(layers)}
    before: Cut | None = None
    for number, layer in enumerate(layers):
        if not isinstance(layer, ProductLayer):
            continue
        first = 0
        maker, stage = makers.get(layer.source), stage_of[number] - 1
        follows = maker is not None and maker in stages[stage] and stages[stage][0] in cuts
        same_rows = network.values[layer.source].image == layer.geometry.source
        if before is not None and maker is not None and follows and same_rows:
            first = _rows_in_time(layers, stages[stage], maker, layer, before)
        reading = readings[number, layer.source]
        cuts[number] = before = cut_layer(
            layer,
            reading.form,
            accelerator,
            most_rows=rows[number],
            first_rows=first,
            streamed=reading.place is None or makings[number].place is None,
            loaded=reading.loaded or network.values[layer.source].is_input,
            vector_cycles=_vector_cycles(layers, stages[stage_of[number]]),
            awaited=_is_awaited(layers, stages, stage_of[number]),
        )
    return cuts


def _vector_cycles(layers: Sequence[Layer], stage: Sequence[int]) -> int:
    """About what the vector unit takes for a word of results, and what it makes of them."""
    additions = sum(isinstance(layers[other], AddLayer) for other in stage)
    return 1 + _ADD_CYCLES * additions


def _is_awaited(layers: Sequence[Layer], stages: Sequence[Sequence[int]], stage: int) -> bool:
    """Whether what follows reads all rows at once, or is the end."""
    following = stages[stage][1:]
    if stage + 1 == len(stages):
        return True
    geometries = [layers[other].geometry for other in (*following, stages[stage + 1][0])]
    return any(geometry.rows_made(geometry.source.height - 1) == 0 for geometry in geometries)


def _rows_in_time(
    layers: Sequence[Layer], stage: Sequence[int], maker: int, layer: ProductLayer, before: Cut
) -> int:
    """Output rows that the stage before suffices for before its last tile."""
    available = before.rows_before_last
    for number in stage[1:]:
        if number > maker:
            break
        geometry = layers[number].geometry
        available = geometry.rows_made(available)
        if available >= geometry.target.height:
            return 0
    return layer.geometry.rows_made(available) if available else 0
