"""What lies in local memory: of an accelerator stage by stage, of a schedule tensor by tensor."""

from collections.abc import Mapping, Sequence
from typing import Any

from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.schedule import Schedule
from tilewright.report.charts.frame import framed, line, tip
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import byte_ticks, bytes_text, short, ticks
from tilewright.residencies import residencies
from tilewright.results import LayerResult

__all__ = ["map_chart", "shares_chart", "shares_height", "shares_keys"]

_HEIGHT, _MAP_HEIGHT = 200, 360
_LETTER = 2.2
"""Percent of the width that a letter takes on a phone."""


def shares_chart(
    shares: Sequence[Mapping[str, Any]],
    capacity_bytes: int,
    layers: Sequence[LayerResult] = (),
    *,
    high_bytes: float | None = None,
    cycles: int | None = None,
) -> Markup:
    """Activation memory over the stages of a network: values, and room for tiles.

    Parameters
    ----------
    shares : sequence of mapping
        As `tilewright.reports.mapping_json` has them.
    capacity_bytes : int
    layers : sequence of LayerResult
        Whose cycles are the widths of stages; without them all are alike.
    high_bytes, cycles : number, optional
        At the upper and right edges, so that runs can be compared; default: `shares_height`, and
        the end of the run.
    """
    lasting = {layer.name: layer.cycles for layer in layers}
    widths = [sum(lasting.get(name, 0) for name in share["layers"]) for share in shares]
    if not any(widths):
        widths = [1] * len(shares)
    total = cycles or sum(widths)
    high = high_bytes or shares_height(shares, capacity_bytes)
    marks, at = [], 0
    for share, width in zip(shares, widths, strict=True):
        base = 0
        for part, colour, meaning in (
            ("resident_bytes", "resident", "values"),
            ("tile_bytes", "tiles", "tiles"),
        ):
            size = share[part]
            if size:
                told = f"{', '.join(share['layers'])}: {bytes_text(size)} of {meaning}"
                marks.append(
                    _box(
                        (100 * at / total, 100 * width / total),
                        (_HEIGHT * (1 - (base + size) / high), _HEIGHT * size / high),
                        colour,
                        told,
                    )
                )
            base += size
        at += width
    if high >= capacity_bytes:
        full = _HEIGHT * (1 - capacity_bytes / high)
        marks.append(line(0, full, 100, full, class_="limit"))
    unit = "time (cycles)" if layers else "stage"
    across = [(100 * tick / total, short(tick)) for tick in ticks(total)]
    up = [(_HEIGHT * (1 - tick / high), bytes_text(tick)) for tick in byte_ticks(high)]
    return framed(*marks, height=_HEIGHT, across=across, up=up, across_label=unit)


def shares_height(shares: Sequence[Mapping[str, Any]], capacity_bytes: int) -> float:
    """Bytes at the upper edge: all that there are, unless what is used were low then."""
    used = max(share["resident_bytes"] + share["tile_bytes"] for share in shares)
    return capacity_bytes if 2 * used >= capacity_bytes else used * 1.15


def shares_keys(shares: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Keys of what occurs, for `tilewright.report.charts.frame.legend`."""
    keys = [("resident", "values")]
    if any(share["tile_bytes"] for share in shares):
        keys.append(("tiles", "room for tiles"))
    return keys


def map_chart(graph: SizedGraph, schedule: Schedule) -> Markup:
    """Tensors as rectangles over steps and addresses."""
    count, capacity = len(schedule.steps), schedule.capacity_bytes
    marks = []
    for entry in residencies(graph, schedule):
        weight = graph.tensors[entry.tensor].is_weight
        back = entry.retrieved
        told = (
            f"{entry.tensor}: {bytes_text(entry.size_bytes)} at {entry.address:,},"
            f" steps {entry.first} to {entry.last}"
        )
        if back:
            told += ", back from memory"
        if entry.spilled is not None:
            told += f", copied to memory before step {entry.spilled}"
        width = 100 * (entry.last - entry.first + 1) / count
        left, tall = 100 * entry.first / count, _MAP_HEIGHT * entry.size_bytes / capacity
        top = _MAP_HEIGHT * (1 - (entry.address + entry.size_bytes) / capacity)
        colour = f"{'weight' if weight else 'resident'}{' back' if back else ''}"
        marks.append(_box((left, width), (top, tall), colour, told))
        if entry.spilled is not None:
            at = 100 * entry.spilled / count
            marks.append(line(at, top, at, top + tall, class_="spill"))
        if width >= _LETTER * len(entry.tensor) and tall >= 14:
            marks.append(
                tag(
                    "text",
                    entry.tensor,
                    x=f"{left + width / 2:.4g}%",
                    y=top + tall / 2,
                    text_anchor="middle",
                    dominant_baseline="central",
                    class_="within",
                )
            )
    across = [(100 * tick / count, short(tick)) for tick in ticks(count)]
    up = [(_MAP_HEIGHT * (1 - tick / capacity), bytes_text(tick)) for tick in byte_ticks(capacity)]
    return join(
        tag("p", "address", class_="upright"),
        framed(*marks, height=_MAP_HEIGHT, across=across, up=up, across_label="step"),
    )


def _box(across: tuple[float, float], down: tuple[float, float], colour: str, told: str) -> Markup:
    (left, width), (top, height) = across, down
    return tag(
        "rect",
        tip(told),
        x=f"{left:.4g}%",
        y=round(top, 2),
        width=f"{width:.4g}%",
        height=round(max(height, 1.0), 2),
        class_=f"box {colour}",
    )
