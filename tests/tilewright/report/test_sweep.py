"""The page about a sweep, and choosing from it in a browser."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import opened
from tests.tilewright.report.test_network import headings, titles
from tests.tilewright.sweeps.studies import engines_text
from tilewright.cli import main
from tilewright.report.sweep import sweep_report


def trial(number: int, cycles: int | None, accuracy: float, **more: Any) -> dict[str, Any]:
    known = {} if cycles is None else {"cycles": cycles}
    return {
        "trial": number,
        "design": "systolic",
        "params": {"rows": number},
        "feasible": cycles is not None,
        "metrics": {**known, "accuracy": accuracy},
        "reason": "it does not fit" if cycles is None else None,
        **more,
    }


TRIALS = [
    trial(0, 100, 0.99),
    trial(1, 50, 0.95),
    trial(2, 60, 0.90),
    trial(3, 25, 0.80),
    trial(4, None, 0.80),
    trial(5, 10, 0.50, feasible=False),
]
RESULT = {
    "study": "<arrays>",
    "objectives": {"cycles": "minimise", "accuracy": "maximise"},
    "trials": TRIALS,
    "pareto": [TRIALS[0], TRIALS[1], TRIALS[3]],
    "failed": 1,
    "command": "tilewright sweep arrays.toml",
}


def test_feasible_trials_are_drawn_and_listed() -> None:
    page = sweep_report(RESULT)
    assert headings(page) == [
        "accuracy over cycles",
        "Trials",
        "Why trials failed",
        "How to get this again",
    ]
    assert "<h1>Sweep &lt;arrays&gt;</h1>" in page
    drawn = re.findall(r'class="trial( front)?" data-trial="(\d+)"', page)
    assert {int(number): bool(on) for on, number in drawn} == {
        0: True,
        1: True,
        2: False,
        3: True,
    }
    # The front first, by the first objective.
    assert re.findall(r'<tr data-trial="(\d+)"', page) == ["3", "1", "0", "2"]
    assert "trial 2, systolic: rows=2; cycles 60, accuracy 0.9" in titles(page)
    assert "1: it does not fit" in page


def test_the_staircase_bounds_what_is_beaten() -> None:
    page = sweep_report(RESULT)
    steps = re.findall(
        r'x1="([\d.]+)%" y1="([\d.]+)" x2="([\d.]+)%" y2="([\d.]+)" class="stair"', page
    )
    assert len(steps) == 4
    dots = {
        int(number): (float(x), float(y))
        for x, y, number in re.findall(
            r'cx="([\d.]+)%" cy="([\d.]+)" r="6" class="trial[^"]*" data-trial="(\d)"', page
        )
    }
    # From trial 3 across at its height, then to that of trial 1.
    assert float(steps[0][1]) == float(steps[0][3]) == dots[3][1]
    assert float(steps[1][0]) == pytest.approx(dots[1][0], abs=0.01)


def test_three_objectives_are_drawn_in_pairs() -> None:
    more = [
        {**entry, "metrics": {**entry["metrics"], "energy_pj": 5 * entry["trial"]}}
        for entry in TRIALS
    ]
    objectives = {**RESULT["objectives"], "energy_pj": "minimise"}
    page = sweep_report({**RESULT, "trials": more, "objectives": objectives})
    assert headings(page)[:3] == [
        "accuracy over cycles",
        "energy_pj over cycles",
        "energy_pj over accuracy",
    ]


def test_nothing_feasible() -> None:
    failed = [trial(0, None, 0.5)]
    page = sweep_report({**RESULT, "trials": failed, "pareto": []})
    assert headings(page) == ["Trials", "Why trials failed", "How to get this again"]


def test_choosing(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "sweep.html"
    file.write_text(sweep_report(RESULT), encoding="utf-8")
    with opened(browser, file) as seen:

        def chosen(kind: str) -> set[str]:
            marks = seen.page.query_selector_all(f"{kind}.chosen")
            return {mark.get_attribute("data-trial") for mark in marks}

        seen.page.locator('circle[data-trial="1"]').click()
        assert chosen("circle") == chosen("tr") == {"1"}
        seen.page.locator('tr[data-trial="1"]').click()
        assert chosen("circle") == set()
        # A box around everything but the rightmost trial.
        seen.page.locator("svg.plot").scroll_into_view_if_needed()
        plot = seen.page.locator("svg.plot").bounding_box()
        right = seen.page.locator('circle[data-trial="0"]').bounding_box()
        mouse = seen.page.mouse
        mouse.move(plot["x"] + 2, plot["y"] + 2)
        mouse.down()
        mouse.move(right["x"] - 5, plot["y"] + plot["height"] - 2, steps=4)
        assert seen.page.query_selector(".brush") is not None
        mouse.up()
        assert chosen("circle") == chosen("tr") == {"1", "2", "3"}
        assert seen.page.query_selector(".brush") is None
        assert seen.said == []


def test_the_verb_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study, file = tmp_path / "study.toml", tmp_path / "a.html"
    study.write_text(engines_text(sampler="grid"))
    assert main(["sweep", str(study), "--workers", "1", "--report", str(file)]) == 0
    page = file.read_text(encoding="utf-8")
    assert headings(page)[:2] == ["dram_bytes over cycles", "Trials"]
    assert len(re.findall("<circle", page)) == len(re.findall("<tr data-trial", page)) == 15
