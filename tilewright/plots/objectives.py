"""Objectives of pictures of trials: which columns, and which way is better."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.discovery import close_names
from golden.errors import UserError
from tilewright.sweeps.metrics import Direction
from tilewright.sweeps.pareto import pareto_front as on_front

if TYPE_CHECKING:
    from pandas import DataFrame

    from tilewright.sweeps.result import SweepResult

__all__ = ["Objectives", "Trials", "axis_label", "feasible_trials", "front_of"]

Trials: TypeAlias = "DataFrame | SweepResult"
"""A row for each trial; or a sweep, which knows its objectives."""

Objectives: TypeAlias = Mapping[str, Direction | str]
"""Column, and ``minimise`` or ``maximise``."""

_UNITS = {
    "_pj": "pJ",
    "_ns": "ns",
    "_bytes": "bytes",
    "_mm2": "mm²",
    "_mw": "mW",
    "cycles": "clock cycles",
}
"""By the ends of names."""


def feasible_trials(
    trials: Trials, objectives: Objectives | None
) -> "tuple[DataFrame, dict[str, Direction]]":
    """Rows with a number for every objective, and the objectives.

    Raises
    ------
    UserError
        If no trial is feasible, there is no such column, a direction is none, or no row is left.
    """
    from pandas import DataFrame

    if isinstance(trials, DataFrame):
        known, frame = {}, trials
    else:
        trials.require_feasible()
        known = {entry.metric: entry.direction for entry in trials.study.objectives}
        frame = trials.trials[[record.feasible for record in trials.records]]
    wanted = {name: _direction(given) for name, given in (objectives or known).items()}
    if not wanted:
        raise UserError("a data frame does not say which columns are objectives: name them")
    for name in wanted:
        if name not in frame.columns:
            close = close_names(name, [str(column) for column in frame.columns])
            raise UserError(f"there is no column {name!r}{close}")
    frame = frame.dropna(subset=list(wanted))
    if frame.empty:
        raise UserError("no trial has a number for every objective")
    return frame, wanted


def _direction(given: Direction | str) -> Direction:
    try:
        return Direction(given)
    except ValueError:
        allowed = " or ".join(direction.value for direction in Direction)
        raise UserError(f"a direction is {allowed}, not {given!r}") from None


def front_of(frame: "DataFrame", objectives: Mapping[str, Direction]) -> NDArray[np.bool_]:
    """Which rows no other dominates, shape (rows,)."""
    signs = [1 if way is Direction.MINIMISE else -1 for way in objectives.values()]
    return on_front(frame[list(objectives)].to_numpy(dtype=float) * signs)


def axis_label(name: str, direction: Direction) -> str:
    """Name, unit and what is better."""
    plain, _, workload = name.partition("@")
    unit = next((unit for end, unit in _UNITS.items() if plain.endswith(end)), None)
    words = plain
    for end in _UNITS:
        if end.startswith("_"):
            words = words.removesuffix(end)
    told = words.replace("_", " ") + (f" of {workload}" if workload else "")
    better = "less" if direction is Direction.MINIMISE else "more"
    return f"{told} ({f'{unit}, ' if unit else ''}{better} is better)"
