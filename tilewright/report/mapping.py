"""Reports on mappings: of a network in a scratchpad, and of a workload on an accelerator."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule
from tilewright.report.charts.bars import Bar, bars
from tilewright.report.charts.frame import chart, legend
from tilewright.report.charts.memory import map_chart, shares_chart, shares_keys
from tilewright.report.html import Markup
from tilewright.report.numbers import bytes_text, percent
from tilewright.report.page import commands_card, figures, html_table, page

__all__ = ["mapping_report", "schedule_report"]


def schedule_report(result: Mapping[str, Any], graph: SizedGraph, schedule: Schedule | None) -> str:
    """A page about a network in a scratchpad.

    Parameters
    ----------
    result : mapping
        JSON of ``map``.
    graph : SizedGraph
        What was scheduled.
    schedule : Schedule or None
        None where there is none.
    """
    entries = _status(result)
    entries.append(("scratchpad", bytes_text(result["capacity_bytes"]), None))
    if schedule is not None:
        entries += _moved(result)
    return page(
        f"{PurePath(result['network']).name} in {bytes_text(result['capacity_bytes'])}",
        figures(entries),
        None if schedule is None else _map(graph, schedule),
        None if schedule is None else _busiest(graph, schedule),
        commands_card([result.get("command")]),
    )


def mapping_report(result: Mapping[str, Any]) -> str:
    """A page about a workload that is mapped to an accelerator.

    Parameters
    ----------
    result : mapping
        JSON of ``map --accelerator``.
    """
    title = f"{PurePath(result['workload']).name} mapped to {result['accelerator']}"
    entries = _status(result)
    parts: list[Markup]
    if result["lowering"] == "program":
        entries.append(("cycles", f"{result['total_cycles']:,}", _cycles_gap(result)))
        entries += _moved(result)
        parts = [
            chart(
                "Activation memory",
                shares_chart(result["shares"], result["capacity_bytes"]),
                legend(shares_keys(result["shares"])),
                said=f"At most {bytes_text(result['peak_bytes'])} of"
                f" {bytes_text(result['capacity_bytes'])} are used at a time.",
            ),
            chart(
                "Stages",
                html_table(
                    ("layers", "resident bytes", "tile bytes", "free bytes"),
                    [
                        (
                            ", ".join(share["layers"]),
                            *(
                                f"{share[part]:,}"
                                for part in ("resident_bytes", "tile_bytes", "free_bytes")
                            ),
                        )
                        for share in result["shares"]
                    ],
                ),
            ),
        ]
    else:
        entries.append(("cycles", f"{result['cycles']:,}", "layers alone"))
        entries.append(("bound", f"{result['bound_cycles']:,}", "no mapping takes fewer cycles"))
        parts = [_distances(result), chart("Layers", _mapped_table(result))]
    return page(title, figures(entries), *parts, commands_card([result.get("command")]))


def _status(result: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    gap = result["gap"]
    more = None if gap is None else f"gap {percent(gap)}"
    took = f"{result['seconds']:.2f} s"
    return [("status", str(result["status"]), more), ("search", took, None)]


def _moved(result: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    bound = result["bound_bytes"]
    least = None if bound is None else f"no mapping has fewer than {bytes_text(bound)}"
    return [
        ("spilled and retrieved", bytes_text(result["objective_bytes"]), least),
        ("compulsory", bytes_text(result["compulsory_bytes"]), "moved by any mapping"),
    ]


def _cycles_gap(result: Mapping[str, Any]) -> str | None:
    gap = result["cycles_gap"]
    return None if gap is None else f"at most {percent(gap)} could be saved"


def _map(graph: SizedGraph, schedule: Schedule) -> Markup:
    names = {place.tensor for step in schedule.steps for place in step.resident}
    keys = [("resident", "activation")]
    if any(graph.tensors[name].is_weight for name in names):
        keys.append(("weight", "weight"))
    if any(step.retrieved for step in schedule.steps):
        keys.append(("back", "back from memory"))
    if any(step.spilled for step in schedule.steps):
        keys.append(("spill", "copied to memory"))
    return chart(
        "Memory map",
        map_chart(graph, schedule),
        legend(keys),
        said="Tensors over the steps of the schedule and the addresses of the scratchpad.",
    )


def _busiest(graph: SizedGraph, schedule: Schedule) -> Markup:
    rows = []
    for number, step in enumerate(schedule.steps):
        used = sum(graph.tensors[place.tensor].size_bytes for place in step.resident)
        spilled, retrieved = (
            sum(graph.tensors[name].size_bytes for name in names)
            for names in (step.spilled, step.retrieved)
        )
        rows.append((step.operator, number, f"{used:,}", f"{spilled:,}", f"{retrieved:,}"))
    head = ("operator", "step", "bytes in use", "bytes spilled", "bytes retrieved")
    return chart("Steps", html_table(head, rows))


def _distances(result: Mapping[str, Any]) -> Markup:
    rows = [
        (
            layer["name"],
            [
                Bar(
                    share=layer["bound_cycles"] / layer["cycles"] if layer["cycles"] else 1.0,
                    colour="first",
                    text=percent(layer["gap"]),
                    told=f"{layer['name']}: {layer['cycles']:,} cycles, bound"
                    f" {layer['bound_cycles']:,}, {layer['status']}",
                )
            ],
        )
        for layer in result["layers"]
    ]
    return chart(
        "How near each layer is to its bound",
        bars(rows),
        said="The bound as a part of the cycles; beside it, the part that might be saved.",
    )


def _mapped_table(result: Mapping[str, Any]) -> Markup:
    head = ("layer", "cycles", "bound", "gap", "status", "DRAM bytes", "tile", "group", "depth")
    rows = [
        (
            *(layer["name"], f"{layer['cycles']:,}", f"{layer['bound_cycles']:,}"),
            *(percent(layer["gap"]), layer["status"], f"{layer['dram_bytes']:,}"),
            f"{layer['plan']['height']}×{layer['plan']['width']}",
            *(layer["plan"]["filter_blocks"], layer["plan"]["depth_blocks"]),
        )
        for layer in result["layers"]
    ]
    return html_table(head, rows, texts=("status",))
