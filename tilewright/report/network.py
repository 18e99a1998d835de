"""The report on a run or a simulation."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tilewright.report.charts.bars import bounds_bar, bounds_legend, utilisation_bars
from tilewright.report.charts.frame import chart, legend
from tilewright.report.charts.memory import shares_chart, shares_keys
from tilewright.report.charts.roofline import roofline_chart, without_products
from tilewright.report.charts.timeline import timeline_chart
from tilewright.report.html import Markup
from tilewright.report.numbers import bytes_text, energy_text, percent, short
from tilewright.report.page import commands_card, figures, html_table, page
from tilewright.results import LayerResult, Result, read_result

__all__ = ["network_report"]


def network_report(result: Mapping[str, Any]) -> str:
    """A page about a run or a simulation.

    Parameters
    ----------
    result : mapping
        JSON of ``run`` or ``simulate``.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    UserError
        If it is no such result.
    """
    read = read_result(result)
    return page(
        read.title,
        figures(_figures(read)),
        _bounds(read),
        chart(
            "Utilisation of each layer",
            utilisation_bars(read.layers),
            said=_utilisation_said(read.layers),
        ),
        _timeline(read),
        _roofline(read),
        _memory(read),
        chart("Layers", layers_table(read.layers)),
        commands_card([read.command]),
    )


def _utilisation_said(layers: Sequence[LayerResult]) -> str:
    said = "The part of the engine's multiply-accumulates that is used in a layer's cycles."
    if any(layer.utilisation and not layer.macs for layer in layers):
        said += " Layers overlap: what the next one computes in them counts as well."
    return said


def _figures(result: Result) -> list[tuple[str, str, str | None]]:
    samples = result.facts.get("samples", 1)
    entries: list[tuple[str, str, str | None]] = [
        ("cycles", f"{result.total_cycles:,}", "of each sample" if samples > 1 else None)
    ]
    if result.utilisation is not None:
        entries.append(("utilisation", percent(result.utilisation), "of the engine"))
    if result.dram_bytes is not None:
        where = "over the data port" if result.is_accelerator else "over the engine's ports"
        entries.append(("traffic", bytes_text(result.dram_bytes), where))
    if result.energy_pj is not None:
        entries.append(("energy", energy_text(result.energy_pj), None))
    if result.accuracy is not None:
        entries.append(("accuracy", percent(result.accuracy), f"of {samples:,} samples"))
    return entries + _cost(result.facts) + _checked(result.facts)


def _cost(facts: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    cost = facts.get("cost")
    if cost is None:
        return []
    entries: list[tuple[str, str, str | None]] = [
        ("area", f"{cost['area_mm2']:.4g} mm²", str(cost["technology"]))
    ]
    if cost["clock_ns"] is not None:
        entries.append(("clock", f"{cost['clock_ns']:.4g} ns", str(cost["clock_by"])))
        rate = f"{short(cost['inferences_per_second'])} per second"
        entries.append(("time", f"{cost['time_ns'] / 1000:.4g} µs", rate))
    return entries


def _checked(facts: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    if "rtl_cycles" not in facts:
        return []
    outputs, cycles = facts["output_mismatches"], facts["cycle_mismatches"]
    checked = f"{facts['rtl_outputs_checked']:,} numbers checked"
    said = "equal" if not (outputs or cycles) else f"{outputs:,} wrong, {cycles:,} late"
    return [("Verilog", said, f"{facts['rtl_cycles']:,} cycles, {checked}")]


def _bounds(result: Result) -> Markup | None:
    if any(layer.bound_by is None for layer in result.layers):
        return None
    return chart(
        "What bounds it",
        bounds_bar(result.layers),
        bounds_legend(result.layers),
        said="Cycles of all layers, by what each of them waits for most.",
    )


def _timeline(result: Result) -> Markup | None:
    if result.timeline is None:
        return None
    fine = result.facts.get("timeline") is not None
    length = result.timeline.edges_cycles[1]
    each = f"in bins of {length:,} cycles" if fine and length > 1 else "layer by layer"
    return chart(
        "Timeline",
        timeline_chart(result.timeline, result.layers),
        said=f"How busy each unit is, {each}; below, the layers as they end one after the other,"
        " coloured by what bounds them.",
    )


def _roofline(result: Result) -> Markup | None:
    if result.peak_macs_per_cycle is None:
        return None
    missing = without_products(result.layers)
    if len(missing) == len(result.layers):
        return None
    said = (
        "What each layer reaches, and in dashes what engine and memory together would allow it."
        " At ∞ no byte is moved."
    )
    if any((layer.macs_per_cycle or 0) > (layer.roof or math.inf) for layer in result.layers):
        said += (
            " Layers overlap: in the cycles of a layer work of the next may be done as well, which"
            " lifts a mark above its own dash."
        )
    if missing:
        said += f" Without products, and not shown: {', '.join(missing)}."
    return chart("Roofline", roofline_chart([result]), bounds_legend(result.layers), said=said)


def _memory(result: Result) -> Markup | None:
    mapping = result.facts.get("mapping") or {}
    if not mapping.get("shares"):
        return None
    capacity, peak = mapping["capacity_bytes"], mapping["peak_bytes"]
    return chart(
        "Activation memory",
        shares_chart(mapping["shares"], capacity, result.layers),
        legend(shares_keys(mapping["shares"])),
        said=f"At most {bytes_text(peak)} of {bytes_text(capacity)} are used at a time.",
    )


def layers_table(layers: Sequence[LayerResult]) -> Markup:
    """Every layer's numbers; columns that no layer has are left out."""
    columns: dict[str, list[str | None]] = {
        "layer": [layer.name for layer in layers],
        "cycles": [f"{layer.cycles:,}" for layer in layers],
        "bound by": [layer.bound_by for layer in layers],
        "utilisation": [percent(layer.utilisation) for layer in layers],
        "MACs": [None if layer.macs is None else f"{layer.macs:,}" for layer in layers],
        "DRAM bytes": [
            None if layer.dram_bytes is None else f"{layer.dram_bytes:,}" for layer in layers
        ],
        "MACs/cycle": [_short(layer.macs_per_cycle) for layer in layers],
        "roof": [_short(layer.roof) for layer in layers],
        "energy (nJ)": [
            None if layer.energy_pj is None else f"{layer.energy_pj / 1000:,.1f}"
            for layer in layers
        ],
    }
    known = {name: cells for name, cells in columns.items() if set(cells) != {None}}
    rows = [
        ["" if cell is None else cell for cell in row] for row in zip(*known.values(), strict=True)
    ]
    return html_table(list(known), rows, texts=("bound by",))


def _short(number: float | None) -> str | None:
    return short(number) if number else None
