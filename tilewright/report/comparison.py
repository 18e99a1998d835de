"""The report on two results."""

from collections.abc import Callable, Mapping

from tilewright.comparing import Comparison, Difference
from tilewright.report.charts.bars import Bar, bars, bounds_bar, bounds_legend
from tilewright.report.charts.frame import chart, legend
from tilewright.report.charts.memory import shares_chart, shares_height, shares_keys
from tilewright.report.charts.roofline import roofline_chart
from tilewright.report.charts.timeline import timeline_chart
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import bytes_text, energy_text, percent, short
from tilewright.report.page import commands_card, figures, html_table, page
from tilewright.results import Result

__all__ = ["change_text", "comparison_report", "number_text"]

_TOTALS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "total_cycles": ("cycles", lambda cycles: f"{cycles:,}"),
    "utilisation": ("utilisation", percent),
    "dram_bytes": ("traffic", bytes_text),
    "energy_pj": ("energy", energy_text),
    "accuracy": ("accuracy", percent),
    "area_mm2": ("area", lambda area: f"{area:.4g} mm²"),
    "clock_ns": ("clock", lambda period: f"{period:.4g} ns"),
    "time_ns": ("time", lambda time: f"{time / 1000:.4g} µs"),
    "power_mw": ("power", lambda power: f"{power:.4g} mW"),
}
"""Names and texts of totals."""


def comparison_report(comparison: Comparison) -> str:
    """A page about two results of ``run`` or ``simulate``.

    Returns
    -------
    str
        HTML.
    """
    a, b = comparison.a, comparison.b
    return page(
        f"A: {a.title} · B: {b.title}",
        None if comparison.same_workload else tag("p", "A and B are different workloads."),
        figures([_figure(entry) for entry in comparison.totals]),
        _bounds(a, b),
        _cycles(comparison),
        _utilisation(a, b),
        _timelines(a, b),
        _roofline(a, b),
        _memory(a, b),
        commands_card([a.command, b.command]),
    )


def _figure(total: Difference) -> tuple[str, str, str]:
    name, text = _TOTALS.get(total.name, (total.name, number_text))
    a, b = ("–" if number is None else text(number) for number in (total.a, total.b))
    return name, change_text(total), f"{a} → {b}"


def change_text(difference: Difference) -> str:
    """How much more or less ``b`` is."""
    change = difference.change
    if change is None:
        return "equal" if difference.a == difference.b else "–"
    if not change:
        return "equal"
    if change > 1:
        return f"×{change + 1:,.3g}"
    return f"{change:+.1%}".replace("%", " %").replace("-", "−")


def number_text(number: float | None) -> str:
    """A number as it is, or that there is none."""
    if number is None:
        return "–"
    return f"{number:,}" if isinstance(number, int) else f"{number:,.4g}"


def _both(a: Result, b: Result, draw: Callable[[Result], Markup | None]) -> Markup | None:
    """A drawing of each beside the other, where there are both."""
    drawn = [draw(a), draw(b)]
    if None in drawn:
        return None
    named = [
        tag("div", tag("p", f"{letter}: {result.title}", class_="said"), picture)
        for letter, result, picture in zip("AB", (a, b), drawn, strict=True)
    ]
    return tag("div", *named, class_="pair")


def _bounds(a: Result, b: Result) -> Markup | None:
    def draw(result: Result) -> Markup | None:
        if any(layer.bound_by is None for layer in result.layers):
            return None
        return join(bounds_bar(result.layers), bounds_legend(result.layers))

    drawn = _both(a, b, draw)
    return None if drawn is None else chart("What bounds them", drawn)


def _cycles(comparison: Comparison) -> Markup:
    rows = [
        (entry.name, number_text(entry.a), number_text(entry.b), change_text(entry))
        for entry in comparison.layers
    ]
    head = ("layer", "A", "B", "change")
    return chart("Cycles of each layer", html_table(head, rows))


def _utilisation(a: Result, b: Result) -> Markup:
    names = list(dict.fromkeys(layer.name for layer in (*a.layers, *b.layers)))
    rows = []
    for name in names:
        entries = []
        for result, colour, letter in ((a, "first", "A"), (b, "second", "B")):
            layer = next((layer for layer in result.layers if layer.name == name), None)
            if layer is not None:
                told = f"{letter}, {name}: {percent(layer.utilisation)}, {layer.cycles:,} cycles"
                entries.append(
                    Bar(
                        share=min(layer.utilisation, 1.0),
                        colour=colour,
                        text=percent(layer.utilisation),
                        told=told,
                    )
                )
        rows.append((name, entries))
    keys = (("first", "A"), ("second", "B"))
    return chart("Utilisation of each layer", bars(rows), legend(keys))


def _timelines(a: Result, b: Result) -> Markup | None:
    longest = max(a.total_cycles, b.total_cycles)

    def draw(result: Result) -> Markup | None:
        if result.timeline is None:
            return None
        return timeline_chart(result.timeline, result.layers, longest)

    drawn = _both(a, b, draw)
    if drawn is None:
        return None
    said = f"Both end at {short(longest)} cycles, so that lengths compare."
    return chart("Timelines", drawn, said=said)


def _roofline(a: Result, b: Result) -> Markup | None:
    if a.peak_macs_per_cycle is None or b.peak_macs_per_cycle is None:
        return None
    keys = (("series-0", "A: full, roof drawn through"), ("series-1", "B: hollow, roof in dashes"))
    return chart("Rooflines", roofline_chart([a, b]), legend(keys))


def _memory(a: Result, b: Result) -> Markup | None:
    mappings = [result.facts.get("mapping") or {} for result in (a, b)]
    if not all(mapping.get("shares") for mapping in mappings):
        return None
    high = max(shares_height(found["shares"], found["capacity_bytes"]) for found in mappings)

    def draw(result: Result) -> Markup:
        mapping = result.facts["mapping"]
        drawn = shares_chart(
            mapping["shares"],
            mapping["capacity_bytes"],
            result.layers,
            high_bytes=high,
            cycles=max(a.total_cycles, b.total_cycles),
        )
        used = f"{bytes_text(mapping['peak_bytes'])} of {bytes_text(mapping['capacity_bytes'])}"
        return join(tag("p", f"At most {used}", class_="said"), drawn)

    keys = shares_keys([share for mapping in mappings for share in mapping["shares"]])
    return chart("Activation memory", _both(a, b, draw), legend(keys))
