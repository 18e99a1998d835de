"""A bare engine with ideal memory: each layer is a list of jobs, layer after layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from golden.contract import GoldenEngine, Jobs, Width
from golden.errors import UserError
from sim.contract import TimedEngine
from sim.throughput import throughput
from sim.workload import Layer

__all__ = ["EngineLayer", "Widths", "layer_jobs", "time_layers", "total_utilisation"]

Widths: TypeAlias = Mapping[Width, int]
"""Bits of operands, of engines whose jobs say them; of those left out, the widest."""

BITS_PER_BYTE = 8
_ANY_M = 1 << 16
"""Rows of a product that fill any tile."""


@dataclass(frozen=True, kw_only=True)
class EngineLayer:
    """What a layer costs on a bare engine.

    Parameters
    ----------
    name : str
    cycles : int
        From the transfer of its first job to that of its last result.
    macs : int
        Multiply-accumulates that it asks for.
    utilisation : float
        Fraction of what full tiles of operands of this layer's widths would do in these cycles.
    jobs : int
    activation_bytes, weight_bytes, result_bytes : int
        That cross the engine's ports: a bare engine has nothing between them and memory.
    bound_by : str
        What limits it: always ``compute``, as ideal memory never makes an engine wait.
    """

    name: str
    cycles: int
    macs: int
    utilisation: float
    jobs: int
    activation_bytes: int
    weight_bytes: int
    result_bytes: int
    bound_by: str = "compute"

    @property
    def dram_bytes(self) -> int:
        """Bytes of all ports."""
        return self.activation_bytes + self.weight_bytes + self.result_bytes


def layer_jobs(
    golden: GoldenEngine, params: Any, layer: Layer, widths: Widths = MappingProxyType({})
) -> Jobs:
    """Jobs of all products of a layer, back to back."""
    lists = [
        golden.jobs(params, product.m, product.n, product.k).repeated(product.count)
        for product in layer.products
    ]
    jobs = Jobs.concatenate(*lists)
    for width, bits in widths.items():
        jobs = jobs.with_bits(width, bits)
    return jobs


def time_layers(
    golden: GoldenEngine,
    timed: TimedEngine,
    params: Any,
    layers: Sequence[Layer],
    widths: Mapping[str, Widths] = MappingProxyType({}),
) -> tuple[EngineLayer, ...]:
    """Cycles and traffic of each layer; a layer begins when the one before has ended.

    Parameters
    ----------
    golden, timed : modules of the engine
    params : Params of that engine
    layers : sequence of Layer
    widths : mapping of str to Widths, optional
        Of layers, by name; of those left out, all operands are the widest.

    Raises
    ------
    UserError
        If a layer does not fit the engine; the message names it.
    """
    return tuple(
        _time_layer(golden, timed, params, layer, widths.get(layer.name, {})) for layer in layers
    )


def total_utilisation(layers: Sequence[EngineLayer]) -> float:
    """Fraction of what full tiles would do in the cycles of all layers."""
    possible = sum(layer.macs / layer.utilisation for layer in layers)
    return sum(layer.macs for layer in layers) / possible


def _time_layer(
    golden: GoldenEngine, timed: TimedEngine, params: Any, layer: Layer, widths: Widths
) -> EngineLayer:
    try:
        jobs = layer_jobs(golden, params, layer, widths)
    except UserError as error:
        raise UserError(f"layer {layer.name}: {error}") from None
    cycles = timed.timing_sequence(params, jobs)
    ports = golden.layout(params)
    activation_bits = widths.get(Width.ACTIVATION, ports.activations.format.bits)
    weight_bits = widths.get(Width.WEIGHT, ports.weights.format.bits)
    return EngineLayer(
        name=layer.name,
        cycles=cycles,
        macs=jobs.macs,
        utilisation=jobs.macs / (cycles * _peak(golden, timed, params, widths)),
        jobs=len(jobs),
        activation_bytes=_bytes(np.sum(jobs.m * jobs.k), activation_bits),
        weight_bytes=_bytes(np.sum(jobs.k * jobs.n), weight_bits),
        result_bytes=_bytes(np.sum(jobs.m * jobs.n), ports.results.format.bits),
    )


def _peak(golden: GoldenEngine, timed: TimedEngine, params: Any, widths: Widths) -> float:
    """Multiply-accumulates per cycle of full tiles, in proportion to those of the widest."""
    if not widths:
        return float(params.macs_per_cycle)
    widest, given = (
        throughput(golden, timed, params, m=_ANY_M, k=params.k_max, widths=some)
        for some in (None, widths)
    )
    return float(params.macs_per_cycle * given.macs_per_cycle / widest.macs_per_cycle)


def _bytes(elements: np.int64, bits: int) -> int:
    return -(-int(elements) * bits // BITS_PER_BYTE)
