"""The verb ``map`` and the function of that name."""

import json
from pathlib import Path
from typing import Any

import pytest

import tilewright
from golden.errors import UserError
from mapper.scheduling.baselines import BASELINES
from mapper.scheduling.checker import check
from mapper.scheduling.serial import schedule_from_json
from mapper.scheduling.strategies import STRATEGIES
from mapper.scheduling.variants import TensorSet, Variant
from tests.mapper.scheduling.graphs import graph, operator
from tests.support.environments import ROOT
from tilewright.cli import main
from tilewright.mapping import check_schedule, map_network

DIGITS = ROOT / "tilewright" / "networks" / "digits" / "digits.onnx"


def chain() -> Any:
    """A tensor that is needed again after a large one: it has to go and come back."""
    return graph(
        [
            operator("in", "", "x"),
            operator("f", "x", "a"),
            operator("g", "a", "b"),
            operator("h", "x b", "y"),
        ],
        {"x": 4, "a": 6, "b": 6, "y": 2},
        outputs="y",
    )


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    printed = capsys.readouterr()
    assert printed.err == ""
    result: dict[str, Any] = json.loads(printed.out)
    return result


def test_a_network_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """602,112 bytes: what a public re-implementation of the paper found for ResNet-50 at M_R."""
    file = tmp_path / "schedule.json"
    words = ["map", "resnet50", "--tensors", "all", "--capacity", "m_r", "-o", str(file), "--json"]
    assert main(words) == 0
    result = said(capsys)
    assert result["verb"] == "map"
    assert (result["status"], result["gap"]) == ("optimal", 0)
    assert result["objective_bytes"] == result["bound_bytes"] == 602_112
    assert result["capacity_bytes"] == result["m_r_bytes"] == 2_484_736
    assert result["total_bytes"] == result["compulsory_bytes"] + result["objective_bytes"]
    assert result["seconds"] < 60
    saved = json.loads(file.read_text())
    assert saved == result["schedule"]
    assert main(["map", "resnet50", "--tensors", "all", "--check", str(file)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("the schedule works: 602,112 bytes spilled and retrieved, ")


def test_a_wrong_schedule_is_a_failure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "schedule.json"
    assert main(["map", "resnet50", "-o", str(file)]) == 0
    assert "optimal: no schedule moves fewer bytes" in capsys.readouterr().out
    plain = json.loads(file.read_text())
    plain["capacity_bytes"] -= 1
    file.write_text(json.dumps(plain))
    assert main(["map", "resnet50", "--check", str(file)]) == 1
    assert capsys.readouterr().out.startswith("the schedule is wrong (capacity): step ")
    assert main(["map", "resnet50", "--check", str(file), "--json"]) == 1
    result = said(capsys)
    assert result["rule"] == "capacity"
    assert "outside the" in result["violation"]


def test_a_model_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", str(DIGITS), "--capacity", "m_p", "--json"]) == 0
    result = said(capsys)
    assert (result["status"], result["objective_bytes"]) == ("optimal", 0)


def test_a_budget_that_is_too_small_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "resnet50", "--capacity", "2408447"]) == 1
    text = capsys.readouterr().out
    assert "infeasible (" in text
    assert "2408448" in text.replace(",", "")
    assert main(["map", "resnet50", "--capacity", "2408447", "--json"]) == 1
    result = said(capsys)
    assert result["status"] == "infeasible"
    assert result["schedule"] is result["objective_bytes"] is result["gap"] is None


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_gives_what_the_checker_has_seen(strategy: str) -> None:
    mapped = map_network(chain(), capacity=14, strategy=strategy)
    assert mapped.succeeded
    moved = mapped.outcome.objective_bytes
    assert moved == 4 or (strategy in BASELINES and moved > 4)
    schedule = mapped.outcome.schedule
    assert schedule is not None
    assert check(mapped.graph, schedule) is None
    plain = json.loads(json.dumps(mapped.to_json()["schedule"]))
    assert schedule_from_json(plain) == schedule


@pytest.mark.parametrize("suffix", ["svg", "PNG", "pdf"])
def test_a_picture(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"schedule.{suffix}"
    map_network(chain(), capacity=14, picture=file)
    begin = {"svg": b"<?xml", "PNG": b"\x89PNG", "pdf": b"%PDF"}[suffix]
    assert file.read_bytes().startswith(begin)
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


def test_the_function_takes_what_the_verb_takes(tmp_path: Path) -> None:
    variant = Variant(tensors=TensorSet.ALL, fused=False, views=True)
    file = tmp_path / "schedule.json"
    mapped = tilewright.map("light_squeezenet", capacity="m_p", variant=variant, output=file)
    assert mapped.outcome.objective_bytes == 0
    violation, moved = check_schedule("light_squeezenet", file, variant=variant)
    assert violation is None
    assert moved["objective_bytes"] == 0
    wider = map_network("light_squeezenet", capacity="m_p", variant=variant, element_bytes=4)
    assert wider.capacity_bytes == 4 * mapped.capacity_bytes


def test_a_file_may_be_a_path() -> None:
    assert map_network(DIGITS, capacity="m_p").capacity_bytes > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["resnet51"],
            "'resnet51' is no model (.onnx, .tflite) and no network (did you mean resnet50?)",
        ),
        (["resnet50", "--capacity", "m_q"], "capacity must be a number of bytes or one of m_r,"),
        (["resnet50", "--capacity", "0"], "capacity must be at least 1 byte, not 0"),
        (["resnet50", "--picture", "a.jpg"], "a picture is one of .svg, .pdf, .png, not 'a.jpg'"),
        (["resnet50", "--solver", "Gurobbi"], "'Gurobbi'"),
        (["resnet50", "--check", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["resnet50", "--check", "x", "--picture", "a.svg"], "it takes no --picture"),
        (["nowhere.onnx"], "nowhere.onnx"),
        (["resnet50", "-o", "nowhere/a.json"], "nowhere/a.json: No such file or directory"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["map", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.startswith("tilewright map: ")
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "schedule.json"
    file.write_text("{")
    with pytest.raises(UserError, match="is no JSON: "):
        check_schedule("resnet50", file)
