"""What no program can do better: cycles of a network on an accelerator.

A unit does one instruction at a time, and whatever a layer is cut into takes a unit at least as
long as the layer as one instruction would:

- the execute unit: a port of the engine takes one beat a cycle, and parts of a layer have no fewer
  beats together than the whole;
- the store unit, which is the vector unit too: its times are linear in words, with a constant that
  is not negative for each instruction, and a beat of a store takes a cycle;
- the load unit: a beat takes the bus as long as memory allows, and all constants are loaded.

Each begins when its first instruction has been fetched, and execute and vector unit when a load has
answered too.
"""

import importlib
import math
from typing import Any, cast

from golden.accelerator.description import Accelerator, MemoryKind
from golden.accelerator.feeding import Streaming
from golden.accelerator.instructions import Add, Pool, Requantize, Table
from golden.contract import Beat, GoldenEngine, Job, PortLayout
from golden.discovery import find_modules
from mapper.accelerator.formats import Format, formats
from mapper.accelerator.layers import AddLayer, Layer, Network, PoolLayer, ProductLayer
from mapper.accelerator.tiles import whole_part
from sim.accelerator.execute import OVERHEAD_CYCLES
from sim.accelerator.vector import vector_cycles

__all__ = ["cycles_bound"]


def cycles_bound(network: Network, accelerator: Accelerator, *, moved_bytes: int) -> int:
    """No program of the network takes fewer cycles.

    Parameters
    ----------
    network : Network
    accelerator : Accelerator
    moved_bytes : int
        That a program moves at least, in both directions together.
    """
    memory = accelerator.memory
    answer = memory.latency_cycles if memory.kind is MemoryKind.FIXED else 1
    execute = store = read_bytes = 0
    for layer in network.layers:
        if isinstance(layer, ProductLayer):
            execute += OVERHEAD_CYCLES + _beats(layer, accelerator)
            read_bytes += _weight_bytes(layer, accelerator.lanes)
        store += _vector_cycles(layer, accelerator)
    written = sum(value.image.size for value in network.values if value.is_output)
    store += -(-written // accelerator.bus_bytes)
    # Reads and writes have ports of their own: one of them moves half at least.
    beats = max(read_bytes, -(-moved_bytes // 2)) // accelerator.bus_bytes
    interval = 1 if memory.kind is MemoryKind.BANKED else accelerator.interval
    return max(answer + beats * interval, 2 * answer + max(execute, store))


def _weight_bytes(layer: ProductLayer, lanes: int) -> int:
    forms = _formats(layer, lanes)
    return lanes * min(whole_part(layer, form, lanes).words(layer, form, lanes) for form in forms)


def _beats(layer: ProductLayer, accelerator: Accelerator) -> int:
    """That cross the busiest port of the engine."""
    if isinstance(layer.feeding, Streaming):
        return _streamed_beats(layer, layer.feeding)
    lanes, geometry = accelerator.lanes, layer.geometry
    module = importlib.import_module(find_modules()[accelerator.engine].golden)
    layout = cast(GoldenEngine, module).layout(accelerator.params)
    least = math.inf
    for form in _formats(layer, lanes):
        part = whole_part(layer, form, lanes)
        taps = len(part.filters) * len(part.rows) * len(part.columns)
        job = Job(m=geometry.target.height * geometry.target.width, n=lanes, k=lanes)
        rest = form.depth - (len(part.blocks) - 1) * lanes
        last = Job(m=job.m, n=lanes, k=lanes if layer.diagonal else rest)
        beats = max(
            taps * ((len(part.blocks) - 1) * _port_beats(port, job) + _port_beats(port, last))
            for port in (layout.activations, layout.weights, layout.results)
        )
        least = min(least, beats)
    return int(least)


def _streamed_beats(layer: ProductLayer, feeding: Streaming) -> int:
    """The same where a job has a few pixels: of each block of lanes of each tap of each job."""
    lanes, target = feeding.lanes, layer.geometry.target
    jobs = -(-target.height * target.width // feeding.job_rows(layer.weight_bits))
    of_block = max(feeding.activation_beats, feeding.weight_beats(layer.weight_bits))
    parts = [whole_part(layer, form, lanes) for form in _formats(layer, lanes)]
    return (
        jobs
        * of_block
        * min(
            len(part.filters) * len(part.rows) * len(part.columns) * len(part.blocks)
            for part in parts
        )
    )


def _formats(layer: ProductLayer, lanes: int) -> tuple[Format, Format]:
    return formats(layer.geometry, lanes, diagonal=not layer.joins)


def _port_beats(port: PortLayout, job: Job) -> int:
    groups = {lane.dim: lane.count for lane in port.lanes}

    def count(beat: Beat) -> int:
        return -(-job.size(beat.dim) // groups.get(beat.dim, 1))

    return math.prod(count(beat) for beat in port.beats)


def _vector_cycles(layer: Layer, accelerator: Accelerator) -> int:
    """Of a layer as one instruction of the vector unit."""
    target = layer.geometry.target
    blocks = target.blocks(accelerator.lanes)
    size: dict[str, Any] = {
        "out_height": target.height,
        "out_width": target.width,
        "blocks": blocks,
    }
    words = target.words(accelerator.lanes)
    match layer:
        case ProductLayer():
            return vector_cycles(accelerator, Requantize(source=0, target=0, **size))
        case AddLayer():
            return vector_cycles(accelerator, Add(first=0, second=0, target=0, words=words))
        case PoolLayer():
            size |= {"taps_y": layer.geometry.taps_y, "taps_x": layer.geometry.taps_x}
            kind = int(layer.pool)
            return vector_cycles(accelerator, Pool(kind=kind, source=0, target=0, **size))
        case _:
            return vector_cycles(accelerator, Table(source=0, target=0, words=words))
