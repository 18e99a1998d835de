"""The report on a sweep."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tilewright.report.charts.frame import chart, legend
from tilewright.report.charts.scatter import Dot, scatter_chart
from tilewright.report.html import Markup, join, tag
from tilewright.report.numbers import short
from tilewright.report.page import commands_card, figures, html_table, page
from tilewright.sweeps.pareto import pareto_front

__all__ = ["sweep_report"]

_MOST_CHARTS = 3
"""Pairs of objectives that are drawn."""

_LARGE = 1000
"""From here on no digit behind the point is shown."""


def sweep_report(result: Mapping[str, Any]) -> str:
    """A page about a sweep: trials by their objectives, to choose from.

    Parameters
    ----------
    result : mapping
        JSON of ``sweep``.

    Returns
    -------
    str
        HTML.
    """
    objectives: Mapping[str, str] = result["objectives"]
    trials = [
        trial
        for trial in result["trials"]
        if trial["feasible"] and all(name in trial["metrics"] for name in objectives)
    ]
    front = {trial["trial"] for trial in result["pareto"]}
    pairs = list(combinations(objectives, 2))[:_MOST_CHARTS]
    return page(
        f"Sweep {result['study']}",
        figures(
            [
                ("trials", f"{len(result['trials']):,}", None),
                ("feasible", f"{len(trials):,}", None),
                ("on the front", f"{len(front):,}", "nothing beats them"),
                ("failed", f"{result['failed']:,}", None),
            ]
        ),
        *(_pair(trials, objectives, pair) for pair in pairs if trials),
        _table(trials, objectives, front),
        _failures(result["trials"]),
        commands_card([result.get("command")]),
        scripts=("tips.js", "select.js"),
    )


def _pair(
    trials: Sequence[Mapping[str, Any]], objectives: Mapping[str, str], pair: tuple[str, str]
) -> Markup:
    across, up = pair
    signs = [1 if objectives[name] == "minimise" else -1 for name in pair]
    values = np.array([[float(trial["metrics"][name]) for name in pair] for trial in trials])
    best = pareto_front(values * signs)
    dots = [
        Dot(
            trial=trial["trial"],
            across=float(x),
            up=float(y),
            on_front=bool(on),
            told=_told(trial, objectives),
        )
        for trial, (x, y), on in zip(trials, values, best, strict=True)
    ]
    drawn = scatter_chart(
        dots,
        across_label=_label(across, objectives),
        up_label=_label(up, objectives),
        stair_first=objectives[across] == "minimise",
    )
    return chart(
        f"{up} over {across}",
        drawn,
        legend((("front", "Pareto front of these two"), ("dependency", "other trials"))),
        said="Choose trials by a click, or with the mouse by a box around them; the table follows.",
    )


def _label(name: str, objectives: Mapping[str, str]) -> str:
    return f"{name} ({'less' if objectives[name] == 'minimise' else 'more'} is better)"


def _params(trial: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in trial["params"].items())


def _told(trial: Mapping[str, Any], objectives: Mapping[str, str]) -> str:
    metrics = ", ".join(f"{name} {short(trial['metrics'][name])}" for name in objectives)
    return f"trial {trial['trial']}, {trial['design']}: {_params(trial)}; {metrics}"


def _table(
    trials: Sequence[Mapping[str, Any]], objectives: Mapping[str, str], front: set[int]
) -> Markup:
    first, way = next(iter(objectives.items()))
    sign = 1 if way == "minimise" else -1
    ordered = sorted(
        trials, key=lambda trial: (trial["trial"] not in front, sign * trial["metrics"][first])
    )
    head = ("trial", "front", "design", "params", *objectives)
    rows = [
        (
            trial["trial"],
            "●" if trial["trial"] in front else "",
            trial["design"],
            _params(trial),
            *(_number(trial["metrics"][name]) for name in objectives),
        )
        for trial in ordered
    ]
    marks = [trial["trial"] for trial in ordered]
    drawn = html_table(head, rows, texts=("front", "design", "params"), trials=marks)
    return chart("Trials", drawn, said="The front first.")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.5g}"


def _failures(trials: Sequence[Mapping[str, Any]]) -> Markup | None:
    reasons = Counter(trial["reason"] for trial in trials if trial["reason"] is not None)
    if not reasons:
        return None
    lines = [tag("li", f"{times:,}: {reason}") for reason, times in reasons.most_common()]
    return chart("Why trials failed", tag("ul", join(*lines)))
