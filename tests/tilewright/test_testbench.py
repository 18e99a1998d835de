"""The bench that is generated along runs by itself, and judges by itself."""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from hw.bench.vectors import Case, Vectors, read_vectors, write_vectors
from tests.support.environments import run
from tests.tilewright.conftest import SMALL
from tilewright.cli import main

# What takes long is made once, in one process.
pytestmark = pytest.mark.xdist_group("testbench")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design with its bench, in a folder that was not there."""
    folder = tmp_path_factory.mktemp("generated") / "new" / "folder"
    assert main(["generate", "systolic", *SMALL, "-o", str(folder), "--testbench"]) == 0
    return folder


@pytest.fixture(scope="module")
def built(generated: Path, bare_python: Path) -> Callable[[str], CompletedProcess[str]]:
    """What ``make`` says in the folder, for a simulator."""
    said: dict[str, CompletedProcess[str]] = {}

    def make(simulator: str) -> CompletedProcess[str]:
        if simulator not in said:
            said[simulator] = run_make(generated, bare_python, simulator)
        return said[simulator]

    return make


def run_make(folder: Path, python: Path, simulator: str) -> CompletedProcess[str]:
    return run(["make", f"PYTHON={python}", f"SIMULATOR={simulator}"], cwd=folder)


def test_the_environment_is_bare(bare_python: Path, tmp_path: Path) -> None:
    for name in ("tilewright", "golden", "hw", "sim", "mapper", "amaranth", "onnx"):
        done = run([bare_python, "-c", f"import {name}"], cwd=tmp_path)
        assert f"No module named '{name}'" in done.stderr
    done = run([bare_python, "-c", "import cocotb, numpy"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_bench_passes_without_tilewright(
    simulator: str, built: Callable[[str], CompletedProcess[str]], generated: Path
) -> None:
    done = built(simulator)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    cases = len(read_vectors(generated / "vectors.npz").plan.cases)
    verdict = re.search(
        r"^(\d+) cases, 0 failed: (\d+) outputs checked, 0 mismatches, 0 cycle mismatches$",
        done.stdout,
        re.MULTILINE,
    )
    assert verdict is not None
    assert int(verdict[1]) == cases
    assert int(verdict[2]) > 2_000


def test_bench_is_built_once(
    built: Callable[[str], CompletedProcess[str]], generated: Path, bare_python: Path
) -> None:
    assert built("verilator").returncode == 0
    program = generated / "build" / "verilator" / "systolic"
    before = program.stat().st_mtime_ns
    assert run_make(generated, bare_python, "verilator").returncode == 0
    assert program.stat().st_mtime_ns == before


def wrong_value(vectors: Vectors) -> Vectors:
    """One bit that counts is expected otherwise."""
    results = vectors.beats["results"].copy()
    beat, octet = np.argwhere(vectors.mask)[0]
    assert vectors.mask[beat, octet] & 1
    results[beat, octet] ^= 1
    return replace(vectors, beats={**vectors.beats, "results": results})


def wrong_cycles(vectors: Vectors) -> Vectors:
    """One case is expected to take a cycle more."""
    cases = list(vectors.plan.cases)
    index = next(i for i, case in enumerate(cases) if case.cycles is not None)
    cases[index] = replace(cases[index], cycles=(cases[index].cycles or 0) + 1)
    return replace(vectors, plan=replace(vectors.plan, cases=tuple(cases)))


def missing_result(vectors: Vectors) -> Vectors:
    """The last undisturbed case is expected to give one result less."""
    return with_last_case(vectors, lambda rows: (rows[0], rows[1] - 1))


def surplus_result(vectors: Vectors) -> Vectors:
    """The last undisturbed case is expected to give one result more."""
    results = np.concatenate([vectors.beats["results"], vectors.beats["results"][:1]])
    mask = np.concatenate([vectors.mask, vectors.mask[:1]])
    longer = replace(vectors, beats={**vectors.beats, "results": results}, mask=mask)
    return with_last_case(longer, lambda rows: (rows[0], rows[1] + 1))


def with_last_case(vectors: Vectors, change: Callable[[Sequence[int]], tuple[int, int]]) -> Vectors:
    def changed(case: Case) -> Case:
        return replace(case, beats={**case.beats, "results": change(case.beats["results"])})

    plain = [case for case in vectors.plan.cases if case.cycles is not None]
    cases = (*plain[:2], changed(plain[-1]))
    return replace(vectors, plan=replace(vectors.plan, cases=cases))


def no_cases(vectors: Vectors) -> Vectors:
    """Nothing is checked."""
    return replace(vectors, plan=replace(vectors.plan, cases=()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (wrong_value, "1 wrong results, first in beat 0, lane 0"),
        (wrong_cycles, r"\d+ cycles, expected \d+"),
        (missing_result, "results came after the last expected one"),
        (surplus_result, "hang: nothing moved any more"),
        (no_cases, "0 cases, 0 failed: 0 outputs checked"),
    ],
)
def test_bench_fails_on_changed_vectors(
    change: Callable[[Vectors], Vectors],
    said: str,
    built: Callable[[str], CompletedProcess[str]],
    generated: Path,
    bare_python: Path,
    tmp_path: Path,
) -> None:
    assert built("verilator").returncode == 0
    folder = tmp_path / "copy"
    shutil.copytree(generated, folder)
    vectors = change(read_vectors(folder / "vectors.npz"))
    write_vectors(folder / "vectors.npz", vectors)
    done = run_make(folder, bare_python, "verilator")
    assert done.returncode != 0
    assert re.search(said, done.stdout), done.stdout[-2000:]


def test_bench_fails_on_broken_vectors(
    built: Callable[[str], CompletedProcess[str]],
    generated: Path,
    bare_python: Path,
    tmp_path: Path,
) -> None:
    assert built("verilator").returncode == 0
    folder = tmp_path / "copy"
    shutil.copytree(generated, folder)
    (folder / "vectors.npz").write_bytes(b"PK")
    assert run_make(folder, bare_python, "verilator").returncode != 0


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"results__payload,", "results__payload_, "),
        (r"endmodule\s*\Z", "endmodul\n"),
        (r" \* ", " + "),
        (r"\(results__valid\)", "()"),
    ],
    ids=["port", "syntax", "arithmetic", "unconnected"],
)
def test_bench_fails_on_broken_verilog(
    pattern: str, replacement: str, generated: Path, bare_python: Path, tmp_path: Path
) -> None:
    """On Icarus, which is quick to build; it is the same bench."""
    simulator = "icarus" if shutil.which("iverilog") else "verilator"
    folder = tmp_path / "copy"
    shutil.copytree(generated, folder, ignore=shutil.ignore_patterns("build"))
    source = folder / "systolic.v"
    text, count = re.subn(pattern, replacement, source.read_text())
    assert count
    source.write_text(text)
    done = run_make(folder, bare_python, simulator)
    assert done.returncode != 0


def test_the_same_call_writes_the_same_files(generated: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert main(["generate", "systolic", *SMALL, "-o", str(again), "--testbench"]) == 0
    first, second = (
        json.loads((place / "manifest.json").read_text()) for place in (generated, again)
    )
    assert first == second
    assert set(first["files"]) | {"manifest.json"} == {
        path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file()
    }
