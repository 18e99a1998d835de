"""Schedules as JSON, there and back."""

import json
import re

import pytest

from golden.errors import UserError
from mapper.scheduling.schedule import Schedule, Step, Window
from mapper.scheduling.serial import schedule_from_json, schedule_to_json
from tests.mapper.scheduling.test_checker import ROOMY, TIGHT

WINDOWED = Schedule(
    capacity_bytes=9,
    steps=(
        Step(
            operator="in",
            resident=(),
            windows=(Window(tensor="x", address=3, size_bytes=2, moved_bytes=5),),
            moved_bytes={"y": 7},
        ),
    ),
)


@pytest.mark.parametrize("schedule", [ROOMY, TIGHT, WINDOWED])
def test_there_and_back(schedule):
    assert schedule_from_json(json.loads(json.dumps(schedule_to_json(schedule)))) == schedule


def test_what_json_holds():
    plain = schedule_to_json(TIGHT)
    assert plain["capacity_bytes"] == 14
    assert plain["steps"][2] == {
        "operator": "g",
        "resident": {"w": 4, "a": 8, "b": 8},
        "spilled": ["x"],
        "retrieved": [],
        "windows": [],
        "moved_bytes": {},
    }


STEP = {"operator": "f", "resident": {}, "spilled": [], "retrieved": []}


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        (3, "a schedule must be an object with capacity_bytes, steps"),
        ({"steps": []}, "a schedule must be an object with capacity_bytes, steps"),
        ({"capacity_bytes": "9", "steps": []}, "capacity_bytes must be a whole number, not '9'"),
        ({"capacity_bytes": True, "steps": []}, "capacity_bytes must be a whole number, not True"),
        ({"capacity_bytes": 9, "steps": {}}, "steps must be a list, not {}"),
        (
            {"capacity_bytes": 9, "steps": [{}]},
            "step 0 must be an object with operator, resident, spilled, retrieved",
        ),
        (
            {"capacity_bytes": 9, "steps": [STEP, {**STEP, "resident": ["x"]}]},
            "step 1: resident must be numbers by tensor, not ['x']",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "resident": {"x": 1.5}}]},
            "step 0: resident of 'x' must be a whole number, not 1.5",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "operator": 1}]},
            "step 0: operator must be a name, not 1",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "spilled": [1]}]},
            "step 0: spilled must be a name, not 1",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "retrieved": "x"}]},
            "step 0: retrieved must be a list, not 'x'",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "windows": [{"tensor": "x"}]}]},
            "step 0: a window must be an object with tensor, address, size_bytes, moved_bytes",
        ),
        (
            {"capacity_bytes": 9, "steps": [{**STEP, "moved_bytes": {"x": "1"}}]},
            "step 0: moved_bytes of 'x' must be a whole number, not '1'",
        ),
    ],
)
def test_what_is_no_schedule_is_refused(plain, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        schedule_from_json(plain)
