"""How busy the units are over the cycles of a run, above the layers."""

from collections.abc import Sequence

from tilewright.report.charts.bars import BOUNDS
from tilewright.report.charts.frame import framed, line, tip
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import percent, short, ticks
from tilewright.results import UNITS, LayerResult, Timeline

__all__ = ["timeline_chart"]

_LANE, _GAP = 34, 8
"""Pixels."""


def timeline_chart(
    timeline: Timeline, layers: Sequence[LayerResult], cycles: int | None = None
) -> Markup:
    """A lane for each unit, filled as far as it is busy, and a strip of layers below.

    Parameters
    ----------
    timeline : Timeline
    layers : sequence of LayerResult
    cycles : int, optional
        At the right edge, so that runs can be compared; default: the end of the run.
    """
    width = cycles or max(timeline.edges_cycles[-1], 1)
    pitch = _LANE + _GAP
    lanes = [
        tag(
            "svg",
            tag("path", d=_outline(timeline, unit), class_=f"unit-{unit}"),
            tip(_told(timeline, unit)),
            y=number * pitch,
            width="100%",
            height=_LANE,
            viewBox=f"0 0 {width} 1",
            preserveAspectRatio="none",
            class_="lane",
        )
        for number, unit in enumerate(UNITS)
    ]
    floors = [
        line(0, number * pitch + _LANE, 100, number * pitch + _LANE, class_="grid")
        for number in range(len(UNITS))
    ]
    across = [(100 * at / width, short(at)) for at in ticks(width)]
    up = [(number * pitch + _LANE / 2, unit) for number, unit in enumerate(UNITS)]
    return join(
        framed(
            *floors,
            *lanes,
            height=len(UNITS) * pitch,
            across=across,
            up=up,
            across_label="time (cycles)",
            grid=False,
        ),
        _strip(layers, width),
    )


def _outline(timeline: Timeline, unit: str) -> str:
    """Steps from the floor of a lane, whose height is 1."""
    edges = timeline.edges_cycles
    steps = [f"M{edges[0]} 1"]
    for start, end, share in zip(edges, edges[1:], timeline.busy[unit], strict=False):
        top = f"{1 - min(share, 1.0):.3g}"
        steps.append(f"L{start} {top}H{end}")
    return f"{''.join(steps)}L{edges[-1]} 1Z"


def _told(timeline: Timeline, unit: str) -> str:
    edges = timeline.edges_cycles
    busy = sum(
        (end - start) * share
        for start, end, share in zip(edges, edges[1:], timeline.busy[unit], strict=False)
    )
    return f"{unit}: busy in {percent(busy / max(edges[-1], 1))} of the run"


def _strip(layers: Sequence[LayerResult], width: int) -> Markup:
    begun = 0
    parts = []
    for layer in layers:
        busy = ", ".join(f"{unit} {percent(layer.busy[unit])}" for unit in UNITS)
        bound = "" if layer.bound_by is None else f"; bound by {BOUNDS[layer.bound_by]}"
        told = f"{layer.name}: cycles {begun:,} to {begun + layer.cycles:,}{bound}; busy: {busy}"
        begun += layer.cycles
        parts.append(
            tag(
                "span",
                layer.name,
                class_=layer.bound_by or "plain",
                style=f"flex:{layer.cycles} 0 0",
                title=told,
            )
        )
    rest = width - begun
    if rest > 0:
        parts.append(tag("span", style=f"flex:{rest} 0 0;background:none"))
    return tag("div", *parts, class_="stack strip")
