"""Kinds of cells, with and without a library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hw.synth.gates import NAND2_EQUIVALENTS, is_flip_flop, is_memory
from hw.synth.liberty import Library

__all__ = ["Generic", "LibraryCells", "Technology"]


class Technology(Protocol):
    """What is known of the cells of a mapped netlist.

    Attributes
    ----------
    measured : bool
        Whether areas are known.
    """

    measured: bool

    def is_sequential(self, kind: str) -> bool:
        """Whether it is a flip-flop or the like."""

    def is_clock(self, kind: str, pin: str) -> bool:
        """Whether a pin is the clock of a flip-flop."""

    def drives(self, cell: Mapping[str, Any], pin: str) -> bool:
        """Whether a pin of a cell, in Yosys's JSON, is an output."""

    def nand2(self, kind: str) -> float:
        """NAND2 equivalents of a cell."""

    def area_um2(self, kind: str) -> float:
        """Area of a cell, 0 if it is not known."""


class Generic:
    """Gates without a library."""

    measured = False

    def is_sequential(self, kind: str) -> bool:
        """See `Technology`."""
        return is_flip_flop(kind)

    def is_clock(self, kind: str, pin: str) -> bool:
        """See `Technology`."""
        return (is_flip_flop(kind) and pin == "C") or _is_memory_clock(kind, pin)

    def drives(self, cell: Mapping[str, Any], pin: str) -> bool:
        """See `Technology`."""
        return bool(cell["port_directions"].get(pin) == "output")

    def nand2(self, kind: str) -> float:
        """See `Technology`."""
        return NAND2_EQUIVALENTS[kind]

    def area_um2(self, kind: str) -> float:
        """See `Technology`."""
        return 0.0


@dataclass(frozen=True)
class LibraryCells:
    """Cells of a library.

    Parameters
    ----------
    library : Library
    """

    library: Library
    measured = True

    def is_sequential(self, kind: str) -> bool:
        """See `Technology`."""
        return kind in self.library.cells and self.library.cells[kind].sequential

    def is_clock(self, kind: str, pin: str) -> bool:
        """See `Technology`."""
        cell = self.library.cells.get(kind)
        return _is_memory_clock(kind, pin) if cell is None else cell.clock == pin

    def drives(self, cell: Mapping[str, Any], pin: str) -> bool:
        """See `Technology`."""
        known = self.library.cells.get(cell["type"])
        if known is None:
            return bool(cell["port_directions"].get(pin) == "output")
        return pin in known.functions

    def nand2(self, kind: str) -> float:
        """See `Technology`."""
        return self.area_um2(kind) / self.library.nand2.area_um2

    def area_um2(self, kind: str) -> float:
        """See `Technology`."""
        return self.library.cells[kind].area_um2


def _is_memory_clock(kind: str, pin: str) -> bool:
    return is_memory(kind) and pin in ("RD_CLK", "WR_CLK", "CLK")
