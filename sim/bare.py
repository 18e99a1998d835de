"""A bare engine with ideal memory: each layer is a list of jobs, layer after layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from golden.contract import GoldenEngine, Jobs
from golden.errors import UserError
from sim.contract import TimedEngine
from sim.workload import Layer

__all__ = ["EngineLayer", "layer_jobs", "time_layers"]

BITS_PER_BYTE = 8


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
        Fraction of what full tiles would do in these cycles.
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


def layer_jobs(golden: GoldenEngine, params: Any, layer: Layer) -> Jobs:
    """Jobs of all products of a layer, back to back."""
    lists = [
        golden.jobs(params, product.m, product.n, product.k).repeated(product.count)
        for product in layer.products
    ]
    return Jobs.concatenate(*lists)


def time_layers(
    golden: GoldenEngine, timed: TimedEngine, params: Any, layers: Sequence[Layer]
) -> tuple[EngineLayer, ...]:
    """Cycles and traffic of each layer; a layer begins when the one before has ended.

    Parameters
    ----------
    golden, timed : modules of the engine
    params : Params of that engine
    layers : sequence of Layer

    Raises
    ------
    UserError
        If a layer does not fit the engine; the message names it.
    """
    return tuple(_time_layer(golden, timed, params, layer) for layer in layers)


def _time_layer(golden: GoldenEngine, timed: TimedEngine, params: Any, layer: Layer) -> EngineLayer:
    try:
        jobs = layer_jobs(golden, params, layer)
    except UserError as error:
        raise UserError(f"layer {layer.name}: {error}") from None
    cycles = timed.timing_sequence(params, jobs)
    ports = golden.layout(params)
    return EngineLayer(
        name=layer.name,
        cycles=cycles,
        macs=jobs.macs,
        utilisation=jobs.macs / (cycles * params.macs_per_cycle),
        jobs=len(jobs),
        activation_bytes=_bytes(np.sum(jobs.m * jobs.k), ports.activations.format.bits),
        weight_bytes=_bytes(np.sum(jobs.k * jobs.n), ports.weights.format.bits),
        result_bytes=_bytes(np.sum(jobs.m * jobs.n), ports.results.format.bits),
    )


def _bytes(elements: np.int64, bits: int) -> int:
    return -(-int(elements) * bits // BITS_PER_BYTE)
