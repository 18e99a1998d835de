"""The average reduction, by hand."""

import pytest

from mapper.scheduling.baselines.comparison import reduction
from mapper.scheduling.graph import SizedGraph
from mapper.scheduling.outcome import Outcome, concluded
from mapper.scheduling.schedule import Placement, Schedule, Step
from tests.mapper.scheduling.graphs import graph, operator

NET: SizedGraph = graph(
    [operator("in", "", "x"), *(operator(f"f{i}", "x", f"y{i}") for i in range(4))],
    {"x": 1, "y0": 1, "y1": 1, "y2": 1, "y3": 1},
    outputs="y0 y1 y2 y3",
)


def outcome(moved: int | None) -> Outcome:
    """The input is retrieved so many times."""
    schedule = None
    if moved is not None:
        steps = [Step(operator="in", resident=(Placement(tensor="x", address=0),))]
        for i in range(4):
            resident = tuple(Placement(tensor=n, address=at) for at, n in enumerate(["x", f"y{i}"]))
            retrieved = ("x",) if i < moved else ()
            steps.append(Step(operator=f"f{i}", resident=resident, retrieved=retrieved))
        schedule = Schedule(capacity_bytes=2, steps=tuple(steps))
    return concluded(NET, strategy="by hand", schedule=schedule, seconds=0.0)


def pairs(*moved):
    return [(outcome(ours), outcome(baseline)) for ours, baseline in moved]


def test_average():
    found = reduction(pairs((0, 4), (1, 4), (2, 2), (0, 0), (1, None), (None, 3), (None, None)))
    assert found.counted == (1.0, 0.75, 0.0)
    assert found.average == pytest.approx(1.75 / 3)
    assert (found.degenerate, found.baseline_failures, found.failures) == (1, 1, 2)


def test_more_bytes_than_the_baseline_are_a_negative_reduction():
    assert reduction(pairs((3, 2))).average == -0.5


def test_nothing_to_compare_with():
    found = reduction(pairs((0, 0), (0, None)))
    assert found.average is None
    assert (found.counted, found.degenerate, found.baseline_failures) == ((), 1, 1)


def test_a_scheduler_that_moves_something_where_the_baseline_does_not():
    """It has no quotient either; bytes are to be told besides."""
    assert reduction(pairs((2, 0))).degenerate == 1
