"""What synthesis tells of a design."""

from dataclasses import asdict, dataclass
from typing import Any

from hw.synth.area import Inventory
from hw.synth.depth import LongestPath
from hw.synth.paths import CriticalPath
from hw.synth.power import Power

__all__ = ["Synthesis"]


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A synthesized design.

    Parameters
    ----------
    top : str
    library : str or None
        Name that the Liberty file gives itself.
    inventory : Inventory
    longest : LongestPath or None
        Of gates; None where the flat netlist is too large.
    critical : CriticalPath or None
        In time; None without a library, without a path, and where the flat netlist is too large.
    power : Power or None
        Where activities were given.
    tools : mapping of str to str
        Versions.
    """

    top: str
    library: str | None
    inventory: Inventory
    longest: LongestPath | None
    critical: CriticalPath | None
    power: Power | None
    tools: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """As JSON values; areas in um2, times in ns."""
        inventory = self.inventory
        total = inventory.total
        return {
            "top": self.top,
            "library": self.library,
            "area_um2": total.area_um2,
            "nand2_equivalents": total.nand2_equivalents,
            "delay_ns": self.critical.delay_ns if self.critical else None,
            "delay_by": self.critical.tool if self.critical else None,
            "critical_path": asdict(self.critical) if self.critical else None,
            "logic_depth": self.longest.gates if self.longest else None,
            "deepest_path": asdict(self.longest) if self.longest else None,
            "power": asdict(self.power) if self.power else None,
            "cells": total.cells,
            "flip_flop_bits": inventory.flip_flop_bits,
            "sequential": asdict(inventory.sequential),
            "combinational": asdict(inventory.combinational),
            "modules": [
                {"name": name, "instances": instances, **asdict(part)}
                for name, (instances, part) in inventory.modules.items()
            ],
            "memory_bits": sum(memory.bits for memory in inventory.memories),
            "memories": [asdict(memory) for memory in inventory.memories],
            "cell_kinds": dict(inventory.kinds),
            "tools": self.tools,
        }
