"""Whole sweeps: what they find, and that it does not matter how they got there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import tilewright
from golden.errors import UserError
from tests.tilewright.sweeps.comparison import essence
from tests.tilewright.sweeps.studies import engines_study, engines_text
from tilewright import plots
from tilewright.accelerated_simulation import simulate_accelerated
from tilewright.cli import main
from tilewright.quantizing import quantize
from tilewright.simulation import simulate
from tilewright.sweeps.reading import read_study
from tilewright.sweeps.result import SweepResult
from tilewright.sweeps.sweeping import sweep

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"

ACCELERATORS = """
workloads = ["digits"]
sampler = "grid"
metrics = ["accuracy", "utilisation"]

[objectives]
cycles = "minimise"

[constraints]
dram_bytes = { most = 9500 }

[space]
"memory.latency_cycles" = [20, 60]
scheme = ["none", "w4a8"]

[[designs]]
accelerator = "tiny"
[designs.space]
"params.rows, params.cols, params.k_max" = [8, 16]
bus_bytes = [8, 12]

[[designs]]
accelerator = "tiny-lut"
"""


@pytest.fixture(scope="module")
def accelerators(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    file = tmp_path_factory.mktemp("study") / "accelerators.toml"
    file.write_text(ACCELERATORS)
    return sweep(file, workers=1)


def test_trials_measure_what_the_verbs_do(accelerators: SweepResult, tmp_path: Path) -> None:
    quantized = tmp_path / "quantized.onnx"
    data = {"inputs": DIGITS / "test.npz", "labels": DIGITS / "labels.npy"}
    accuracy = quantize(DIGITS / "digits.onnx", scheme="w4a8", output=quantized, **data)
    models = {"none": (DIGITS / "digits.onnx", accuracy.accuracy_before)}
    models["w4a8"] = quantized, accuracy.accuracy
    checked = 0
    for record in accelerators.records:
        if record.reason is not None:
            continue
        model, right = models[str(record.point.settings["scheme"])]
        changes = {name: value for name, value in record.point.settings.items() if name != "scheme"}
        alone = simulate_accelerated(str(model), accelerator=record.point.design, changes=changes)
        assert record.metrics == {
            "cycles": alone["total_cycles"],
            "dram_bytes": alone["dram_bytes"],
            "energy_pj": pytest.approx(alone["energy_pj"]),
            "utilisation": pytest.approx(alone["utilisation"]),
            "accuracy": right,
        }
        checked += 1
    assert checked == 12


def test_refused_points_fail_with_their_sentence(accelerators: SweepResult) -> None:
    reasons = {
        record.reason
        for record in accelerators.records
        if record.point.shown.get("bus_bytes") == 12
    }
    assert reasons == {"bus_bytes must be 8, 16, 32 or 64, not 12"}
    assert sum(record.reason is not None for record in accelerators.records) == 8


def test_constraints_keep_trials_off_the_front(accelerators: SweepResult) -> None:
    infeasible = [r for r in accelerators.records if r.reason is None and not r.feasible]
    assert infeasible
    assert all(record.metrics["dram_bytes"] > 9500 for record in infeasible)
    assert all(record.metrics["dram_bytes"] <= 9500 for record in accelerators.front)
    least = min(r.metrics["cycles"] for r in accelerators.records if r.feasible)
    assert accelerators.best().metrics["cycles"] == least


def test_tables(accelerators: SweepResult, tmp_path: Path) -> None:
    frame = accelerators.trials
    assert list(frame.columns) == [
        "trial", "design", "state", "feasible", "memory.latency_cycles", "scheme",
        "params.rows, params.cols, params.k_max", "bus_bytes", "cycles", "dram_bytes",
        "energy_pj", "utilisation", "accuracy", "reason", "seconds",
    ]  # fmt: skip
    assert list(frame["trial"]) == list(range(20))
    accelerators.write(tmp_path / "out")
    read = pandas.read_parquet(tmp_path / "out" / "trials.parquet")
    pandas.testing.assert_frame_equal(read, frame)
    read = pandas.read_csv(tmp_path / "out" / "pareto.csv")
    assert list(read["trial"]) == list(accelerators.pareto["trial"])


def test_engines_are_measured_as_by_simulate(tmp_path: Path) -> None:
    result = sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", workers=1)
    assert len(result.records) == 15
    for record in result.records:
        alone = simulate("gemm:96x64x48", engine=record.point.design, params=record.point.settings)
        assert record.metrics["cycles"] == alone["total_cycles"]
        assert record.metrics["dram_bytes"] == alone["dram_bytes"]
        assert record.metrics["utilisation"] == pytest.approx(alone["utilisation"])


def test_metrics_of_one_workload(tmp_path: Path) -> None:
    text = engines_text(sampler="grid").replace(
        '["gemm:96x64x48"]', '["gemm:8x8x8", "gemm:64x32x16"]'
    )
    text = text.replace("dram_bytes =", '"cycles@gemm:8x8x8" =')
    file = tmp_path / "two.toml"
    file.write_text(text)
    for record in sweep(file, workers=1).records:
        values = record.metrics
        assert values["cycles"] == values["cycles@gemm:8x8x8"] + values["cycles@gemm:64x32x16"]
        alone = simulate("gemm:8x8x8", engine=record.point.design, params=record.point.settings)
        assert values["cycles@gemm:8x8x8"] == alone["total_cycles"]


def test_workers_find_what_one_finds(tmp_path: Path) -> None:
    study = engines_study(sampler="random", trials=20, seed=5)
    one = sweep(study, storage=tmp_path / "one.db", workers=1)
    two = sweep(study, storage=tmp_path / "two.db", workers=2)
    assert essence(one) == essence(two)


def test_equal_designs_are_evaluated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tilewright.sweeps import workers

    evaluated = []
    real = workers.evaluate
    monkeypatch.setattr(workers, "evaluate", lambda *task: (evaluated.append(task), real(*task))[1])
    study = engines_study(sampler="random", trials=30)
    result = sweep(study, storage=tmp_path / "a.db", workers=1)
    assert len(result.records) == 30
    assert len(evaluated) == len({record.point.identity for record in result.records}) < 16


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_seeds(sampler: str, tmp_path: Path) -> None:
    trials = {"trials": 13, "population": 4}
    found = [
        essence(
            sweep(
                engines_study(sampler=sampler, seed=seed, **trials),
                storage=tmp_path / f"{number}.db",
                workers=1,
            )
        )
        for number, seed in enumerate((1, 1, 2))
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_more_trials_go_on(tmp_path: Path) -> None:
    kept = tmp_path / "a.db"
    for trials in (5, 13):
        study = engines_study(sampler="tpe", trials=trials)
        result = sweep(study, storage=kept, workers=1)
    fresh = sweep(study, storage=tmp_path / "b.db", workers=1)
    assert len(result.records) == 13
    assert essence(result) == essence(fresh)


def test_equal_points_are_on_the_front_once(tmp_path: Path) -> None:
    study = engines_study(sampler="random", trials=30)
    front = sweep(study, storage=tmp_path / "a.db", workers=1).front
    numbers = [record.number for record in front]
    assert numbers == sorted(numbers)
    assert len({record.point.identity for record in front}) == len(front)


def test_values_of_several_kinds(tmp_path: Path) -> None:
    text = engines_text(sampler="grid").replace("cols = [4, 8]", 'cols = [4, "8", 12]')
    file = tmp_path / "a.toml"
    file.write_text(text)
    result = sweep(file, workers=1)
    assert set(result.trials["cols"].dropna()) == {4, "8", 12}
    result.write(tmp_path)
    read = pandas.read_parquet(tmp_path / "trials.parquet")
    assert set(read["cols"].dropna()) == {"4", "8", "12"}


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    study = engines_study(sampler="grid")
    sweep(study, storage=tmp_path / "a.db", workers=1, progress=lambda *now: told.append(now))
    assert told == [(done, 0, 15) for done in range(16)]


def test_best_takes_an_objective(tmp_path: Path) -> None:
    result = sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", workers=1)
    for metric in ("cycles", "dram_bytes"):
        least = min(record.metrics[metric] for record in result.records)
        assert result.best(metric).metrics[metric] == least
    with pytest.raises(
        UserError, match=r"there is no objective 'bytes'.*: there are cycles, dram_bytes"
    ):
        result.best("bytes")


def test_best_of_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(engines_text(sampler="grid") + "\n[constraints]\ncycles = { most = 1 }\n")
    result = sweep(file, workers=1)
    assert result.front == ()
    with pytest.raises(UserError, match="no trial of a is feasible: all that did not fail break"):
        result.best()


def test_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "engines.toml"
    file.write_text(engines_text(sampler="grid"))
    arguments = ["sweep", str(file), "--workers", "1", "-o", str(tmp_path / "out")]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["storage"] == str(tmp_path / "engines.db")
    assert len(told["trials"]) == 15
    assert {trial["trial"] for trial in told["pareto"]} < {
        trial["trial"] for trial in told["trials"]
    }
    assert [Path(name).name for name in told["files"]] == [
        "trials.parquet", "trials.csv", "pareto.parquet", "pareto.csv",
    ]  # fmt: skip
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "15 trials in " in shown
    cycles = np.array([trial["metrics"]["cycles"] for trial in told["pareto"]])
    assert str(cycles.min()) in shown


def test_verb_fails_when_nothing_is_feasible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.toml"
    file.write_text(engines_text(sampler="grid") + "\n[constraints]\ncycles = { most = 1 }\n")
    assert main(["sweep", str(file), "--workers", "1"]) == 1
    assert "15 trials" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["file", "file/deeper/still"])
def test_verb_finds_out_early_that_there_is_no_folder(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.toml"
    file.write_text(engines_text(sampler="grid"))
    (tmp_path / "file").touch()
    assert main(["sweep", str(file), "-o", str(tmp_path / place)]) == 2
    said = capsys.readouterr().err
    assert said == f"tilewright sweep: {tmp_path / 'file'}: Not a directory\n"
    assert not file.with_suffix(".db").exists()


@pytest.mark.parametrize("workers", ["2", 1.5, 0, True])
def test_workers_that_can_not_be(workers: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"workers must be a whole .* 1, not {workers!r}"):
        sweep(engines_study(sampler="grid"), storage=tmp_path / "a.db", workers=workers)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[objectives]", "[constraints]\ncycles = { most = 1 }\n[objectives]", "all that did not"),
        ("k_max = 64", "k_max = 64\nk = 6", "all failed, the first because k must be a multiple"),
    ],
)
def test_nothing_to_draw(old: str, new: str, why: str, tmp_path: Path) -> None:
    text = engines_text(sampler="grid").replace(old, new)
    first, last = text.index("[[designs]]"), text.rindex("[[designs]]")
    study = read_study(text[:first] + text[last:], "a.toml", Path())
    found = sweep(study, storage=tmp_path / "a.db", workers=1)
    for draw in (plots.pareto_front, plots.parallel_coordinates):
        with pytest.raises(UserError, match=f"no trial of a is feasible: {why}"):
            draw(found)
