"""Trials by two objectives, and the front that no trial beats."""

from typing import Literal

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from golden.errors import UserError
from tilewright.plots.objectives import (
    Objectives,
    Trials,
    axis_label,
    feasible_trials,
    front_of,
)
from tilewright.plots.style import BLUE, GREY, new_axes
from tilewright.sweeps.metrics import Direction

__all__ = ["pareto_front"]

_LARGE = 10_000
"""From here on numbers have a decimal prefix: 20k."""


def pareto_front(trials: Trials, objectives: Objectives | None = None) -> Figure:
    """Draw trials by two objectives, and their front as a staircase.

    Parameters
    ----------
    trials : DataFrame or SweepResult
    objectives : mapping of str to {"minimise", "maximise"}, optional
        Two columns, across and up; default: the first two of the sweep. The front is that of these
        two alone.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UserError
        If there is no such column, or nothing to draw.
    """
    frame, known = feasible_trials(trials, objectives)
    if len(known) < 2:
        raise UserError(f"a front has two objectives, not {len(known)}")
    (across, way_across), (up, way_up) = chosen = list(known.items())[:2]
    best = front_of(frame, dict(chosen))
    figure, axes = new_axes()
    rest, front = frame[~best], frame[best].sort_values([across, up])
    axes.scatter(rest[across], rest[up], s=28, color=GREY, alpha=0.6, label="trials")
    # Between two points of the front lies what both of them beat or equal.
    where: Literal["post", "pre"] = "post" if way_across is Direction.MINIMISE else "pre"
    axes.step(front[across], front[up], where=where, color=BLUE, alpha=0.5, linewidth=1)
    axes.scatter(front[across], front[up], s=40, color=BLUE, label="Pareto front")
    axes.set(xlabel=axis_label(across, way_across), ylabel=axis_label(up, way_up))
    for axis, name in ((axes.xaxis, across), (axes.yaxis, up)):
        if frame[name].max() >= _LARGE:
            axis.set_major_formatter(EngFormatter(sep=""))
    axes.legend(frameon=False)
    return figure
