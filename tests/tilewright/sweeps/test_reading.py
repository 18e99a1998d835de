"""Study files: what they may hold, and a sentence for each mistake."""

from pathlib import Path

import pytest

from golden.errors import UserError
from tests.tilewright.sweeps.studies import engines_text
from tilewright.cli import main
from tilewright.sweeps.dimensions import Bundles, Choice, FloatRange, IntRange, Powers
from tilewright.sweeps.metrics import Direction
from tilewright.sweeps.reading import load_study, read_study
from tilewright.sweeps.study import Limit, Objective, Sampler

GRID = engines_text(sampler="grid")
ACCELERATOR = """
workloads = ["digits"]
sampler = "random"
trials = 5
objectives = { cycles = "minimise" }

[[designs]]
accelerator = "tiny"
[designs.space]
bus_bytes = [8, 16]
"""


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_everything() -> None:
    text = """
    name = "all"
    workloads = [
        "digits-w4a8",
        { model = "digits.onnx", name = "mine", inputs = "test.npz", labels = "labels.npy" },
    ]
    metrics = ["energy_pj"]
    sampler = "nsga2"
    trials = 30
    seed = 7
    population = 10
    technology = "sky130"

    [objectives]
    "cycles@mine" = "minimise"
    accuracy = "maximise"

    [constraints]
    dram_bytes = { most = 1e6 }
    utilisation = { least = 0.25, most = 1 }

    [space]
    scheme = ["none", "w4a8"]
    mapper = ["greedy", "optimal"]
    time_limit = { low = 0.5, high = 2.0, step = 0.5 }

    [[designs]]
    name = "small"
    accelerator = "tiny"
    set = { burst_beats = 32 }
    [designs.space]
    "memory.latency_cycles" = { low = 20, high = 100, log = true }
    queue_depth = { low = 2, high = 32, factor = 2 }
    sizes = [
        { activation_bytes = 32768, weight_bytes = 28672 },
        { activation_bytes = 65536, weight_bytes = 57344 },
    ]
    """
    folder = Path(__file__).parents[3] / "tilewright" / "networks" / "digits"
    study = read_study(text, "study.toml", folder)
    assert (study.name, study.sampler, study.seed) == ("all", Sampler.NSGA2, 7)
    assert (study.count, study.population) == (30, 10)
    assert [task.name for task in study.tasks] == ["digits-w4a8", "mine"]
    assert study.objectives == (
        Objective(metric="cycles@mine", direction=Direction.MINIMISE),
        Objective(metric="accuracy", direction=Direction.MAXIMISE),
    )
    assert study.limits == (
        Limit(metric="dram_bytes", most=1e6),
        Limit(metric="utilisation", least=0.25, most=1),
    )
    assert study.process.technology.name == "sky130"
    assert study.space.dimensions == (
        Choice(name="scheme", fields=("scheme",), values=("none", "w4a8")),
        Choice(name="mapper", fields=("mapper",), values=("greedy", "optimal")),
        FloatRange(name="time_limit", fields=("time_limit",), low=0.5, high=2.0, step=0.5),
    )
    (design,) = study.space.designs
    assert (design.name, design.fixed) == ("small", {"burst_beats": 32})
    latency, depth, sizes = design.dimensions
    assert latency == IntRange(
        name="memory.latency_cycles", fields=("memory.latency_cycles",), low=20, high=100, log=True
    )
    assert depth == Powers(name="queue_depth", fields=("queue_depth",), low=2, high=32, factor=2)
    assert isinstance(sizes, Bundles)
    assert list(sizes.bundles) == [
        "activation_bytes=32768, weight_bytes=28672",
        "activation_bytes=65536, weight_bytes=57344",
    ]


def refusal(text: str) -> str:
    """The sentence that a study is refused with."""
    with pytest.raises(UserError) as caught:
        read_study(text, "study.toml", Path())
    sentence = str(caught.value)
    assert sentence.startswith("study.toml")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("cols = []", "cols has no values: the space is empty"),
        ("cols = [4, 8, 4]", "cols has a value twice: 4, 8, 4"),
        ("cols = 4", "cols must be a list of values or a range"),
        ("cols = [[4]]", "cols takes numbers, texts, true and false, not [4]"),
        ("cols = { low = 8, high = 4 }", "cols goes from 8 to 4: the space is empty"),
        ("cols = { low = 4 }", "the range of cols needs low = ... and high = ..."),
        (
            "cols = { low = 4, high = 8, stp = 2 }",
            "the range of cols has no 'stp' (did you mean step?)",
        ),
        ("cols = { low = 0, high = 8, factor = 2 }", "cols must begin above 0, not at 0"),
        ("cols = { low = 4, high = 8, factor = 1 }", "cols: factor must be at least 2, not 1"),
        ("cols = { low = 4, high = 8, step = 0 }", "cols: step must be at least 1, not 0"),
        (
            "cols = { low = 4.0, high = 8 }",
            "cols: a range of any numbers has no points; give it a step",
        ),
        (
            "cols = { low = 1, high = inf, step = 1 }",
            "cols: low and high must be finite numbers, not 1 and inf",
        ),
        (
            "cols = { low = 1.0, high = 2.0, step = inf }",
            "cols: step must be a finite number above 0, not inf",
        ),
        (
            "cols = { low = 1.0, high = 2.0, step = 1e-320 }",
            "cols: step 1e-320 is too small to go from 1.0 to 2.0",
        ),
        (
            "cols = { low = 1, high = 1000000000 }",
            "the grid has 6000000003 points, and must have at most 1000000: make its ranges",
        ),
        (
            "cols = { low = 0.0, high = 1.0, step = 9.313225746154785e-10 }",
            "the grid has 6442450953 points",
        ),
        ('cols = { low = "4", high = 8 }', "cols: low must be a number, not '4'"),
    ],
)
def test_dimensions_that_can_not_be(line: str, sentence: str) -> None:
    assert sentence in refusal(changed(GRID, "cols = [4, 8]", line))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('sampler = "gird"', "sampler must be one of grid, random, tpe, nsga2, not 'gird'"),
        ('sampler = "tpe"', "sampler tpe needs trials = ..., the number of points"),
        ('sampler = "grid"\ntrials = 8', "the grid has 15 points, not 8: leave trials out"),
        ('sampler = "grid"\nseed = -1', "seed must be a whole number of at least 0, not -1"),
        ('sampler = "grid"\nsampels = 1', "the study has no 'sampels' (did you mean sampler?)"),
        ('sampler = "grid"\nliberty = "no.lib"', "there is no library no.lib"),
        ('sampler = "grid"\ntechnology = "7nm"', "'7nm'"),
    ],
)
def test_keys_that_can_not_be(lines: str, sentence: str) -> None:
    assert sentence in refusal(changed(GRID, 'sampler = "grid"', lines))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("cycles = 5", "the constraint of cycles is a table such as { most = 1000 }, not 5"),
        ("cycles = {}", "the constraint of cycles needs least = ... or most = ..."),
        ("cycles = { least = 2, most = 1 }", "no cycles is at least 2 and at most 1"),
        ("cycles = { most = nan }", "the constraint of cycles takes finite numbers, not nan"),
        ("cycles = { least = -inf }", "the constraint of cycles takes finite numbers, not -inf"),
        (
            f"cycles = {{ most = 1{400 * '0'} }}",
            "the constraint of cycles takes finite numbers, not 100",
        ),
        ("speed = { least = 2 }", "there is no metric 'speed'"),
    ],
)
def test_constraints_that_can_not_be(line: str, sentence: str) -> None:
    assert sentence in refusal(f"{GRID}[constraints]\n{line}")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "rows =",
            "rowz =",
            "design systolic has no field 'rowz' (did you mean rows?): there are rows, ",
        ),
        ("k_max = 64", "k_maxx = 64", "design lut has no field 'k_maxx'"),
        ("k_max = 64", "m = 4", "design lut sets m twice"),
        ('engine = "lut"', 'engine = "systolic"', "two designs are called systolic"),
        (
            'engine = "lut"',
            'engine = "lutt"',
            "there is no engine or preset 'lutt' (did you mean lut?)",
        ),
        (
            'engine = "lut"',
            'accelerator = "tinyy"',
            "there is no accelerator 'tinyy' (did you mean tiny?)",
        ),
        ('engine = "lut"', 'accelerator = "none.toml"', "none.toml can not be read: No such file"),
        ('engine = "lut"', "", "a design needs accelerator = ... or engine = ..., one of them"),
        (
            '"minimise"\ndram',
            '"minimize"\ndram',
            "objectives.cycles must be one of minimise, maximise, not 'minimize'",
        ),
        (
            "dram_bytes =",
            "dram_byte =",
            "there is no metric 'dram_byte' (did you mean dram_bytes?)",
        ),
        (
            "dram_bytes =",
            '"cycles@kws" =',
            "cycles@kws: with one workload alone its cycles are called cycles",
        ),
        (
            "dram_bytes =",
            '"area_mm2@gemm:96x64x48" =',
            "area_mm2 is of the design, not of a workload",
        ),
        ("dram_bytes =", "accuracy =", "accuracy: no workload has inputs and labels"),
        ('cycles = "minimise"\ndram_bytes = "minimise"\n', "", "the study has no objectives"),
        ('"gemm:96x64x48"', "", "the study has no workloads"),
        ('"gemm:96x64x48"', '"gemm:96x64"', "gemm:96x64"),
        ('"gemm:96x64x48"', '"digitz"', "there is no network 'digitz' (did you mean digits?)"),
        ('"gemm:96x64x48"', '"none.onnx"', "can not read none.onnx: No such file"),
        ('"gemm:96x64x48"', '"gemm:1x1x1", "gemm:1x1x1"', "two workloads are called gemm:1x1x1"),
        (
            '"gemm:96x64x48"',
            '{ model = "a.onnx", inputs = "a.npz" }',
            "workload a.onnx: inputs and labels are given together",
        ),
    ],
)
def test_parts_that_can_not_be(old: str, new: str, sentence: str) -> None:
    assert sentence in refusal(changed(GRID, old, new))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "bus_bytes = [8, 16]",
            "",
            "the space is empty: it has one design, and nothing changes of it",
        ),
        ("bus_bytes =", '"params.m" =', "design tiny has no field 'params.m'"),
        (
            "bus_bytes =",
            '"memory.latency" =',
            "design tiny has no field 'memory.latency' (did you mean memory.latency_cycles?)",
        ),
        ("bus_bytes =", "name =", "design tiny has no field 'name'"),
    ],
)
def test_accelerators_that_can_not_be(old: str, new: str, sentence: str) -> None:
    assert sentence in refusal(changed(ACCELERATOR, old, new))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("= 3", "no TOML file"),
        (
            'workloads = ["digits"]\nobjectives = { cycles = "minimise" }',
            "the study has no designs: the space is empty",
        ),
    ],
)
def test_texts_that_can_not_be(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_bare_engines_have_no_mapper() -> None:
    sentence = "design systolic has no field 'mapper'"
    assert sentence in refusal(f'{GRID}[space]\nmapper = ["greedy", "optimal"]')


def test_a_workload_that_is_not_there() -> None:
    text = changed(
        changed(GRID, "dram_bytes =", '"cycles@kws" ='), '["gemm:9', '["gemm:1x1x1", "gemm:9'
    )
    sentence = "cycles@kws: there is no workload 'kws': there are gemm:1x1x1, gemm:96x64x48"
    assert sentence in refusal(text)


def test_files_that_can_not_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(UserError, match=r"none.toml can not be read: No such file"):
        load_study(missing)
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"a.toml can not be read: it is no text in UTF-8"):
        load_study(tmp_path / "a.toml")
    assert main(["sweep", str(missing)]) == 2
    assert capsys.readouterr().err == (
        f"tilewright sweep: {missing} can not be read: No such file or directory\n"
    )
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.toml"]
