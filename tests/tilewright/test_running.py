"""Networks on a bare engine: values, cycles, and the Verilog."""

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.quantization import QuantType

import tilewright
from golden.contract import Jobs
from golden.errors import UserError
from golden.evaluate import evaluate
from golden.graph import Graph
from tests.support.dense import WEIGHTS, dense_network
from tests.support.networks import quantized, residual_network, transformer_block
from tests.support.onnx_oracle import assert_agrees
from tests.support.runs import SMALL, X, save, values
from tilewright.caching import Cache
from tilewright.catalog import find_design
from tilewright.cli import main
from tilewright.products import EngineProducts, GemmCodes
from tilewright.running import run
from tilewright.verbs import run as run_verb
from tilewright.workloads import load_model

Array = NDArray[Any]

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"


def each_sample(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by the golden operators alone, without an engine."""
    count = len(next(iter(inputs.values())))
    results = [
        evaluate(graph, {name: data[i : i + 1] for name, data in inputs.items()})
        for i in range(count)
    ]
    return {name: np.concatenate([result[name] for result in results]) for name in graph.outputs}


@pytest.fixture(scope="module")
def images() -> Array:
    with np.load(DIGITS / "test.npz") as file:
        data: Array = file["image"]
    return data


@pytest.fixture(scope="module")
def digits_graph() -> Graph:
    return load_model(DIGITS / "digits.onnx")


@pytest.fixture(scope="module")
def digits_outputs(digits_graph: Graph, images: Array) -> Array:
    return each_sample(digits_graph, {"image": images})["probabilities"]


# The digits network


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_digits(dataflow: str, tmp_path: Path, images: Array, digits_outputs: Array) -> None:
    result = run(
        DIGITS / "digits.onnx",
        params={"dataflow": dataflow},
        inputs=str(DIGITS / "test.npz"),
        labels=str(DIGITS / "labels.npy"),
        output=tmp_path,
    )
    assert result.samples == len(images) >= 450
    assert result.accuracy is not None
    assert result.accuracy >= 0.98
    labels = np.load(DIGITS / "labels.npy")
    assert result.accuracy == np.mean(digits_outputs.argmax(axis=1) == labels)
    assert (result.seed, result.rtl, result.passed) == (None, None, True)
    assert np.array_equal(values(result)["probabilities"], digits_outputs)


@pytest.mark.parametrize(
    "params",
    [
        {"activation": "uint8"},
        {"weight": "uint8", "dataflow": "os"},
        {"activation": "uint8", "weight": "uint8", "dataflow": "is"},
        {"activation": "int16", "weight": "int9"},
        {"accumulator": "int24", "accumulator_overflow": "wrap", "rows": 3, "cols": 5},
    ],
    ids=str,
)
def test_digits_on_other_formats(
    params: dict[str, Any], tmp_path: Path, images: Array, digits_outputs: Array
) -> None:
    inputs = save(tmp_path / "few.npz", image=images[:12])
    result = run(DIGITS / "digits.onnx", params=params, inputs=inputs, output=tmp_path)
    assert np.array_equal(values(result)["probabilities"], digits_outputs[:12])


def test_digits_layer_by_layer_like_onnxruntime(digits_graph: Graph, images: Array) -> None:
    for number in range(4):
        assert_agrees(digits_graph, {"image": images[number : number + 1]})


def test_accumulators_that_wrap_change_what_comes_out(
    tmp_path: Path, images: Array, digits_outputs: Array
) -> None:
    inputs = save(tmp_path / "few.npz", image=images[:2])
    narrow = {"accumulator": "int12", "accumulator_overflow": "wrap"}
    result = run(DIGITS / "digits.onnx", params=narrow, inputs=inputs, output=tmp_path)
    assert not np.array_equal(values(result)["probabilities"], digits_outputs[:2])


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"activation": "int4"}, "layer conv1 has int8 activations, .* set activation=int8$"),
        ({"weight": "uint4"}, "layer conv1 has int8 weights, .* set weight=int8$"),
        ({"k_max": 100}, "^layer block1_conv1: K=144 exceeds k_max=100, .* set k_max=144$"),
    ],
)
def test_layers_that_the_engine_can_not_hold_are_named(
    params: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said) as refusal:
        run(DIGITS / "digits.onnx", params=params, output=tmp_path)
    assert "\n" not in str(refusal.value)


# Cycles


def network(kind: str, folder: Path, activation: QuantType) -> Path:
    """A quantized network on a file."""
    make = {"attention": transformer_block, "convolutions": residual_network}[kind]
    path = folder / f"{kind}.onnx"
    onnx.save(quantized(make(np.random.default_rng(3)), folder, activation=activation), path)
    return path


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
@pytest.mark.parametrize("activation", [QuantType.QInt8, QuantType.QUInt8], ids=str)
@pytest.mark.parametrize("kind", ["attention", "convolutions"])
def test_networks_on_an_engine(
    kind: str, activation: QuantType, dataflow: str, tmp_path: Path
) -> None:
    """Heads that multiply activations by activations, depthwise and dilated convolutions."""
    path = network(kind, tmp_path, activation)
    graph = load_model(path)
    (name,) = graph.inputs
    rng = np.random.default_rng(5)
    samples = rng.normal(size=(3, *graph.tensors[name].shape[1:])).astype(np.float32)
    params = {**SMALL, "dataflow": dataflow}
    result = run(
        path, params=params, inputs=save(tmp_path / "x.npz", **{name: samples}), output=tmp_path
    )
    expected = each_sample(graph, {name: samples})
    found = values(result)
    assert set(found) == set(expected)
    for output in graph.outputs:
        assert np.array_equal(found[output], expected[output])

    engine, design = find_design("systolic", params)
    products: list[GemmCodes] = []
    push = EngineProducts(engine=engine, params=design, keep=products.append)
    evaluate(graph, {name: samples[:1]}, product=push)
    jobs: dict[str, list[Jobs]] = {}
    for product in products:
        jobs.setdefault(product.layer, []).append(product.jobs)
    lists = {layer: Jobs.concatenate(*parts) for layer, parts in jobs.items()}
    cycles = {layer: engine.sim.timing_sequence(design, every) for layer, every in lists.items()}
    assert {layer.name: layer.cycles for layer in result.layers} == cycles
    assert result.total_cycles == sum(cycles.values())
    macs = sum(every.macs for every in lists.values())
    assert result.utilisation == macs / (16 * result.total_cycles)
    for layer in result.layers:
        assert layer.utilisation == lists[layer.name].macs / (16 * layer.cycles)
        assert layer.jobs == len(lists[layer.name])


# What comes out


def test_outputs_by_hand(dense: Path, tmp_path: Path) -> None:
    result = run(dense, params=SMALL, inputs=save(tmp_path / "x.npz", x=X), output=tmp_path)
    codes = np.clip(np.rint(X / 0.25) - 3, -128, 127)
    sums = (codes + 3) @ WEIGHTS.astype(np.float64)
    expected = 2 * (np.clip(np.rint(sums * 0.125 / 2) + 5, -128, 127) - 5)
    assert np.array_equal(values(result)["y"], expected.astype(np.float32))


@pytest.mark.parametrize("name", ["file", "allow_pickle", "a/b", "y:0", "arr_0"])
def test_names_of_outputs_are_kept(name: str, tmp_path: Path) -> None:
    path = dense_network(tmp_path / "net.onnx", source=f"in/{name}", result=name)
    inputs = tmp_path / "x.npz"
    with zipfile.ZipFile(inputs, "w") as archive:
        np.save(tmp_path / "x.npy", X)
        archive.write(tmp_path / "x.npy", f"in/{name}.npy")
    result = run(path, params=SMALL, inputs=inputs, output=tmp_path)
    assert list(values(result)) == [name]
    assert values(result)[name].shape == (3, 3)


def test_every_output_has_samples_first(tmp_path: Path) -> None:
    path = dense_network(
        tmp_path / "net.onnx",
        more=[
            helper.make_node("ReduceMean", ["y"], ["mean"], keepdims=0),
            helper.make_node("Relu", ["y"], ["positive"]),
        ],
        more_results={"mean": [], "positive": ["batch", 3]},
    )
    result = run(path, params=SMALL, inputs=save(tmp_path / "x.npz", x=X), output=tmp_path)
    found = values(result)
    assert list(found) == ["y", "mean", "positive"]
    assert np.array_equal(found["mean"], found["y"].mean(axis=1, dtype=np.float32))
    assert np.array_equal(found["positive"], np.maximum(found["y"], 0))


def test_a_single_sample_and_many_are_the_same(dense: Path, tmp_path: Path) -> None:
    many = run(dense, params=SMALL, inputs=save(tmp_path / "x.npz", x=X), output=tmp_path)
    together = values(many)["y"]
    for number in range(3):
        one = save(tmp_path / "one.npz", x=X[number : number + 1])
        alone = run(dense, params=SMALL, inputs=one, output=tmp_path)
        assert alone.total_cycles == many.total_cycles
        assert np.array_equal(values(alone)["y"], together[number : number + 1])


def test_integer_inputs_take_codes_and_floats(tmp_path: Path) -> None:
    path = dense_network(tmp_path / "net.onnx", codes_in=True, codes_out=True)
    codes = np.clip(np.rint(X / np.float32(0.25)) - 3, -128, 127).astype(np.int8)
    found = []
    for x in (X, X.astype(np.float64), codes, codes.astype(np.int64)):
        result = run(path, params=SMALL, inputs=save(tmp_path / "x.npz", x=x), output=tmp_path)
        found.append(values(result)["y"])
    assert found[0].dtype == np.int8
    assert all(np.array_equal(other, found[0]) for other in found[1:])


@pytest.mark.parametrize("codes_in", [False, True])
def test_random_inputs_depend_on_the_seed_alone(codes_in: bool, tmp_path: Path) -> None:
    path = dense_network(tmp_path / "net.onnx", codes_in=codes_in)

    def outputs(name: str, **options: Any) -> Array:
        result = run(path, params=SMALL, output=tmp_path / name, **options)
        assert result.seed == options.get("seed", 0)
        return values(result)["y"]

    np.random.default_rng()
    first = outputs("a", samples=6)
    assert np.array_equal(outputs("b", samples=6, seed=0), first)
    assert np.array_equal(outputs("c", samples=2), first[:2])
    assert np.array_equal(outputs("d"), first[:1])
    assert not np.array_equal(outputs("e", samples=6, seed=1), first)


def test_a_broken_off_run_leaves_the_old_outputs(
    dense: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = run(dense, params=SMALL, samples=2, output=tmp_path / "out")
    before = Path(old.outputs).read_bytes()
    written: list[object] = []

    def fail(file: Any, *arguments: object, **options: object) -> None:
        written.append(file.write(b"half"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="No space left"):
        run(dense, params=SMALL, samples=5, output=tmp_path / "out")
    assert written == [4]
    assert Path(old.outputs).read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["outputs.npz"]


def test_equal_runs_write_equal_files(dense: Path, tmp_path: Path) -> None:
    first, second = (
        Path(run(dense, params=SMALL, output=tmp_path / name).outputs).read_bytes()
        for name in ("a", "b")
    )
    assert first == second


def test_the_folder_is_made_before_anything_takes_long(
    dense: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*arguments: object, **options: object) -> None:
        pytest.fail("the network ran before the folder was there")

    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr("tilewright.running.evaluate", late)
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(OSError, match=r"exists|Not a directory"):
            run(dense, params=SMALL, output=folder)
    assert (tmp_path / "file").read_text() == "mine"


# The Verilog


def command(*more: object) -> list[str]:
    settings = [f"--set={name}={value}" for name, value in SMALL.items()]
    return ["run", str(DIGITS / "digits.onnx"), *settings, "--rtl", *map(str, more)]


@pytest.fixture
def few(tmp_path: Path, images: Array) -> Path:
    return save(tmp_path / "few.npz", image=images[:3])


def test_digits_on_the_verilog(
    few: Path, tmp_path: Path, own_cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.npy"
    np.save(labels, np.load(DIGITS / "labels.npy")[:3])
    given = command("--input", few, "--labels", labels, "-o", tmp_path)
    assert main([*given, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["output_mismatches"], result["cycle_mismatches"]) == (0, 0)
    assert result["rtl_cycles"] == result["total_cycles"]
    assert result["rtl_samples"] == result["samples"] == 3
    assert result["rtl_outputs_checked"] > 10_000
    assert result["rtl_layers"] == [[layer["name"], layer["cycles"]] for layer in result["layers"]]
    assert result["failures"] == []
    assert {"name", "cycles", "bound_by", "utilisation"} <= set(result["layers"][0])
    text = run_verb.show(result)
    assert "accuracy 100.00%" in text
    assert re.search(r"Verilog, 3 samples: \d+ result codes checked, 0 mismatches, 0 cycle", text)
    total = result["total_cycles"]
    assert re.search(rf"^total +{total} +{total} ", text, re.MULTILINE)
    assert "failed" not in text


@pytest.mark.parametrize("kind", ["attention", "convolutions"])
def test_networks_on_the_verilog(kind: str, tmp_path: Path, own_cache: Cache) -> None:
    path = network(kind, tmp_path, QuantType.QUInt8)
    result = run(path, params=SMALL, samples=2, rtl=True, output=tmp_path, cache=own_cache)
    assert result.rtl is not None
    assert result.passed
    assert result.rtl.rtl_cycles == result.total_cycles
    assert result.rtl.rtl_layers == tuple((layer.name, layer.cycles) for layer in result.layers)


def test_wrong_timing_fails_the_command(
    few: Path,
    tmp_path: Path,
    own_cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from sim.engines import systolic

    right = systolic.timing_sequence
    monkeypatch.setattr(systolic, "timing_sequence", lambda params, jobs: right(params, jobs) - 1)
    given = command("--input", few, "--rtl-samples", 1, "-o", tmp_path)
    assert main([*given, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["samples"], result["rtl_samples"]) == (3, 1)
    assert (result["output_mismatches"], result["cycle_mismatches"]) == (0, 6)
    assert result["rtl_cycles"] == result["total_cycles"] + 6
    text = run_verb.show(result)
    assert "0 mismatches, 6 cycle mismatches" in text
    assert "failed: conv1, block1_conv1," in text


def test_wrong_values_fail_the_command(
    few: Path,
    tmp_path: Path,
    own_cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from golden.engines import systolic

    right = systolic.matmul

    def wrong(params: Any, a: Any, w: Any, c: Any = None) -> Any:
        result = right(params, a, w, c)
        result[0, 0] ^= 1
        return result

    monkeypatch.setattr(systolic, "matmul", wrong)
    given = command("--input", few, "--rtl-samples", 1, "-o", tmp_path)
    assert main([*given, "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["output_mismatches"] > 0
    assert result["cycle_mismatches"] == 0
    assert result["failures"][0]["examples"]
