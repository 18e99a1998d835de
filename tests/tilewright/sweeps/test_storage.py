"""Files of sweeps: in use, damaged, of another study."""

import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from golden.errors import UserError
from tests.tilewright.sweeps.studies import engines_study
from tilewright.sweeps import storage
from tilewright.sweeps.samplers import sampler_of
from tilewright.sweeps.study import Study
from tilewright.sweeps.sweeping import sweep


def refused(file: Path, study: Study) -> str:
    with (
        pytest.raises(UserError) as caught,
        storage.opened(file, study, sampler_of(study, at_once=1)),
    ):
        pass
    return str(caught.value)


def test_a_file_that_is_in_use(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with FileLock(tmp_path / "a.db.lock"):
        said = refused(file, engines_study(sampler="grid"))
    assert said == f"another sweep writes to {file}: wait for it, or give another --storage"
    assert not file.exists()


def test_a_file_that_another_program_has_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_LOCKED_S", 0.1)
    file, study = tmp_path / "a.db", engines_study(sampler="random", trials=2)
    before = sweep(study, storage=file, workers=1)
    other = sqlite3.connect(file)
    other.execute("BEGIN EXCLUSIVE")
    larger = engines_study(sampler="random", trials=3)
    said = refused(file, Study(**{**vars(larger), "name": "other"}))
    assert said == f"{file} is locked by another program: try again when that is done"
    other.close()
    assert sweep(study, storage=file, workers=1).records == before.records


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(content)
    said = refused(file, engines_study(sampler="grid"))
    assert said.startswith(f"{file} is no file of a sweep, or is damaged (")
    assert file.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "a.db"
    said = refused(file, engines_study(sampler="grid"))
    assert said == f"{file} can not be written: there is no folder {file.parent}"


def test_a_study_that_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    study = engines_study(sampler="random", trials=4, seed=1)
    before = sweep(study, storage=file, workers=1)
    said = refused(file, engines_study(sampler="tpe", trials=4, seed=2))
    assert said == (
        f"the study has changed since {file} was begun (sampler, seed): give another --storage,"
        " or the study as it was"
    )
    assert sweep(study, storage=file, workers=1).records == before.records


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    sweep(engines_study(sampler="random", trials=2), storage=tmp_path / "a.db", workers=1)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.db"]
