"""Pictures of trials: the front is that of the definition, and what can not be drawn is told."""

from io import BytesIO

import pandas as pd
import pytest

from golden.errors import UserError
from tilewright import plots
from tilewright.plots import hover
from tilewright.plots.objectives import axis_label, front_of
from tilewright.plots.parallel import positions
from tilewright.plots.style import BLUE
from tilewright.sweeps.metrics import Direction

TRIALS = pd.DataFrame(
    {
        "design": ["a", "b", "b", "a", "a"],
        "rows": [4, 8, 16, 32, 64],
        "cycles": [100, 50, 60, 25, None],
        "accuracy": [0.99, 0.95, 0.90, 0.80, 0.99],
    }
)
OBJECTIVES = {"cycles": "minimise", "accuracy": "maximise"}


def test_the_front_is_that_of_the_definition() -> None:
    rows = TRIALS.dropna()
    ways = {name: Direction(way) for name, way in OBJECTIVES.items()}
    expected = [
        not any(
            (a.cycles <= b.cycles and a.accuracy >= b.accuracy)
            and (a.cycles < b.cycles or a.accuracy > b.accuracy)
            for a in rows.itertuples()
        )
        for b in rows.itertuples()
    ]
    assert front_of(rows, ways).tolist() == expected == [True, True, False, True]


def test_pareto_front() -> None:
    figure = plots.pareto_front(TRIALS, OBJECTIVES)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "cycles (clock cycles, less is better)"
    assert axes.get_ylabel() == "accuracy (more is better)"
    rest, front = axes.collections
    assert rest.get_offsets().tolist() == [[60, 0.90]]
    assert front.get_offsets().tolist() == [[25, 0.80], [50, 0.95], [100, 0.99]]
    figure.savefig(BytesIO())


def test_parallel_coordinates() -> None:
    figure = plots.parallel_coordinates(TRIALS, OBJECTIVES, columns=["design", "rows"])
    (axes,) = figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == 4]
    assert len(lines) == 4
    assert sum(line.get_color() == BLUE for line in lines) == 3
    assert len(axes.get_xticklabels()) == 4
    figure.savefig(BytesIO())


def test_positions_on_an_axis() -> None:
    heights, marks = positions(TRIALS["rows"])
    assert heights[[0, -1]].tolist() == [0, 1]
    assert marks == [(0, "4"), (0.5, "34"), (1, "64")]
    heights, marks = positions(TRIALS["design"])
    assert heights.tolist() == [0, 1, 1, 0, 0]
    assert marks == [(0, "a"), (1, "b")]
    assert positions(pd.Series([3, 3]))[0].tolist() == [0.5, 0.5]


def test_hovering_tells_the_row() -> None:
    figure = hover.pareto_front(TRIALS, OBJECTIVES)
    rest, front = figure.data
    assert list(front.x) == [25, 50, 100]
    assert "rows: 16" in rest.text[0]
    assert figure.layout.xaxis.title.text == "cycles (clock cycles, less is better)"
    lines = hover.parallel_coordinates(TRIALS, OBJECTIVES, columns=["design"]).data[0]
    assert [entry.label for entry in lines.dimensions][:1] == ["design"]
    assert list(lines.dimensions[0].ticktext) == ["a", "b"]
    assert list(lines.line.color) == [1, 1, 0, 1]


def test_labels_have_units() -> None:
    assert axis_label("energy_pj", Direction.MINIMISE) == "energy (pJ, less is better)"
    assert axis_label("cycles@a", Direction.MINIMISE) == (
        "cycles of a (clock cycles, less is better)"
    )


@pytest.mark.parametrize(
    ("objectives", "said"),
    [
        (None, "name them"),
        ({"cycle": "minimise"}, "there is no column 'cycle'.*did you mean cycles"),
        ({"cycles": "less"}, "a direction is minimise or maximise, not 'less'"),
        ({"cycles": "minimise"}, "a front has two objectives, not 1"),
    ],
)
def test_what_can_not_be_drawn_is_told(objectives: dict[str, str] | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        plots.pareto_front(TRIALS, objectives)


def test_nothing_to_draw() -> None:
    with pytest.raises(UserError, match="no trial has a number for every objective"):
        plots.pareto_front(TRIALS.tail(1), OBJECTIVES)
    with pytest.raises(UserError, match="there is no column 'colour'"):
        plots.parallel_coordinates(TRIALS, OBJECTIVES, columns=["colour"])
