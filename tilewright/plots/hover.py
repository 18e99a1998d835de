"""Pictures by plotly, which tell of a trial when it is pointed at; for notebooks and browsers."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from golden.errors import UserError
from tilewright.plots.objectives import Objectives, Trials, axis_label, feasible_trials, front_of
from tilewright.plots.parallel import positions
from tilewright.plots.style import BLUE, GREY

__all__ = ["parallel_coordinates", "pareto_front"]


def pareto_front(trials: Trials, objectives: Objectives | None = None) -> Any:
    """As `tilewright.plots.pareto_front`; pointing at a trial tells its whole row.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    frame, known = feasible_trials(trials, objectives)
    if len(known) < 2:
        raise UserError(f"a front has two objectives, not {len(known)}")
    (across, way_across), (up, way_up) = chosen = list(known.items())[:2]
    best = front_of(frame, dict(chosen))
    figure = go.Figure()
    for name, rows, colour in (
        ("trials", frame[~best], GREY),
        ("Pareto front", frame[best].sort_values([across, up]), BLUE),
    ):
        figure.add_scatter(
            x=rows[across],
            y=rows[up],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 9},
            text=[
                "<br>".join(f"{key}: {row[key]}" for key in row.index) for _, row in rows.iterrows()
            ],
            hoverinfo="text",
        )
    figure.update_layout(
        template="plotly_white",
        xaxis_title=axis_label(across, way_across),
        yaxis_title=axis_label(up, way_up),
        dragmode="select",
    )
    return figure


def parallel_coordinates(
    trials: Trials, objectives: Objectives | None = None, *, columns: Sequence[str] = ()
) -> Any:
    """As `tilewright.plots.parallel_coordinates`; a range of an axis is chosen by dragging on it.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    frame, known = feasible_trials(trials, objectives)
    for name in columns:
        if name not in frame.columns:
            raise UserError(f"there is no column {name!r}")
    labels = {name: axis_label(name, way) for name, way in known.items()}
    axes = []
    for name in [*columns, *known]:
        numbers = frame[name].dtype.kind in "iuf"
        heights, marks = positions(frame[name])
        words = {
            "tickvals": [height for height, _ in marks],
            "ticktext": [text for _, text in marks],
        }
        axes.append(
            {
                "label": labels.get(name, name),
                "values": frame[name] if numbers else heights,
                **({} if numbers else words),
            }
        )
    line = {
        "color": front_of(frame, known).astype(int),
        "colorscale": [[0, GREY], [1, BLUE]],
        "cmin": 0,
        "cmax": 1,
    }
    return go.Figure(go.Parcoords(dimensions=axes, line=line))
