"""Pages about mappings."""

from pathlib import Path

import pytest

from tests.mapper.scheduling.test_checker import TIGHT, network
from tests.tilewright.report.conftest import DIGITS
from tests.tilewright.report.test_network import headings, titles
from tilewright.cli import main
from tilewright.report.charts.memory import map_chart
from tilewright.residencies import residencies


def test_every_residency_is_a_rectangle() -> None:
    drawn = map_chart(network(), TIGHT)
    told = titles(f"<title></title>{drawn}")
    assert len(told) == len(residencies(network(), TIGHT)) == 6
    assert "x: 4 bytes at 0, steps 0 to 1, copied to memory before step 2" in told
    assert "x: 4 bytes at 0, steps 3 to 3, back from memory" in told
    # The scratchpad of 14 bytes is 360 pixels high; x has four of them, at the bottom.
    assert f'y="{360 * 10 / 14:.2f}"' in drawn
    assert f'height="{360 * 4 / 14:.2f}"' in drawn


def report(arguments: list[str], file: Path) -> str:
    assert main(["map", *arguments, "--report", str(file)]) == 0
    return file.read_text(encoding="utf-8")


def test_a_network_in_a_scratchpad(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = report([str(DIGITS / "digits.onnx")], tmp_path / "a.html")
    assert headings(page) == ["Memory map", "Steps", "How to get this again"]
    assert "<dd>optimal<" in page


def test_on_an_accelerator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(DIGITS / "digits.onnx"), "--accelerator", "tiny", "--time-limit", "2"]
    page = report(arguments, tmp_path / "a.html")
    assert headings(page) == ["Activation memory", "Stages", "How to get this again"]


def test_shapes_on_an_accelerator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = report(["gemm:16x16x16", "--accelerator", "tiny"], tmp_path / "a.html")
    assert headings(page) == [
        "How near each layer is to its bound",
        "Layers",
        "How to get this again",
    ]
