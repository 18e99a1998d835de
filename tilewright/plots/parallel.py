"""Trials as lines across axes, one for each param and objective."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from golden.errors import UserError
from tilewright.plots.objectives import Objectives, Trials, axis_label, feasible_trials, front_of
from tilewright.plots.style import BLUE, GREY, new_axes

if TYPE_CHECKING:
    from pandas import Series

__all__ = ["parallel_coordinates", "positions"]


def parallel_coordinates(
    trials: Trials,
    objectives: Objectives | None = None,
    *,
    columns: Sequence[str] = (),
) -> Figure:
    """Draw each trial as a line; those on the Pareto front in colour.

    Parameters
    ----------
    trials : DataFrame or SweepResult
    objectives : mapping of str to {"minimise", "maximise"}, optional
        Default: those of the sweep. They are the axes on the right.
    columns : sequence of str
        Axes on their left, params for example; words are spaced evenly in their order.

    Raises
    ------
    UserError
        If there is no such column, or nothing to draw.
    """
    frame, known = feasible_trials(trials, objectives)
    for name in columns:
        if name not in frame.columns:
            raise UserError(f"there is no column {name!r}")
    names = [*columns, *known]
    best = front_of(frame, known)
    figure, axes = new_axes(width=max(6.0, 1.8 * len(names)))
    heights = np.column_stack([positions(frame[name])[0] for name in names])
    for line, on in sorted(zip(heights, best, strict=True), key=lambda entry: bool(entry[1])):
        axes.plot(
            range(len(names)),
            line,
            color=BLUE if on else GREY,
            alpha=0.9 if on else 0.35,
            linewidth=1.6 if on else 0.8,
        )
    for place, name in enumerate(names):
        axes.axvline(place, color="black", linewidth=0.6)
        for height, text in positions(frame[name])[1]:
            axes.annotate(
                text,
                (place, height),
                (4, 0),
                "data",
                "offset points",
                va="center",
                fontsize="small",
            )
    labels = [
        *columns,
        *(axis_label(name, way).replace(" (", "\n(") for name, way in known.items()),
    ]
    axes.set_xticks(range(len(names)), labels)
    axes.set_xlim(-0.15, len(names) - 0.6)
    axes.get_yaxis().set_visible(False)
    axes.spines[:].set_visible(False)
    axes.plot([], [], color=BLUE, label="Pareto front")
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def positions(column: "Series[float]") -> tuple[NDArray[np.float64], list[tuple[float, str]]]:
    """Heights from 0 to 1 of a column's values, and heights with their texts for the axis.

    Numbers lie by their size, words evenly, in the order of the alphabet.
    """
    numbers = column.dtype.kind in "iuf"
    if not numbers:
        words = sorted({str(value) for value in column})
        step = 1 / max(len(words) - 1, 1)
        marks = [(number * step, word) for number, word in enumerate(words)]
        place = {word: height for height, word in marks}
        return np.array([place[str(value)] for value in column]), marks
    values = column.to_numpy(dtype=float)
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(len(values), 0.5), [(0.5, f"{low:.4g}")]
    marks = [(share, f"{low + share * (high - low):.4g}") for share in (0.0, 0.5, 1.0)]
    return (values - low) / (high - low), marks
