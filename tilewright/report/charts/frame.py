"""Axes around marks."""

from collections.abc import Sequence

from tilewright.report.html import Markup, join, tag

__all__ = ["Tick", "chart", "framed", "legend", "line", "tip"]

Tick = tuple[float, str]
"""Where it is, and its text: across in percent from the left, up in pixels from the top."""


def framed(
    *marks: Markup,
    height: int,
    across: Sequence[Tick],
    up: Sequence[Tick],
    across_label: str,
    grid: bool = True,
) -> Markup:
    """Marks between two axes.

    Parameters
    ----------
    *marks : Markup
        SVG, in percent across and in pixels from the top.
    height : int
        Pixels.
    across, up : sequence of Tick
    across_label : str
        With the unit.
    grid : bool
        Whether lines go through the marks of the upright axis.
    """
    lines = [line(0, y, 100, y, class_="grid") for y, _ in up] if grid else []
    lines += [line(x, 0, x, height, class_="grid") for x, _ in across]
    left = [
        tag("text", text, x=58, y=y, text_anchor="end", dominant_baseline="central")
        for y, text in up
    ]
    below = [tag("text", text, x=f"{x:.4g}%", y=14, text_anchor=_anchor(x)) for x, text in across]
    label = tag("text", across_label, x="50%", y=32, text_anchor="middle", class_="label")
    return tag(
        "div",
        tag("svg", *left, class_="up", width=64, height=height, aria_hidden="true"),
        tag("svg", *lines, *marks, class_="plot", width="100%", height=height, role="img"),
        tag("span"),
        tag("svg", *below, label, class_="across", width="100%", height=38, aria_hidden="true"),
        class_="frame",
    )


def _anchor(x: float) -> str:
    """So that no text is cut off at the edges."""
    return "start" if x < 4 else "end" if x > 96 else "middle"


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Markup:
    """A line; across in percent."""
    return tag("line", x1=f"{x1:.4g}%", y1=float(y1), x2=f"{x2:.4g}%", y2=float(y2), **attributes)


def tip(text: str) -> Markup:
    """What is told of a mark when it is pointed at."""
    return tag("title", text)


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Keys: class of a colour, and what it means."""
    return tag(
        "ul",
        *(tag("li", tag("i", class_=f"key {colour}"), text) for colour, text in entries),
        class_="legend",
    )


def chart(title: str, *parts: Markup | None, said: str | None = None) -> Markup:
    """A section of the page: heading, what it shows in a sentence, the chart."""
    told = None if said is None else tag("p", said, class_="said")
    return tag("section", tag("h2", title), told, join(*parts), class_="card")
