"""Reports on layers as JSON values and as text."""

import math
from collections import abc
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from golden.accelerator.description import Accelerator
from mapper.accelerator.mapping import Mapping
from sim.accelerator.occupancy import Occupancy
from sim.accelerator.report import LayerReport, memory_bytes_per_cycle
from sim.accelerator.simulation import Simulation, simulate
from sim.accelerator.steps import Layer
from tilewright.verbs.options import table

__all__ = [
    "busy_line",
    "ceilings_json",
    "layer_json",
    "layer_table",
    "layers_line",
    "mapped_table",
    "mapping_json",
    "mapping_line",
    "shares_table",
    "timeline_json",
]

_PJ_PER_NJ = 1000

_LONG_INSTRUCTIONS = 1_000_000
"""From here on a timeline of instructions takes more than a few seconds."""


def layer_json(layer: LayerReport) -> dict[str, Any]:
    """A layer's report as JSON values; energy in picojoules."""
    plain = asdict(layer)
    parts = plain.pop("energy")
    intensity = plain["roofline"]["macs_per_byte"]
    # JSON knows no infinity: null where no byte is moved.
    plain["roofline"]["macs_per_byte"] = intensity if math.isfinite(intensity) else None
    return {
        **plain,
        "dram_bytes": layer.dram_bytes,
        "energy_pj": layer.energy.total,
        "energy_parts_pj": parts,
    }


def ceilings_json(accelerator: Accelerator) -> dict[str, float]:
    """What the engine does at most, and the memory; see `sim.accelerator.report.Roofline`."""
    return {
        "peak_macs_per_cycle": float(accelerator.params.macs_per_cycle),
        "memory_bytes_per_cycle": float(memory_bytes_per_cycle(accelerator)),
    }


def timeline_json(
    accelerator: Accelerator, layers: Sequence[Layer], bases: Sequence[int], known: Simulation
) -> dict[str, Any] | None:
    """How busy each unit is over time, from another simulation that looks at every instruction.

    Parameters
    ----------
    accelerator, layers, bases
        As of `sim.accelerator.simulation.simulate`.
    known : Simulation
        Of the same.

    Returns
    -------
    dict or None
        ``bin_cycles``, and ``busy_cycles`` of each unit in each bin; None for runs of so many
        instructions that it would take long.
    """
    if sum(layer.instructions for layer in known.layers) > _LONG_INSTRUCTIONS:
        return None
    occupancy = Occupancy()
    simulate(accelerator, layers, bases=bases, trace=occupancy)
    return {"bin_cycles": occupancy.bin_cycles, "busy_cycles": occupancy.busy_cycles}


def layer_table(layers: Sequence[dict[str, Any]], total: dict[str, Any]) -> str:
    """A row for each layer, and one for all.

    Parameters
    ----------
    layers : sequence of dict
        From `layer_json`.
    total : dict
        Has ``total_cycles``, ``utilisation``, ``dram_bytes`` and ``energy_pj``.
    """
    head = (
        "layer",
        "cycles",
        "bound by",
        "utilisation",
        "MACs/cycle",
        "roof",
        "MACs/byte",
        "DRAM bytes",
        "nJ",
    )
    rows: list[tuple[object, ...]] = [
        (
            layer["name"],
            layer["cycles"],
            layer["bound_by"],
            f"{layer['utilisation']:.1%}",
            round(layer["roofline"]["macs_per_cycle"]),
            round(layer["roofline"]["roof"]) or "",
            _intensity(layer["roofline"]["macs_per_byte"]),
            layer["dram_bytes"],
            round(layer["energy_pj"] / _PJ_PER_NJ),
        )
        for layer in layers
    ]
    rows.append(
        (
            "total",
            total["total_cycles"],
            "",
            f"{total['utilisation']:.1%}",
            "",
            "",
            "",
            total["dram_bytes"],
            round(total["energy_pj"] / _PJ_PER_NJ),
        )
    )
    return table(head, rows)


def _intensity(macs_per_byte: float | None) -> object:
    """Whole number, or nothing where no byte is moved."""
    return "" if macs_per_byte is None else round(macs_per_byte)


def busy_line(counters: abc.Mapping[str, int]) -> str:
    """Busy and waiting cycles of the units."""
    units = ", ".join(
        f"{unit} {counters[f'{unit}_busy']} (waits {counters[f'{unit}_stalled']})"
        for unit in ("load", "execute", "store")
    )
    return f"busy cycles: {units}"


def mapping_json(mapping: Mapping, cycles: int) -> dict[str, Any]:
    """A network's mapping as JSON values.

    Parameters
    ----------
    mapping : Mapping
    cycles : int
        Of the program.
    """
    plain = asdict(mapping)
    bound = mapping.cycles_bound
    return {
        **plain,
        "compulsory_bytes": mapping.compulsory_bytes,
        "objective_bytes": mapping.objective_bytes,
        "total_bytes": mapping.total_bytes,
        "gap": mapping.gap,
        "cycles_gap": None if bound is None else (cycles - bound) / cycles,
    }


def mapping_line(mapping: abc.Mapping[str, Any]) -> str:
    """What was decided, and what is proven, in a line; from `mapping_json`."""
    said = (
        f"mapper {mapping['mapper']}: {mapping['objective_bytes']} bytes spilled and retrieved"
        f" beside {mapping['compulsory_bytes']}, peak {mapping['peak_bytes']} of"
        f" {mapping['capacity_bytes']} bytes"
    )
    if mapping["bound_bytes"] is None:
        return said
    proof = "proven fewest"
    if mapping["status"] != "optimal":
        proof = f"proven that no mapping has fewer than {mapping['bound_bytes']}"
    return (
        f"{said}; {proof}; at most {mapping['cycles_gap']:.1%} of the cycles could be saved"
        f" ({mapping['trials']} programs tried)"
    )


def layers_line(mapping: abc.Mapping[str, Any]) -> str:
    """What is proven of layers that were mapped one by one; from `layers_json`."""
    shapes = len(mapping["layers"])
    proven = sum(layer["status"] == "optimal" for layer in mapping["layers"])
    return (
        f"mapping: {proven} of {shapes} layers proven optimal; alone they take {mapping['cycles']}"
        f" cycles, and no mapping takes fewer than {mapping['bound_cycles']}: gap"
        f" {mapping['gap']:.2%}"
    )


def mapped_table(layers: Sequence[abc.Mapping[str, Any]]) -> str:
    """A row for each layer's mapping; from `layers_json`."""
    head = ("layer", "cycles", "bound", "gap", "status", "bytes", "plans", "tile", "group", "depth")
    rows = [
        (
            *(layer["name"], layer["cycles"], layer["bound_cycles"], f"{layer['gap']:.2%}"),
            *(layer["status"], layer["dram_bytes"], f"{layer['space_size']:.1e}"),
            f"{layer['plan']['height']}x{layer['plan']['width']}",
            *(layer["plan"]["filter_blocks"], layer["plan"]["depth_blocks"]),
        )
        for layer in layers
    ]
    return table(head, rows)


def shares_table(shares: Sequence[abc.Mapping[str, Any]]) -> str:
    """How activation memory is split, layer by layer; from `mapping_json`."""
    head = ("layers", "resident bytes", "tile bytes", "free bytes")
    rows = [
        (
            ", ".join(share["layers"]),
            *(share["resident_bytes"], share["tile_bytes"], share["free_bytes"]),
        )
        for share in shares
    ]
    return table(head, rows)
