"""Layers under the roof of their accelerator: what they reach, and what they could."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.report.charts.frame import framed, line, tip
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import log_ticks, short
from tilewright.results import LayerResult, Result

__all__ = ["roofline_chart", "without_products"]

_HEIGHT = 260
_ENDLESS = 95.0
"""Percent from the left: where layers stand that move no byte."""
_EDGE = 90.0
"""Percent from the left: the highest intensity."""


@dataclass(frozen=True)
class _Scales:
    """Logarithmic; low and high of each axis."""

    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, macs_per_byte: float) -> float:
        low, high = self.x
        return _EDGE * math.log(macs_per_byte / low) / math.log(high / low)

    def up(self, macs_per_cycle: float) -> float:
        low, high = self.y
        return _HEIGHT * (1 - math.log(macs_per_cycle / low) / math.log(high / low))


def without_products(layers: Sequence[LayerResult]) -> list[str]:
    """Layers that have no place under a roof."""
    return [layer.name for layer in layers if not _placed(layer)]


def _placed(layer: LayerResult) -> bool:
    return bool(layer.macs and layer.macs_per_cycle)


def roofline_chart(results: Sequence[Result]) -> Markup:
    """The roof, and a mark for each layer with products; above it, as a dash, its own roof.

    Parameters
    ----------
    results : sequence of Result
        Of accelerators, one or two; marks of the second are hollow.
    """
    scales = _scales(results)
    marks: list[Markup] = []
    for number, result in enumerate(results):
        marks.append(_roof(result, scales, number))
    for number, result in enumerate(results):
        marks += [_mark(layer, scales, number) for layer in result.layers if _placed(layer)]
    across = [(scales.across(at), short(at)) for at in log_ticks(*scales.x)]
    across = [tick for tick in across if tick[0] <= _EDGE - 4] + [(_ENDLESS, "∞")]
    up = [(scales.up(at), short(at)) for at in log_ticks(*scales.y)]
    return join(
        tag("p", "MACs per cycle", class_="upright"),
        framed(
            *marks,
            height=_HEIGHT,
            across=across,
            up=up,
            across_label="MACs per byte of DRAM",
        ),
    )


def _scales(results: Sequence[Result]) -> _Scales:
    x, y = [], []
    for result in results:
        peak, bandwidth = _ceilings(result)
        x.append(peak / bandwidth)
        y.append(peak)
        for layer in filter(_placed, result.layers):
            y += [value for value in (layer.macs_per_cycle, layer.roof) if value]
            if layer.macs_per_byte:
                x.append(layer.macs_per_byte)
    return _Scales((min(x) / 2, max(x) * 2), (min(y) / 2, max(y) * 1.5))


def _ceilings(result: Result) -> tuple[float, float]:
    """Of an accelerator."""
    ceilings = result.ceilings
    assert ceilings is not None
    return ceilings


def _roof(result: Result, scales: _Scales, number: int) -> Markup:
    peak, bandwidth = _ceilings(result)
    ridge = peak / bandwidth
    # The slope begins at the left edge, or at the floor where it is met before.
    left = max(scales.x[0], scales.y[0] / bandwidth)
    told = f"{result.target}: {peak:g} MACs per cycle, {bandwidth:g} bytes per cycle"
    return tag(
        "g",
        line(
            scales.across(left),
            scales.up(left * bandwidth),
            scales.across(ridge),
            scales.up(peak),
        ),
        line(scales.across(ridge), scales.up(peak), 100, scales.up(peak)),
        tip(told),
        class_=f"roof series-{number}",
    )


def _mark(layer: LayerResult, scales: _Scales, number: int) -> Markup:
    assert layer.macs_per_cycle is not None  # placed
    x = scales.across(layer.macs_per_byte) if layer.macs_per_byte else _ENDLESS
    moved = f"{short(layer.macs_per_byte)} MACs per byte" if layer.macs_per_byte else "no bytes"
    told = f"{layer.name}: {short(layer.macs_per_cycle)} MACs per cycle, {moved}"
    roof = None
    if layer.roof:
        told += f", roof {short(layer.roof)}"
        roof = line(x - 1, scales.up(layer.roof), x + 1, scales.up(layer.roof), class_="own-roof")
    dot = tag(
        "circle",
        tip(told),
        cx=f"{x:.4g}%",
        cy=scales.up(layer.macs_per_cycle),
        r=6,
        class_=f"dot {layer.bound_by or 'plain'} series-{number}",
    )
    return join(roof, dot)
