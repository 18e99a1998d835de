"""The verb ``allocate`` and the function of that name."""

import csv
import json
import sys
from pathlib import Path

import pytest

import tilewright
from golden.errors import UserError
from mapper.allocation.problem import Buffer, Problem
from tests.support.environments import ROOT, run
from tilewright.cli import main

TABLE = "id,lower,upper,size\nb1,0,3,4\nb2,3,9,4\nb3,0,9,4\nb4,9,21,4\nb5,0,21,4\n"


@pytest.fixture
def buffers(tmp_path: Path) -> Path:
    file = tmp_path / "buffers.csv"
    file.write_text(TABLE)
    return file


def test_offsets_as_json(buffers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["allocate", str(buffers), "--capacity", "12", "--json"]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert (result["status"], result["height"], result["bound"]) == ("optimal", 12, 12)
    assert set(result["offsets"]) == {"b1", "b2", "b3", "b4", "b5"}
    assert {"seconds", "seed", "capacity", "runs", "nodes", "interrupted"} <= set(result)
    assert printed.err == ""


def test_offsets_as_text(buffers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["allocate", str(buffers)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("id  offset\nb1 ")
    assert text.endswith("height 12 bytes, optimal: no offsets end lower (seed 0)\n")
    assert main(["allocate", str(buffers), "--capacity", "100"]) == 0
    assert "optimal" in capsys.readouterr().out


def test_infeasible_is_a_failure(buffers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["allocate", str(buffers), "--capacity", "11"]) == 1
    assert capsys.readouterr().out == "infeasible: no offsets end below 12 bytes\n"
    assert main(["allocate", str(buffers), "--capacity", "11", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["status"], result["offsets"], result["height"]) == ("infeasible", None, None)


def test_offsets_that_contradict_each_other_are_infeasible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "torn.csv"
    file.write_text("id,lower,upper,size,offset\na,0,2,4,0\nb,1,3,4,2\n")
    assert main(["allocate", str(file)]) == 1
    assert capsys.readouterr().out == "infeasible: no offsets exist\n"


def test_the_written_table_is_a_problem_whose_offsets_are_given(
    buffers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "offsets.csv"
    assert main(["allocate", str(buffers), "-o", str(output), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["id"]: int(row["offset"]) for row in rows} == result["offsets"]
    again = tilewright.allocate(output)
    assert (again["status"], again["offsets"]) == ("optimal", result["offsets"])


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        (TABLE, ["--capacity", "0"], "must be a whole number of at least 1, not '0'"),
        (TABLE, ["--capacity", "1MB"], "must be a whole number of at least 1, not '1MB'"),
        (TABLE, ["--time-limit", "0"], "must be a number of seconds above 0, not '0'"),
        (TABLE, ["--time-limit", "nan"], "must be a number of seconds above 0, not 'nan'"),
        (TABLE, ["-o", "no/such/folder.csv"], "no/such/folder.csv"),
        ("id,lower,size\na,0,2\n", [], "column 'upper' is missing"),
        ("id,lower,upper,size\na,0,2,-1\n", [], "size must be at least 1, not -1"),
        ("id,lower,upper,size\na,2,2,1\n", [], "upper must be above lower 2, not 2"),
        ("id,lower,upper,size\na,0,2,1\na,0,2,1\n", [], "buffer 'a' comes 2 times"),
        ("hello\n", [], "there is no column 'hello'"),
        ("", [], "this is empty"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    text: str, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "buffers.csv"
    file.write_text(text)
    try:
        status: object = main(["allocate", str(file), *more])
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["allocate", str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.endswith("none.csv: No such file or directory\n")


def test_the_function_takes_a_problem() -> None:
    problem = Problem((Buffer(id="a", lower=0, upper=2, size=6, alignment=4),))
    result = tilewright.allocate(problem, capacity=6)
    assert (result["status"], result["offsets"]) == ("optimal", {"a": 0})
    with pytest.raises(UserError, match="capacity must be at least 1 byte, not 0"):
        tilewright.allocate(problem, capacity=0)
    with pytest.raises(UserError, match="time limit must be more than 0 seconds, not -1"):
        tilewright.allocate(problem, time_limit=-1)


def test_progress_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(0, 2, 2), (0, 3, 2), (2, 4, 1), (3, 4, 1), (2, 5, 1), (3, 5, 1), (5, 6, 2), (4, 7, 2)]
    buffers = [
        Buffer(id=str(i), lower=lower, upper=upper, size=size)
        for i, (lower, upper, size) in enumerate([*rows, (6, 7, 2)])
    ]
    assert tilewright.allocate(Problem(tuple(buffers)))["height"] == 5
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert tilewright.allocate(Problem(tuple(buffers)))["height"] == 5
    told = capsys.readouterr().err
    assert "run 1: height" in told
    assert told.endswith("\r\033[K")


def test_what_first_fit_solves_needs_no_compiler(buffers: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from tilewright.cli import main\n"
        f"main(['allocate', {str(buffers)!r}, '--json'])\n"
        "print('numba' in sys.modules, file=sys.stderr)"
    )
    done = run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.stderr == "False\n"
