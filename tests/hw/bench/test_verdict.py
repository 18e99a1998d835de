"""The verdict on what a bench saw."""

from typing import Any

import pytest

from hw.bench.vectors import Case, Plan
from hw.bench.verdict import describe, judge

WRONG = {"beat": 3, "lane": 1, "got": 7, "expected": 5}


def plan(**changed: Any) -> Plan:
    """A plan of one case."""
    case = Case(**{"name": "case", "beats": {}, "cycles": 10, **changed})
    return Plan(
        top="top", bits={}, lane_bits=8, patience_cycles=9, listen_cycles=9, seed=0, cases=(case,)
    )


def report(trailing_beats: int = 0, **changed: Any) -> dict[str, Any]:
    """What a bench says when all is well, but for what is ``changed``."""
    record = {
        "name": "case",
        "outputs_checked": 4,
        "mismatches": 0,
        "examples": [],
        "violations": [],
        "cycles": 10,
        "simulated_cycles": 12,
        "hang": False,
        "unused_beats": 0,
        **changed,
    }
    return {"cases": [record], "trailing_beats": trailing_beats, "seconds": 1.0}


def test_a_case_as_expected_passes() -> None:
    (case,) = judge(plan(), report())
    assert not case.failed
    assert (case.outputs_checked, case.cycles, case.expected_cycles) == (4, 10, 10)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            {"mismatches": 2, "examples": [WRONG]},
            "2 wrong results, first in beat 3, lane 1: got code 7, expected 5",
        ),
        ({"cycles": 11}, "11 cycles, expected 10"),
        ({"cycles": None}, "None cycles, expected 10"),
        ({"hang": True, "cycles": None}, "hang: nothing moved any more"),
        ({"unused_beats": 1}, "results were complete before every input beat was taken"),
        ({"violations": ["results: valid fell"]}, "results: valid fell"),
        ({"trailing_beats": 1}, "results came after the last expected one"),
    ],
)
def test_whatever_is_wrong_fails_and_is_told(seen: dict[str, Any], said: str) -> None:
    (case,) = judge(plan(), report(**seen))
    assert case.failed
    assert describe(case) == f"case: {said}"


def test_cycles_count_only_where_nothing_is_disturbed() -> None:
    for changed in ({"cycles": None}, {"reset_after": 5}):
        (case,) = judge(plan(**changed), report(cycles=11))
        assert not case.failed


def test_a_reset_may_leave_input_behind() -> None:
    (case,) = judge(plan(reset_after=5), report(cycles=None, unused_beats=3))
    assert not case.failed


def test_results_of_other_vectors_are_refused() -> None:
    for seen in (report(name="other"), {**report(), "cases": []}):
        with pytest.raises(ValueError, match="not those of these vectors"):
            judge(plan(), seen)
