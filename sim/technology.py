"""What a process makes of a design: areas of logic and memories, times, energies.

For comparing designs, not for predicting a chip: wires, pads, clock trees and empty space are not
among it.
"""

from dataclasses import dataclass
from math import sqrt

from sim.accelerator.energy import EnergyTable

__all__ = ["Logic", "Sram", "Storage", "Technology", "memory_period_ns", "store"]

_FLIP_FLOP_NAND2 = 6.0
_MULTIPLEXER_NAND2 = 3.0


@dataclass(frozen=True, kw_only=True)
class Logic:
    """Gates.

    Parameters
    ----------
    nand2_um2 : float
        Area of the smallest NAND of two inputs, um2.
    gate_delay_ns : float
        What each gate on the longest path takes, flip-flops and loads included, ns.
    source : str
    """

    nand2_um2: float
    gate_delay_ns: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Sram:
    """Memories.

    Parameters
    ----------
    fixed_um2 : float
        Area of a memory with one port beside its bits, um2.
    bit_um2 : float
        Area of a bit of a memory with one port, um2.
    port_factor : float
        What each further port adds, as a part of the area with one.
    period_ns : float
        The shortest period of the clock that a memory bears, ns.
    source : str
    """

    fixed_um2: float
    bit_um2: float
    port_factor: float
    period_ns: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Technology:
    """A process.

    Parameters
    ----------
    name, node : str
    logic : Logic
    sram : Sram
    energy : EnergyTable
    """

    name: str
    node: str
    logic: Logic
    sram: Sram
    energy: EnergyTable

    def scaled(self, nand2_um2: float) -> "Technology":
        """With a library's NAND2: areas as it has them, times as their square roots.

        Energies stay.

        Parameters
        ----------
        nand2_um2 : float
            Area of the library's smallest NAND of two inputs, um2.
        """
        area = nand2_um2 / self.logic.nand2_um2
        time = sqrt(area)
        return Technology(
            name=self.name,
            node=self.node,
            logic=Logic(
                nand2_um2=nand2_um2,
                gate_delay_ns=self.logic.gate_delay_ns * time,
                source=self.logic.source,
            ),
            sram=Sram(
                fixed_um2=self.sram.fixed_um2 * area,
                bit_um2=self.sram.bit_um2 * area,
                port_factor=self.sram.port_factor,
                period_ns=self.sram.period_ns * time,
                source=self.sram.source,
            ),
            energy=self.energy,
        )


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A memory of a design.

    Parameters
    ----------
    bits : int
    read_ports, write_ports : int
        0 write ports: a table that never changes.
    """

    bits: int
    read_ports: int
    write_ports: int


def store(technology: Technology, storage: Storage) -> tuple[float, bool]:
    """Area of a memory, um2, and whether it is an SRAM.

    It is built of flip-flops where that is smaller: for each bit a flip-flop, a multiplexer that
    keeps its value, and one for each read port. An SRAM has a port for each of those of the memory.
    """
    sram = technology.sram
    further = max(0, storage.read_ports + storage.write_ports - 1)
    as_sram = (sram.fixed_um2 + sram.bit_um2 * storage.bits) * (1 + sram.port_factor * further)
    per_bit = _FLIP_FLOP_NAND2 + _MULTIPLEXER_NAND2 * (1 + storage.read_ports)
    as_flip_flops = per_bit * storage.bits * technology.logic.nand2_um2
    return min(as_sram, as_flip_flops), as_sram < as_flip_flops


def memory_period_ns(technology: Technology, storages: tuple[Storage, ...]) -> float:
    """The shortest period of the clock that the memories bear, ns; 0 where none is an SRAM."""
    some = any(store(technology, storage)[1] for storage in storages)
    return technology.sram.period_ns if some else 0.0
