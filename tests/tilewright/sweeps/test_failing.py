"""Points that fail: samplers learn to leave them, and sweeps go on from them."""

from collections import Counter
from pathlib import Path

import pytest

from tests.tilewright.sweeps.comparison import essence
from tests.tilewright.sweeps.studies import engines_text
from tests.tilewright.sweeps.test_resuming import killed_after
from tilewright.sweeps.reading import read_study
from tilewright.sweeps.study import Study
from tilewright.sweeps.sweeping import sweep


def failing_study(**top: str | int) -> Study:
    """Of 18 points, the 3 with k = 6 can not be built."""
    text = engines_text(**top).replace("m = {", "k = [4, 6]\nm = {")
    return read_study(text, "failing.toml", Path())


@pytest.mark.parametrize("workers", [1, 2])
def test_tpe_leaves_points_that_fail(workers: int, tmp_path: Path) -> None:
    study = failing_study(sampler="tpe", trials=30)
    found = sweep(study, storage=tmp_path / "a.db", workers=workers)
    failed = Counter(r.point.identity for r in found.records if r.reason is not None)
    assert failed
    assert max(failed.values()) <= 10


@pytest.mark.parametrize("sampler", ["tpe", pytest.param("nsga2", marks=pytest.mark.slow)])
def test_killed_among_points_that_fail(sampler: str, tmp_path: Path) -> None:
    study = failing_study(sampler=sampler, trials=12, population=4, seed=1)
    whole = sweep(study, storage=tmp_path / "whole.db", workers=1)
    assert 0 < sum(record.reason is not None for record in whole.records) < 12
    kills = 0
    while killed_after(61, study, tmp_path / "killed.db"):
        kills += 1
    assert kills
    assert essence(sweep(study, storage=tmp_path / "killed.db", workers=1)) == essence(whole)
