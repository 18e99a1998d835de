"""What a mapped design consists of."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hw.synth.gates import is_memory
from hw.synth.order import instances
from hw.synth.specialise import base_name
from hw.synth.technology import Technology

__all__ = ["Inventory", "Memory", "Part", "take_inventory"]

_SIZES = ("WIDTH", "SIZE", "RD_PORTS", "WR_PORTS")
"""Params of Yosys's memories."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Cells of one sort, or of one module.

    Parameters
    ----------
    cells : int
    nand2_equivalents : float
        Their area in NANDs of two inputs.
    area_um2 : float or None
        None without a library.
    """

    cells: int
    nand2_equivalents: float
    area_um2: float | None


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A memory, which stays one.

    Parameters
    ----------
    module : str
        Where it is.
    width_bits, depth : int
    read_ports, write_ports : int
        A table that never changes has none to write.
    count : int
        Of such memories in the design.
    """

    module: str
    width_bits: int
    depth: int
    read_ports: int
    write_ports: int
    count: int

    @property
    def bits(self) -> int:
        """Of all of them."""
        return self.width_bits * self.depth * self.count


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Cells and memories of a design, every instance counted.

    Parameters
    ----------
    total, sequential, combinational : Part
    flip_flop_bits : int
    modules : mapping of str to tuple
        Instances of each module, and its own cells in all of them, without those of modules in it.
    kinds : mapping of str to int
        Cells of each kind.
    memories : tuple of Memory
    """

    total: Part
    sequential: Part
    combinational: Part
    flip_flop_bits: int
    modules: Mapping[str, tuple[int, Part]]
    kinds: Mapping[str, int]
    memories: tuple[Memory, ...]


def take_inventory(modules: Mapping[str, Any], top: str, technology: Technology) -> Inventory:
    """Count the cells of a mapped design.

    Parameters
    ----------
    modules : mapping
        As `hw.synth.yosys.Session.modules` returns them.
    top : str
    technology : Technology
    """
    kinds: Counter[str] = Counter()
    by_module: dict[str, Counter[str]] = {}
    places: Counter[str] = Counter()
    memories: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for name, number in instances(modules, top).items():
        base = base_name(name)
        places[base] += number
        own = by_module.setdefault(base, Counter())
        for cell in modules[name]["cells"].values():
            if is_memory(cell["type"]):
                memories[base, tuple(int(cell["parameters"][key], 2) for key in _SIZES)] += number
            elif cell["type"] not in modules:
                own[cell["type"]] += number
    for own in by_module.values():
        kinds.update(own)
    state = {kind: count for kind, count in kinds.items() if technology.is_sequential(kind)}
    logic = {kind: count for kind, count in kinds.items() if kind not in state}
    return Inventory(
        total=_part(kinds, technology),
        sequential=_part(state, technology),
        combinational=_part(logic, technology),
        flip_flop_bits=sum(state.values()),
        modules={
            name: (places[name], _part(counts, technology)) for name, counts in by_module.items()
        },
        kinds=dict(sorted(kinds.items())),
        memories=tuple(
            Memory(
                module=module,
                width_bits=width,
                depth=depth,
                read_ports=reads,
                write_ports=writes,
                count=count,
            )
            for (module, (width, depth, reads, writes)), count in sorted(memories.items())
        ),
    )


def _part(kinds: Mapping[str, int], technology: Technology) -> Part:
    areas = [technology.area_um2(kind) * count for kind, count in kinds.items()]
    return Part(
        cells=sum(kinds.values()),
        nand2_equivalents=sum(technology.nand2(kind) * count for kind, count in kinds.items()),
        area_um2=sum(areas) if technology.measured else None,
    )
