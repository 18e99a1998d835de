"""Bars from left to right: shares of a whole, and rows of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.report.charts.frame import legend
from tilewright.report.html import Markup, tag
from tilewright.report.numbers import percent, short
from tilewright.results import LayerResult

__all__ = ["BOUNDS", "Bar", "bars", "bounds_bar", "bounds_legend", "utilisation_bars"]

BOUNDS = {
    "compute": "the engine",
    "dram": "memory",
    "scratchpad": "the vector unit",
    "dependency": "waiting for each other",
}
"""What may bound a layer, and in words."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar.

    Parameters
    ----------
    share : float
        Of the width, 0 to 1.
    colour : str
        Class.
    text : str
        Beside it.
    told : str
        When it is pointed at.
    """

    share: float
    colour: str
    text: str
    told: str


def bars(rows: Sequence[tuple[str, Sequence[Bar]]]) -> Markup:
    """Rows with a name and one or several bars."""
    return tag("div", *(_row(name, entries) for name, entries in rows), class_="bars", tabindex="0")


def _row(name: str, entries: Sequence[Bar]) -> Markup:
    drawn = [
        tag(
            "div",
            tag(
                "span", tag("i", class_=bar.colour, style=f"width:{bar.share:.2%}"), class_="track"
            ),
            tag("b", bar.text),
            class_="bar",
            title=bar.told,
        )
        for bar in entries
    ]
    return tag("div", tag("span", name, class_="name"), tag("div", *drawn), class_="row")


def utilisation_bars(layers: Sequence[LayerResult]) -> Markup:
    """A bar for each layer, coloured by what bounds it."""
    rows = [
        (
            layer.name,
            [
                Bar(
                    share=min(layer.utilisation, 1.0),
                    colour=layer.bound_by or "plain",
                    text=percent(layer.utilisation),
                    told=_told(layer),
                )
            ],
        )
        for layer in layers
    ]
    return bars(rows)


def _told(layer: LayerResult) -> str:
    bound = "" if layer.bound_by is None else f", bound by {BOUNDS[layer.bound_by]}"
    used = percent(layer.utilisation)
    return f"{layer.name}: {used} of the engine in {layer.cycles:,} cycles{bound}"


def bounds_bar(layers: Sequence[LayerResult]) -> Markup:
    """Cycles by what bounds them, as parts of one bar."""
    total = sum(layer.cycles for layer in layers)
    parts = []
    for bound, meaning in BOUNDS.items():
        cycles = sum(layer.cycles for layer in layers if layer.bound_by == bound)
        if cycles:
            share = cycles / total
            told = f"{meaning}: {cycles:,} cycles, {percent(share)}"
            text = percent(share) if share >= 0.15 else ""
            parts.append(tag("span", text, class_=bound, style=f"flex:{cycles} 0 0", title=told))
    return tag("div", *parts, class_="stack")


def bounds_legend(layers: Sequence[LayerResult]) -> Markup:
    """Keys of the bounds that occur, with their cycles."""
    entries = []
    for bound, meaning in BOUNDS.items():
        cycles = sum(layer.cycles for layer in layers if layer.bound_by == bound)
        if cycles:
            entries.append((bound, f"{bound}: {meaning}, {short(cycles)} cycles"))
    return legend(entries)
