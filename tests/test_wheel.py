"""The wheel: what is in it, and that it works where there is no checkout."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.environments import PACKAGES, ROOT, checkout_copy, layered, run

# What takes long is made once, in one process.
pytestmark = pytest.mark.xdist_group("wheel")

NEEDED = (
    *(f"{package}/py.typed" for package in PACKAGES),
    "hw/bench/__init__.py",
    "hw/bench/engine_tb.py",
    "hw/bench/run.py",
    "hw/bench/verdict.py",
    "hw/bench/fst/lz4.h",
    "hw/bench/accelerator/accelerator_tb.py",
    "hw/accelerator/bench/native/harness.cpp",
    "tilewright/report/assets/page.html",
    "tilewright/report/assets/style.css",
    "tilewright/report/assets/tips.js",
    "tilewright/report/assets/select.js",
    "tilewright/networks/digits/digits.onnx",
    "tilewright/networks/digits/digits-ternary.onnx",
    "tilewright/networks/digits/test.npz",
    "tilewright/networks/digits/labels.npy",
    "tilewright/networks/digits/README.md",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = checkout_copy(folder / "source")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
        source,
    ]
    done = run(command, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment where the wheel is installed over this one's dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    python = layered(folder / "venv")
    command: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python),
        *("install", "--quiet", "--no-index", "--no-deps", "--ignore-installed", wheel),
    ]
    done = run(command, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return python


def test_holds_the_five_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    (metadata,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {*PACKAGES, metadata}
    listed = zipfile.ZipFile(wheel).read(f"{metadata}/top_level.txt").decode().split()
    assert listed == sorted(PACKAGES)


def test_holds_what_the_command_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(NEEDED) <= names
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert modules <= names


def test_holds_no_tests_and_no_leftovers(wheel: Path) -> None:
    for name in zipfile.ZipFile(wheel).namelist():
        stem = Path(name).name
        assert not stem.startswith("test_"), name
        assert "__pycache__" not in name
        assert not stem.endswith((".pyc", ".orig", ".partial"))


def test_command_works_outside_the_checkout(python: Path, tmp_path: Path) -> None:
    command = python.with_name("tilewright")
    where = run([python, "-c", "import golden; print(golden.__file__)"], cwd=tmp_path)
    assert Path(where.stdout).is_relative_to(python.parents[1]), where.stderr

    shown = run([command, "--version"], cwd=tmp_path)
    assert shown.stdout.startswith("tilewright "), shown.stderr
    listed = run([command, "engines", "--json"], cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "systolic" in {engine["name"] for engine in json.loads(listed.stdout)["engines"]}


def test_generates_outside_the_checkout(python: Path, tmp_path: Path) -> None:
    command = python.with_name("tilewright")
    size = ["--set", "rows=2", "--set", "cols=2"]
    done = run(
        [command, "generate", "systolic", *size, "-o", "out", "--testbench", "--json"], cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / name).is_file() for name in json.loads(done.stdout)["files"])
    assert "module systolic" in (tmp_path / "out" / "systolic.v").read_text()
    assert (tmp_path / "out" / "bench" / "engine_tb.py").is_file()
