"""What differs between two results."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tilewright.test_cli import refused
from tilewright.cli import main
from tilewright.comparing import Difference, compare
from tilewright.report.comparison import comparison_report
from tilewright.results import Result, read_result
from tilewright.verbs.compare import show


def result(cycles: dict[str, int], **more: Any) -> Result:
    layers = [{"name": name, "cycles": n, "utilisation": 0.5} for name, n in cycles.items()]
    total = sum(cycles.values())
    return read_result(
        {"workload": "w", "engine": "e", "total_cycles": total, "layers": layers, **more}
    )


def test_layers_are_matched_by_name() -> None:
    found = compare(result({"a": 10, "b": 20}), result({"b": 30, "c": 5}))
    assert found.layers == (
        Difference(name="a", a=10, b=None),
        Difference(name="b", a=20, b=30),
        Difference(name="c", a=None, b=5),
    )
    assert [entry.change for entry in found.layers] == [None, 0.5, None]


def test_totals_are_those_that_one_of_them_has() -> None:
    found = compare(result({"a": 10}, energy_pj=4.0), result({"a": 8}, accuracy=0.5))
    assert [(entry.name, entry.a, entry.b, entry.change) for entry in found.totals] == [
        ("total_cycles", 10, 8, -0.2),
        ("energy_pj", 4.0, None, None),
        ("accuracy", None, 0.5, None),
    ]


def test_the_energy_of_a_bare_engine_is_among_its_costs() -> None:
    found = compare(result({"a": 10}, cost={"energy_pj": 4.0}), result({"a": 8}, energy_pj=3.0))
    assert ("energy_pj", 4.0, 3.0) in [(entry.name, entry.a, entry.b) for entry in found.totals]


def test_different_workloads_are_told() -> None:
    a = result({"a": 10}, workload="one/net.onnx")
    assert compare(a, result({"a": 8}, workload="two/net.onnx")).same_workload
    other = compare(a, result({"a": 8}, workload="two/other.onnx"))
    assert "A and B are different workloads." in show(other.to_json())
    assert "A and B are different workloads." in comparison_report(other)


def test_nothing_to_divide_by() -> None:
    assert Difference(name="x", a=0, b=3).change is None
    assert Difference(name="x", a=3, b=3).change == 0


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for side in ("4", "8"):
        command = ["simulate", "gemm:64x64x64", "--set", f"rows={side}", "--set", f"cols={side}"]
        assert main([*command, "--json"]) == 0
        file = tmp_path / f"{side}.json"
        file.write_text(capsys.readouterr().out)
        files.append(str(file))
    report = tmp_path / "difference.html"
    assert main(["compare", *files, "--report", str(report)]) == 0
    text = capsys.readouterr().out
    assert "A  gemm:64x64x64 on systolic" in text
    # A quarter of the elements takes nearly four times as long.
    (line,) = [line for line in text.splitlines() if line.startswith("total_cycles")]
    assert line.split()[-1].startswith("-7")
    page = report.read_text()
    assert "tilewright simulate gemm:64x64x64 --set rows=4 --set cols=4" in page
    assert "tilewright simulate gemm:64x64x64 --set rows=8 --set cols=8" in page
    assert main(["compare", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verb"] == "compare"
    assert found["totals"][0]["name"] == "total_cycles"
    assert found["totals"][0]["change"] == pytest.approx(
        found["b"]["total_cycles"] / found["a"]["total_cycles"] - 1
    )


def test_what_is_no_result_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    file.write_text("{}")
    assert "is no result of run or simulate" in refused(["compare", str(file), str(file)], capsys)
    missing = str(tmp_path / "none.json")
    assert "No such file" in refused(["compare", missing, str(file)], capsys)
