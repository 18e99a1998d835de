"""Energy from counts of accesses and a table of what each costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

from golden.accelerator.description import Accelerator
from sim.accelerator.simulation import LayerTimes

__all__ = [
    "HOROWITZ_45NM",
    "Energy",
    "EnergyEntry",
    "EnergyTable",
    "bare_energy",
    "layer_energy",
]

_SOURCE = 'M. Horowitz, "Computing\'s energy problem (and what we can do about it)", ISSCC 2014'
_NODE = "45 nm, 0.9 V"
_KIB = 1024


@dataclass(frozen=True, kw_only=True)
class EnergyEntry:
    """What one operation or access takes.

    Parameters
    ----------
    value : float
        In ``unit``.
    unit : str
    node : str
        Process and voltage.
    source : str
    """

    value: float
    unit: str = "pJ"
    node: str = _NODE
    source: str = _SOURCE


@dataclass(frozen=True, kw_only=True)
class EnergyTable:
    """Energies of operations, and of accesses of 64 bits.

    Parameters
    ----------
    multiply8, add32, multiply32 : EnergyEntry
        An int8 product and an int32 sum, together a multiply-accumulate; an int32 product.
    sram : tuple of (int, EnergyEntry)
        Bytes of a memory, rising, and what an access to it takes. Between two of them it grows as
        a power of the size; beyond them it is that of the nearest.
    dram : EnergyEntry
    """

    multiply8: EnergyEntry
    add32: EnergyEntry
    multiply32: EnergyEntry
    sram: tuple[tuple[int, EnergyEntry], ...]
    dram: EnergyEntry

    def sram_access(self, size: int) -> float:
        """Picojoules of an access of 64 bits to a memory of ``size`` bytes."""
        return _between([(octets, entry.value) for octets, entry in self.sram], size)


HOROWITZ_45NM = EnergyTable(
    multiply8=EnergyEntry(value=0.2),
    add32=EnergyEntry(value=0.1),
    multiply32=EnergyEntry(value=3.1),
    sram=(
        (8 * _KIB, EnergyEntry(value=10.0)),
        (32 * _KIB, EnergyEntry(value=20.0)),
        (1024 * _KIB, EnergyEntry(value=100.0)),
    ),
    dram=EnergyEntry(value=1300.0, source=f"{_SOURCE}: the lower of 1.3 to 2.6 nJ"),
)
"""Rough, and published: for comparing designs, not for predicting a chip."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Picojoules of a layer, by where they go."""

    macs: float
    vector: float
    activations: float
    weights: float
    parameters: float
    accumulators: float
    dram: float

    @property
    def total(self) -> float:
        """Of all of these; control, wires and leakage are not among them."""
        return (
            self.macs
            + self.vector
            + self.activations
            + self.weights
            + self.parameters
            + self.accumulators
            + self.dram
        )


def layer_energy(
    accelerator: Accelerator, layer: LayerTimes, table: EnergyTable = HOROWITZ_45NM
) -> Energy:
    """Energy of a layer.

    A memory is as large as one of its banks. A result of the vector unit counts as an int32 product
    and an int32 sum.
    """
    moved = layer.traffic
    banks = accelerator.activation_banks, accelerator.accumulator_banks
    return Energy(
        macs=moved.engine_macs * (table.multiply8.value + table.add32.value),
        vector=moved.vector_results * (table.multiply32.value + table.add32.value),
        activations=_accesses(moved.activation_read + moved.activation_written)
        * table.sram_access(accelerator.activation_bytes // banks[0]),
        weights=_accesses(moved.weight_read + moved.weight_written)
        * table.sram_access(accelerator.weight_bytes),
        parameters=_accesses(moved.parameter_read + moved.parameter_written)
        * table.sram_access(accelerator.parameter_bytes),
        accumulators=_accesses(moved.accumulator_read + moved.accumulator_written)
        * table.sram_access(accelerator.accumulator_bytes // banks[1]),
        dram=_accesses(layer.read_bytes + layer.written_bytes) * table.dram.value,
    )


def bare_energy(macs: int, dram_bytes: int, table: EnergyTable = HOROWITZ_45NM) -> float:
    """Picojoules of an engine without local memories: of its products, and of all that it moves."""
    products = macs * (table.multiply8.value + table.add32.value)
    return products + _accesses(dram_bytes) * table.dram.value


def _accesses(octets: int) -> float:
    return octets / 8


def _between(points: Sequence[tuple[int, float]], size: int) -> float:
    """Value at ``size``, on straight lines between points in logarithmic scales."""
    for (low, at_low), (high, at_high) in pairwise(points):
        if low <= size <= high:
            part = log(size / low) / log(high / low)
            return exp(log(at_low) + part * (log(at_high) - log(at_low)))
    return points[0][1] if size < points[0][0] else points[-1][1]
