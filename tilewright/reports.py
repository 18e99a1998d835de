"""Reports on layers as JSON values and as text."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sim.accelerator.report import LayerReport
from tilewright.verbs.options import table

__all__ = ["layer_json", "layer_table"]

_PJ_PER_NJ = 1000


def layer_json(layer: LayerReport) -> dict[str, Any]:
    """A layer's report as JSON values; energy in picojoules."""
    plain = asdict(layer)
    parts = plain.pop("energy")
    return {
        **plain,
        "dram_bytes": layer.dram_bytes,
        "energy_pj": layer.energy.total,
        "energy_parts_pj": parts,
    }


def layer_table(layers: Sequence[dict[str, Any]], total: dict[str, Any]) -> str:
    """A row for each layer, and one for all.

    Parameters
    ----------
    layers : sequence of dict
        From `layer_json`.
    total : dict
        Has ``total_cycles``, ``utilisation``, ``dram_bytes`` and ``energy_pj``.
    """
    head = ("layer", "cycles", "bound by", "utilisation", "DRAM bytes", "nJ")
    rows: list[tuple[object, ...]] = [
        (
            layer["name"],
            layer["cycles"],
            layer["bound_by"],
            f"{layer['utilisation']:.1%}",
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
            total["dram_bytes"],
            round(total["energy_pj"] / _PJ_PER_NJ),
        )
    )
    return table(head, rows)
