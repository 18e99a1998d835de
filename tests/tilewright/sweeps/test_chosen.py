"""Designs that a sweep found: descriptions, Verilog."""

from dataclasses import replace
from pathlib import Path

import pytest

import tilewright
from tests.tilewright.sweeps.studies import engines_study
from tilewright.accelerated import run_accelerated
from tilewright.accelerator import find_accelerator
from tilewright.sweeps.chosen import chosen_design
from tilewright.sweeps.designs import AcceleratorDesign, resolve
from tilewright.sweeps.reading import read_study
from tilewright.sweeps.records import Record
from tilewright.sweeps.study import Study
from tilewright.sweeps.sweeping import sweep

ACCELERATORS = """
workloads = ["digits"]
objectives = { cycles = "minimise" }
sampler = "grid"

[[designs]]
accelerator = "tiny"
[designs.space]
"params.rows, params.cols, params.k_max" = [4, 8]
"memory.kind" = ["ideal", "banked"]

[[designs]]
accelerator = "tiny-bitplane"
"""


def record(study: Study, number: int) -> Record:
    """A trial of the grid that nobody has evaluated."""
    point = study.space.point(study.space.grid()[number])
    return Record(number=number, point=point, metrics={}, feasible=True, reason=None, seconds=0.0)


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_descriptions_say_everything(number: int, tmp_path: Path) -> None:
    study = read_study(ACCELERATORS, "my study.toml", Path())
    chosen = chosen_design(study, record(study, number))
    file = tmp_path / "found.toml"
    file.write_text(chosen.description())
    design = resolve(study.space, record(study, number).point)
    assert isinstance(design, AcceleratorDesign)
    assert find_accelerator(file) == replace(design.accelerator, name=f"my_study_{number}")


def test_verilog_of_an_accelerator(tmp_path: Path) -> None:
    study = read_study(ACCELERATORS, "my study.toml", Path())
    manifest = chosen_design(study, record(study, 0)).generate(tmp_path / "out")
    assert manifest["description"]["params"]["rows"] == 4
    names = {entry.name for entry in (tmp_path / "out").iterdir()}
    assert {"my_study_0.v", "my_study_0.h", "my_study_0.toml", "manifest.json"} <= names


@pytest.mark.slow
def test_the_best_passes_verification(tmp_path: Path) -> None:
    result = sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", workers=1)
    for metric in ("cycles", "dram_bytes"):
        best = result.best(metric)
        manifest = best.generate(tmp_path / metric)
        assert {name: manifest["params"][name] for name in best.params} == dict(best.params)
        assert (tmp_path / metric / f"{best.name}.toml").is_file()
        assert best.verify(cases=4, outputs=500).passed


@pytest.mark.slow
def test_the_best_accelerator_runs(tmp_path: Path) -> None:
    result = sweep(read_study(ACCELERATORS, "a.toml", Path()), storage=tmp_path / "a.db", workers=1)
    best = result.best()
    best.generate(tmp_path / "out")
    digits = Path(tilewright.__file__).parent / "networks" / "digits" / "digits.onnx"
    ran = run_accelerated(
        digits,
        accelerator=tmp_path / "out" / f"{best.name}.toml",
        rtl=True,
        host_fallback=True,
        output=tmp_path,
    )
    assert ran.passed
    assert ran.total_cycles == best.metrics["cycles"]
