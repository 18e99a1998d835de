"""An engine of another package: found, generated and verified like those of this one."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.environments import ROOT, layered, run

# What takes long is made once, in one process.
pytestmark = pytest.mark.xdist_group("external_engine")

PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}-engine"
version = "1.0"

[project.entry-points."tilewright.engines"]
{name} = "{name}_engine"

[tool.setuptools]
packages = ["{name}_engine"]
"""

GOLDEN = '''\
"""One multiply-accumulate unit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout
from golden.errors import UserError
from golden.formats import Codes, IntFormat
from golden.params import param

INT4 = IntFormat(4)


@dataclass(frozen=True, kw_only=True)
class Params:
    sums: IntFormat = param(IntFormat(16), "format of sums")
    k_max: int = param(100, "longest K of a GEMM, 1 to 255")

    def __post_init__(self) -> None:
        if not 1 <= self.k_max <= 255:
            raise UserError(f"k_max must be an integer from 1 to 255, not {self.k_max}")

    @property
    def macs_per_cycle(self) -> int:
        return 1


PRESETS: Mapping[str, Params] = {"mac-narrow": Params(sums=IntFormat(9), k_max=5)}


def matmul(params: Params, a: Codes, w: Codes, c: Codes | None = None) -> Codes:
    product = INT4.decode(a) @ INT4.decode(w)
    return params.sums.encode(params.sums.wrap(product if c is None else product + c))


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    if k > params.k_max:
        raise UserError(f"K of {k} exceeds k_max={params.k_max}")
    order = (Dim.M, Dim.N, Dim.K)
    return Jobs.grid(order, {Dim.M: m, Dim.N: n, Dim.K: k}, {Dim.M: 1, Dim.N: 1, Dim.K: k})


def layout(params: Params) -> Layout:
    def port(operand: Operand, format: IntFormat, lane: Dim, beat: Dim) -> PortLayout:
        return PortLayout(
            operand=operand, format=format, lanes=(Lane(lane, 1),), beats=(Beat(beat),)
        )

    return Layout(
        job=(JobField(Dim.K, 255),),
        activations=port(Operand.A, INT4, Dim.M, Dim.K),
        weights=port(Operand.W, INT4, Dim.N, Dim.K),
        results=port(Operand.D, params.sums, Dim.N, Dim.M),
    )
'''

HW = '''\
"""RTL of one multiply-accumulate unit."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shapes import beat_shape, job_shape
from mac_engine.golden import Params, layout


class Engine(wiring.Component):
    def __init__(self, params: Params) -> None:
        ports = layout(params)
        super().__init__(
            {
                "job": In(stream.Signature(job_shape(ports.job))),
                "activations": In(stream.Signature(beat_shape(ports.activations))),
                "weights": In(stream.Signature(beat_shape(ports.weights))),
                "results": Out(stream.Signature(beat_shape(ports.results))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal.like(self.job.payload.k)
        total = Signal.like(self.results.payload[0])
        idle, fire = Signal(init=1), Signal()
        m.d.comb += [
            self.job.ready.eq(idle),
            fire.eq((left != 0) & self.activations.valid & self.weights.valid),
            self.activations.ready.eq(fire),
            self.weights.ready.eq(fire),
            self.results.valid.eq(~idle & (left == 0)),
            self.results.payload[0].eq(total),
        ]
        with m.If(self.job.valid & idle):
            m.d.sync += [idle.eq(0), left.eq(self.job.payload.k), total.eq(0)]
        with m.If(fire):
            product = self.activations.payload[0] * self.weights.payload[0]
            m.d.sync += [left.eq(left - 1), total.eq(total + product)]
        with m.If(self.results.valid & self.results.ready):
            m.d.sync += idle.eq(1)
        return m
'''

SIM = '''\
"""Cycles of one multiply-accumulate unit: the job, its operands one by one, the sum."""

from golden.contract import Jobs
from mac_engine.golden import Params
from mac_engine.golden import jobs as cut

DATA_INDEPENDENT = True


def timing_sequence(params: Params, jobs: Jobs) -> int:
    return int((jobs.k + 2).sum())


def timing(params: Params, m: int, n: int, k: int) -> int:
    return timing_sequence(params, cut(params, m, n, k))
'''


def write_package(folder: Path, name: str) -> Path:
    """A project of an engine ``name``."""
    package = folder / f"{name}_engine"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name))
    (package / "__init__.py").write_text('"""An engine."""\n')
    return package


def install(python: Path, project: Path) -> None:
    command: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python),
        *("install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", project),
    ]
    done = run(command, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment where the package of an engine is installed."""
    folder = tmp_path_factory.mktemp("external")
    package = write_package(folder / "mac", "mac")
    (package / "golden.py").write_text(GOLDEN)
    (package / "hw.py").write_text(HW)
    (package / "sim.py").write_text(SIM)
    python = layered(folder / "venv", ROOT)
    install(python, folder / "mac")
    return python


def tilewright(python: Path, *arguments: str, cwd: Path, cache_home: Path) -> CompletedProcess[str]:
    command: list[str | Path] = [python, "-m", "tilewright", *arguments]
    return run(command, cwd=cwd, env={"XDG_CACHE_HOME": str(cache_home)})


def test_it_is_listed(python: Path, tmp_path: Path, cache_home: Path) -> None:
    done = tilewright(python, "engines", "--json", cwd=tmp_path, cache_home=cache_home)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    engines = {engine["name"]: engine for engine in listed["engines"]}
    assert {"mac", "systolic"} <= set(engines)
    assert engines["mac"]["summary"] == "One multiply-accumulate unit"
    assert [param["name"] for param in engines["mac"]["params"]] == ["sums", "k_max"]
    assert {
        "name": "mac-narrow",
        "engine": "mac",
        "params": {"sums": "int9", "k_max": 5},
    } in listed["presets"]


@pytest.mark.parametrize("name", ["mac", "mac-narrow"])
def test_it_is_generated(name: str, python: Path, tmp_path: Path, cache_home: Path) -> None:
    done = tilewright(
        python, "generate", name, "-o", "out", "--testbench", cwd=tmp_path, cache_home=cache_home
    )
    assert done.returncode == 0, done.stderr
    assert "module mac(" in (tmp_path / "out" / "mac.v").read_text()


def test_it_is_verified(python: Path, tmp_path: Path, cache_home: Path) -> None:
    arguments = ("verify", "mac", "--set", "k_max=9", "--cases", "2")
    done = tilewright(python, *arguments, "--json", cwd=tmp_path, cache_home=cache_home)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["outputs_checked"] >= 10_000
    assert (result["mismatches"], result["cycle_mismatches"]) == (0, 0)


def test_its_mistakes_are_found(python: Path, tmp_path: Path, cache_home: Path) -> None:
    """A wrong timing and a wrong golden model are told apart, and the failure can be replayed."""
    folder = tmp_path / "lying"
    package = write_package(folder, "mac")
    (package / "golden.py").write_text(GOLDEN.replace("@ INT4", "@ -INT4"))
    (package / "hw.py").write_text(HW)
    (package / "sim.py").write_text(SIM.replace("+ 2", "+ 3"))
    lying = layered(tmp_path / "venv", ROOT)
    install(lying, folder)
    arguments = ("verify", "mac", "--set", "k_max=9", "--cases", "1", "--json")
    done = tilewright(lying, *arguments, cwd=tmp_path, cache_home=cache_home)
    assert done.returncode == 1, done.stderr
    result = json.loads(done.stdout)
    assert result["mismatches"] > 1_000
    assert result["cycle_mismatches"] > 10
    assert Path(tmp_path, result["saved"]).is_file()
    replay = result["replay"].split()
    assert replay[:3] == ["tilewright", "verify", "mac"]
    again = tilewright(lying, *replay[1:], "--json", cwd=tmp_path, cache_home=cache_home)
    assert again.returncode == 1, again.stderr
    assert json.loads(again.stdout)["mismatches"] == result["mismatches"]


def test_a_name_that_is_taken_is_refused(tmp_path: Path, cache_home: Path) -> None:
    write_package(tmp_path / "other", "systolic")
    python = layered(tmp_path / "venv", ROOT)
    install(python, tmp_path / "other")
    done = tilewright(python, "engines", cwd=tmp_path, cache_home=cache_home)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tilewright engines: two engines are called 'systolic': uninstall the package that"
        " provides systolic_engine, or rename its entry point\n"
    )
