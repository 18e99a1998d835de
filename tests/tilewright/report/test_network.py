"""The page about a run says what the result says."""

import math
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.tilewright.test_cli import refused
from tilewright.cli import main
from tilewright.report.network import network_report
from tilewright.simulation import simulate


def titles(page: str) -> list[str]:
    """What marks tell when they are pointed at."""
    return [unescape(text) for text in re.findall(r"<title>([^<]*)</title>", page)][1:]


def headings(page: str) -> list[str]:
    return re.findall(r"<h2>([^<]*)</h2>", page)


def test_a_run_on_an_accelerator(tiny: dict[str, Any]) -> None:
    page = network_report(tiny)
    assert headings(page) == [
        "What bounds it",
        "Utilisation of each layer",
        "Timeline",
        "Roofline",
        "Activation memory",
        "Layers",
        "How to get this again",
    ]
    assert f"<dd>{tiny['total_cycles']:,}</dd>" in page
    assert "tilewright run digits.onnx --accelerator tiny" in page
    assert page.count('class="row"') == len(tiny["layers"])
    assert "what the next one computes in them counts as well" in page
    with_products = [layer for layer in tiny["layers"] if layer["macs"]]
    assert page.count("<circle") == len(with_products)
    assert "Without products, and not shown: block1_add, pool." in page
    boxes = [share for share in tiny["mapping"]["shares"] if share["resident_bytes"]]
    assert page.count('class="box resident"') == len(boxes)


def test_lanes_are_filled_as_far_as_units_are_busy(tiny: dict[str, Any]) -> None:
    page = network_report(tiny)
    lanes = re.findall(r'<path d="M0 1([^"]*)L\d+ 1Z" class="unit-(\w+)"', page)
    assert [unit for _, unit in lanes] == ["load", "execute", "vector", "store"]
    for steps, unit in lanes:
        area = sum(
            (int(end) - int(start)) * (1 - float(top))
            for start, top, end in re.findall(r"L(\d+) ([\d.e-]+)H(\d+)", steps)
        )
        busy = tiny["timeline"]["busy_cycles"][unit]
        assert math.isclose(area, sum(busy), rel_tol=0.01)
    told = [text for text in titles(page) if text.startswith("execute: busy in")]
    share = tiny["counters"]["execute_busy"] / tiny["total_cycles"]
    assert float(told[0].split()[3]) == pytest.approx(100 * share, abs=0.5)


def test_marks_stand_where_the_axes_say(tiny: dict[str, Any]) -> None:
    page = network_report(tiny)
    (layer,) = [layer for layer in tiny["layers"] if layer["name"] == "pointwise"]
    (reached,) = [text for text in titles(page) if text.startswith("pointwise: ")][:1]
    assert f"{layer['roofline']['macs_per_cycle']:.4g} MACs per cycle, no bytes" in reached
    # On logarithmic axes, equal factors are equal distances.
    ys = [float(y) for y in re.findall(r'<circle[^>]* cy="([\d.]+)"', page)]
    reached_all = [layer["roofline"]["macs_per_cycle"] for layer in tiny["layers"] if layer["macs"]]
    logs = [math.log(value) for value in reached_all]
    slopes = [(ys[0] - y) / (log - logs[0]) for y, log in zip(ys[1:], logs[1:], strict=True)]
    assert max(slopes) == pytest.approx(min(slopes), rel=0.01)


def test_a_bare_engine_has_what_it_has() -> None:
    page = network_report(simulate("gemm:64x64x64"))
    assert headings(page) == ["What bounds it", "Utilisation of each layer", "Layers"]


def test_names_are_escaped() -> None:
    result = {
        "workload": "<script>alert(1)</script>",
        "engine": "a&b",
        "total_cycles": 5,
        "layers": [{"name": '"><img src=x>', "cycles": 5, "utilisation": 0.1}],
    }
    page = network_report(result)
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "a&amp;b" in page


def test_the_page_needs_nothing_else(tiny: dict[str, Any]) -> None:
    page = network_report(tiny)
    assert "default-src 'none'" in page
    # The namespace of SVG is a name, not a place.
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(link|script|img)[^>]*(src|href)=\"(?!data:)", page)
    assert len(page) < 60_000


def test_the_verb_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.html"
    command = ["simulate", "gemm:64x64x64", "--accelerator", "tiny", "--report", str(file)]
    assert main(command) == 0
    assert "gemm" in capsys.readouterr().out
    page = file.read_text(encoding="utf-8")
    assert f"tilewright simulate gemm:64x64x64 --accelerator tiny --report {file}" in page
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.html"]


@pytest.mark.parametrize(
    ("file", "said"),
    [("a.pdf", "a report is named .html, not"), ("none/a.html", "No such file")],
)
def test_a_bad_place_is_found_early(
    file: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["simulate", "gemm:8x8x8"], ["run", "none.onnx"], ["map", "none"]):
        assert said in refused([*command, "--report", str(tmp_path / file)], capsys)
    assert not any(tmp_path.iterdir())
