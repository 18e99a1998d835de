"""Reports in a browser: wide, on a phone, in the dark; quiet, and without a network."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.mapper.scheduling.test_checker import TIGHT, network
from tests.support.browser import opened
from tilewright.comparing import compare
from tilewright.report.charts.frame import chart
from tilewright.report.charts.memory import map_chart
from tilewright.report.comparison import comparison_report
from tilewright.report.network import network_report
from tilewright.report.page import page
from tilewright.results import read_result


@pytest.fixture(scope="module")
def reports(
    tiny: dict[str, Any], edge: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Pages of each kind, as files."""
    long = {**tiny, "model": "a_model_with_a_name_that_no_phone_has_room_for_in_one_line.onnx"}
    pages = {
        "run": network_report(long),
        "compare": comparison_report(compare(read_result(tiny), read_result(edge))),
        "map": page("map", chart("Memory map", map_chart(network(), TIGHT))),
    }
    folder = tmp_path_factory.mktemp("reports")
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("name", ["run", "compare", "map"])
def test_pages_are_quiet_and_fit(
    name: str, width: int, browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports[name], width=width) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        assert seen.said == []
        assert [url for url in seen.asked if not url.startswith(("file:", "data:"))] == []
        plots = seen.page.query_selector_all("svg.plot")
        assert plots
        for plot in plots:
            box = plot.bounding_box()
            assert box["width"] > 200
            assert 0 <= box["x"] <= width - box["width"]


def test_marks_are_drawn_where_they_can_be_seen(
    browser: Browser, reports: dict[str, Path], tiny: dict[str, Any]
) -> None:
    with opened(browser, reports["run"]) as seen:
        dots = seen.page.query_selector_all("circle.dot")
        assert len(dots) == sum(bool(layer["macs"]) for layer in tiny["layers"])
        for mark in (*dots, *seen.page.query_selector_all("svg.lane path, rect.box")):
            box = mark.bounding_box()
            assert box["width"] >= 1
            assert box["height"] >= 1


def test_marks_tell_what_they_are(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["run"]) as seen:
        told = seen.page.locator("#tip")
        assert not told.is_visible()
        seen.page.locator(".bar").first.hover()
        assert told.inner_text().startswith("conv1: 42.6 % of the engine in 1,316 cycles")
        seen.page.locator("h1").hover()
        assert not told.is_visible()


def test_dark_is_dark(browser: Browser, reports: dict[str, Path]) -> None:
    def light(scheme: str) -> tuple[float, float]:
        with opened(browser, reports["run"], scheme=scheme) as seen:
            colours = seen.page.evaluate(
                "[getComputedStyle(document.body).backgroundColor,"
                " getComputedStyle(document.body).color]"
            )
        return tuple(sum(map(int, c[4:-1].split(","))) / 765 for c in colours)

    paper, ink = light("light")
    assert paper > 0.9 > 0.3 > ink
    paper, ink = light("dark")
    assert paper < 0.2 < 0.7 < ink
