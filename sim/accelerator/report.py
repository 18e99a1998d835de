"""What a run says about each layer: what it costs, and what bounds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from golden.accelerator.description import Accelerator, MemoryKind
from sim.accelerator.compilation import Activity
from sim.accelerator.energy import HOROWITZ_45NM, Energy, EnergyTable, layer_energy
from sim.accelerator.simulation import LayerTimes, Simulation

__all__ = [
    "LayerReport",
    "Roofline",
    "bound_by",
    "memory_bytes_per_cycle",
    "report",
    "utilisation",
]

_BOUNDS = {
    Activity.LOAD: "dram",
    Activity.EXECUTE: "compute",
    Activity.STORE: "dram",
    Activity.VECTOR: "scratchpad",
}


@dataclass(frozen=True, kw_only=True)
class Roofline:
    """Where a layer stands under the roof of its accelerator.

    Parameters
    ----------
    macs_per_byte : float
        Of DRAM; 0 where there are no multiplications, infinite where no byte is moved.
    macs_per_cycle : float
        What is reached.
    roof : float
        What the engine and the memory together allow, in multiply-accumulates per cycle.
    """

    macs_per_byte: float
    macs_per_cycle: float
    roof: float


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """Of one layer.

    Parameters
    ----------
    name : str
    cycles : int
        From the end of the layer before to its own.
    bound_by : str
        ``compute``, ``dram``, ``scratchpad`` (the vector unit) or, where no unit works for half of
        these cycles, ``dependency``.
    utilisation : float
        Fraction of the multiply-accumulates that the engine could do in these cycles, which it did;
        layers overlap, so that some may be of the next one. What it could do with weights of the
        bits that they have.
    macs, instructions : int
        Its own.
    busy : mapping of str to float
        Fraction of these cycles in which each unit works: load, execute, store, vector.
    dram_read_bytes, dram_written_bytes : int
    scratchpad_bytes : mapping of str to int
        Read and written, by memory.
    energy : Energy
    roofline : Roofline
    """

    name: str
    cycles: int
    bound_by: str
    utilisation: float
    macs: int
    instructions: int
    busy: Mapping[str, float]
    dram_read_bytes: int
    dram_written_bytes: int
    scratchpad_bytes: Mapping[str, int]
    energy: Energy
    roofline: Roofline

    @property
    def dram_bytes(self) -> int:
        """In both directions."""
        return self.dram_read_bytes + self.dram_written_bytes


def report(
    accelerator: Accelerator, simulation: Simulation, table: EnergyTable = HOROWITZ_45NM
) -> tuple[LayerReport, ...]:
    """Reports of all layers of a run."""
    layers = simulation.layers
    done = _done(layers, [_macs(layer) for layer in layers])
    full = _done(layers, [_full_cycles(accelerator, layer) for layer in layers])
    return tuple(
        _layer_report(accelerator, layer, macs, cycles, table)
        for layer, macs, cycles in zip(layers, done, full, strict=True)
    )


def utilisation(accelerator: Accelerator, simulation: Simulation) -> float:
    """Of a whole run, as `LayerReport` has it of a layer."""
    full = sum(_full_cycles(accelerator, layer) for layer in simulation.layers)
    return _ratio(full, simulation.cycles)


def memory_bytes_per_cycle(accelerator: Accelerator) -> int:
    """What the memory gives at most; ideal memory is as quick as the bus."""
    memory = accelerator.memory
    ideal = memory.kind is MemoryKind.IDEAL
    return accelerator.bus_bytes if ideal else memory.bytes_per_cycle


def _macs(layer: LayerTimes) -> int:
    return layer.traffic.macs if layer.layer.macs is None else layer.layer.macs


def _full_cycles(accelerator: Accelerator, layer: LayerTimes) -> float:
    """That the engine would take for what a layer asks for, if all its jobs were full."""
    if not layer.traffic.macs:
        return _macs(layer) / float(accelerator.params.macs_per_cycle)
    return layer.traffic.full_cycles * (_macs(layer) / layer.traffic.macs)


def _done(layers: Sequence[LayerTimes], amounts: Sequence[float]) -> list[float]:
    """What is done in the cycles of each layer: some of what the next has to do is among it.

    Within a layer it is spread evenly over the cycles of its products.
    """
    cycles = np.cumsum([0, *(layer.execute_cycles for layer in layers)])
    ends = np.cumsum([0, *amounts])
    by_then = np.cumsum([0, *(layer.busy[Activity.EXECUTE] for layer in layers)])
    done: list[float] = np.diff(np.interp(by_then, cycles, ends)).tolist()
    return done


def _layer_report(
    accelerator: Accelerator, layer: LayerTimes, done: float, full: float, table: EnergyTable
) -> LayerReport:
    moved = layer.traffic
    macs = _macs(layer)
    return LayerReport(
        name=layer.layer.name,
        cycles=layer.cycles,
        bound_by=bound_by(layer),
        utilisation=_ratio(full, layer.cycles),
        macs=macs,
        instructions=layer.instructions,
        busy={
            activity.name.lower(): _ratio(cycles, layer.cycles)
            for activity, cycles in layer.busy.items()
        },
        dram_read_bytes=layer.read_bytes,
        dram_written_bytes=layer.written_bytes,
        scratchpad_bytes={
            "activations": moved.activation_read + moved.activation_written,
            "weights": moved.weight_read + moved.weight_written,
            "parameters": moved.parameter_read + moved.parameter_written,
            "accumulators": moved.accumulator_read + moved.accumulator_written,
        },
        energy=layer_energy(accelerator, layer, table),
        roofline=_roofline(accelerator, layer, macs, done),
    )


def bound_by(layer: LayerTimes) -> str:
    """What bounds a layer: the unit that works most; stores and the vector unit share one."""
    store = layer.busy[Activity.STORE] + layer.busy[Activity.VECTOR]
    larger = max(Activity.STORE, Activity.VECTOR, key=lambda activity: layer.busy[activity])
    cycles, activity = max(
        (layer.busy[Activity.EXECUTE], Activity.EXECUTE),
        (layer.busy[Activity.LOAD], Activity.LOAD),
        (store, larger),
        key=lambda found: found[0],
    )
    return _BOUNDS[activity] if 2 * cycles >= layer.cycles > 0 else "dependency"


def _roofline(accelerator: Accelerator, layer: LayerTimes, macs: int, done: float) -> Roofline:
    octets = layer.read_bytes + layer.written_bytes
    unmoved = float("inf") if macs else 0.0
    intensity = macs / octets if octets else unmoved
    own = layer.traffic
    peak = own.macs / own.full_cycles if own.macs else float(accelerator.params.macs_per_cycle)
    return Roofline(
        macs_per_byte=intensity,
        macs_per_cycle=_ratio(done, layer.cycles),
        roof=min(peak, intensity * memory_bytes_per_cycle(accelerator)),
    )


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
