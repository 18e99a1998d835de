"""Networks on a bare engine: values, cycles, data that users bring, and the Verilog."""

import json
import pickle
import re
import zipfile
from collections.abc import Callable, Mapping
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
from tilewright.caching import Cache
from tilewright.catalog import find_design
from tilewright.cli import main
from tilewright.products import EngineProducts, GemmCodes
from tilewright.running import NetworkRun, run
from tilewright.verbs import run as run_verb
from tilewright.workloads import load_model

Array = NDArray[Any]

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"
SMALL = {"rows": 4, "cols": 4, "k_max": 512}
X: NDArray[np.float32] = np.linspace(-40, 40, 12, dtype=np.float32).reshape(3, 4)


def values(result: NetworkRun) -> dict[str, Array]:
    with np.load(result.outputs) as file:
        return {name: file[name] for name in file.files}


def each_sample(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by the golden operators alone, without an engine."""
    count = len(next(iter(inputs.values())))
    results = [
        evaluate(graph, {name: data[i : i + 1] for name, data in inputs.items()})
        for i in range(count)
    ]
    return {name: np.concatenate([result[name] for result in results]) for name in graph.outputs}


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


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


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    return dense_network(tmp_path / "dense.onnx")


@pytest.fixture
def refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What the command says when it refuses to run, in one sentence and nothing else."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> str:
        assert main(["run", *map(str, arguments)]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("tilewright run: ")
        assert printed.err.count("\n") == 1
        assert len(printed.err) < 400
        assert "Errno" not in printed.err
        assert not (tmp_path / "tilewright-run" / "outputs.npz").exists()
        return printed.err

    return command


# The digits network


@pytest.mark.parametrize("dataflow", ["os", "ws", "is"])
def test_digits(dataflow: str, tmp_path: Path, images: Array, digits_outputs: Array) -> None:
    result = run(
        DIGITS / "digits.onnx",
        params={"dataflow": dataflow},
        inputs=DIGITS / "test.npz",
        labels=DIGITS / "labels.npy",
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


# What users bring


def broken_zip(path: Path) -> None:
    """A compressed array, damaged in the middle."""
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(500, 4)))
    content = bytearray(path.read_bytes())
    content[400:600] = bytes(200)
    path.write_bytes(content)


def zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "text")


FILES: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("samples"),
    "empty": lambda path: path.touch(),
    "pickle": lambda path: path.write_bytes(pickle.dumps([1, 2])),
    "pickled arrays": lambda path: save(path, x=np.array([[None] * 4])),
    "one array": lambda path: path.write_bytes(_npy(X)),
    "cut": lambda path: path.write_bytes(save(path, x=X).read_bytes()[:200]),
    "damaged": broken_zip,
    "zip of text": zip_of_text,
}


def _npy(array: Array) -> bytes:
    from io import BytesIO

    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_files_that_are_no_npz_are_refused(
    make: Callable[[Path], object], dense: Path, tmp_path: Path, refuse: Callable[..., str]
) -> None:
    path = tmp_path / "inputs.npz"
    make(path)
    said = refuse(dense, "--input", path)
    assert f"{path} is no npz file of arrays, as numpy.savez writes it" in said


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"image": X}, "holds image; the inputs of the network are x"),
        ({"x": X, "z": X}, "holds x, z; the inputs of the network are x"),
        ({}, "holds nothing; the inputs of the network are x"),
        ({"x": X[:, :3]}, "a sample of input x in .* has shape (3,), not (4,)"),
        ({"x": X[0]}, "has shape (), not (4,)"),
        ({"x": X[..., np.newaxis]}, "has shape (4, 1), not (4,)"),
        ({"x": X[:0]}, "must have the same number of samples, at least 1"),
        ({"x": X[0, 0]}, "must have the same number of samples, at least 1"),
        ({"x": X.astype(str)}, "input x in .* holds <U32; the network takes float32"),
        ({"x": X.astype(np.complex64)}, "holds complex64; the network takes float32"),
        ({"x": X.astype(np.uint8)}, "holds uint8; the network takes float32"),
        ({"x": X > 0}, "holds bool; the network takes float32"),
        ({"x": X * np.nan}, "input x in .* holds a NaN"),
    ],
)
def test_samples_that_do_not_fit_are_refused(
    arrays: dict[str, Array],
    said: str,
    dense: Path,
    tmp_path: Path,
    refuse: Callable[..., str],
) -> None:
    path = save(tmp_path / "inputs.npz", **arrays)
    message = refuse(dense, "--input", path)
    assert str(path) in message
    assert all(part in message for part in said.split(" .* "))


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.full((1, 4), 128), "holds 128, which is no value of int8"),
        (np.full((1, 4), -129), "holds -129, which is no value of int8"),
        (np.full((1, 4), "1"), "holds <U1; the network takes int8 or floats"),
        (np.full((1, 4), np.nan), "holds a NaN"),
    ],
)
def test_codes_that_do_not_fit_are_refused(
    x: Array, said: str, tmp_path: Path, refuse: Callable[..., str]
) -> None:
    path = dense_network(tmp_path / "net.onnx", codes_in=True)
    assert said in refuse(path, "--input", save(tmp_path / "inputs.npz", x=x))


def sum_network(path: Path) -> Path:
    """Two inputs, added and multiplied by a matrix."""
    dense_network(path, source="s")
    model = onnx.load(path)
    given = model.graph.input.pop()
    for name in ("left", "right"):
        given.name = name
        model.graph.input.append(given)
    model.graph.node.insert(0, helper.make_node("Add", ["left", "right"], ["s"]))
    onnx.save(model, path)
    return path


def test_several_inputs(tmp_path: Path, refuse: Callable[..., str]) -> None:
    path = sum_network(tmp_path / "sum.onnx")
    inputs = save(tmp_path / "inputs.npz", right=X, left=2 * X)
    both = run(path, params=SMALL, inputs=inputs, output=tmp_path / "both")
    single = dense_network(tmp_path / "dense.onnx")
    sums = save(tmp_path / "sums.npz", x=3 * X)
    alone = run(single, params=SMALL, inputs=sums, output=tmp_path / "alone")
    assert np.array_equal(values(both)["y"], values(alone)["y"])
    unequal = save(tmp_path / "unequal.npz", right=X, left=X[:2])
    assert "must have the same number of samples" in refuse(path, "--input", unequal)
    assert "holds left; the inputs of the network are left, right" in refuse(
        path, "--input", save(tmp_path / "half.npz", left=X)
    )


def test_random_inputs_of_a_network_do_not_depend_on_each_other(tmp_path: Path) -> None:
    path = sum_network(tmp_path / "sum.onnx")
    many, one = (
        values(run(path, params=SMALL, samples=count, output=tmp_path / str(count)))["y"]
        for count in (5, 1)
    )
    assert np.array_equal(many[:1], one)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.zeros(4, int), "holds int64 of shape (4,); labels are integers of shape (3,)"),
        (np.zeros((3, 1), int), "holds int64 of shape (3, 1); labels are integers of"),
        (np.zeros(3), "holds float64 of shape (3,); labels are integers"),
        (np.zeros(3, bool), "holds bool of shape (3,); labels are integers"),
        (np.array([1, 2, 3]), "labels from 1 to 3; output y has 3 values, so labels are 0 to 2"),
        (np.array([-1, 0, 1]), "labels from -1 to 1; output y has 3 values"),
        (np.array([None] * 3), "is no npy file of labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    labels: Array, said: str, dense: Path, tmp_path: Path, refuse: Callable[..., str]
) -> None:
    path = tmp_path / "labels.npy"
    np.save(path, labels, allow_pickle=True)
    inputs = save(tmp_path / "inputs.npz", x=X)
    message = refuse(dense, "--input", inputs, "--labels", path)
    assert said in message
    assert str(path) in message


def test_files_that_hold_no_labels_are_refused(
    dense: Path, tmp_path: Path, refuse: Callable[..., str]
) -> None:
    inputs, text, empty = save(tmp_path / "x.npz", x=X), tmp_path / "text", tmp_path / "empty"
    text.write_text("0 1 2")
    empty.touch()
    for path in (inputs, text, empty):
        said = refuse(dense, "--input", inputs, "--labels", path)
        assert f"{path} is no npy file of labels, as numpy.save writes it" in said


def test_accuracy_is_that_of_the_largest_value_of_the_first_output(
    dense: Path, tmp_path: Path
) -> None:
    inputs, labels = save(tmp_path / "x.npz", x=X), tmp_path / "labels.npy"
    best = values(run(dense, params=SMALL, inputs=inputs, output=tmp_path))["y"].argmax(axis=1)
    for wrong in range(4):
        truth = best.astype(np.uint8)
        truth[:wrong] = (truth[:wrong] + 1) % 3
        np.save(labels, truth)
        result = run(dense, params=SMALL, inputs=inputs, labels=labels, output=tmp_path)
        assert result.accuracy == (3 - wrong) / 3


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--input", "none.npz"], "none.npz: No such file or directory"),
        (["--input", "."], ".: Is a directory"),
        (["--labels", "none.npy"], "none.npy: No such file or directory"),
        (["--labels", "."], ".: Is a directory"),
        (["--output", "dense.onnx"], "dense.onnx: File exists"),
        (["--output", "dense.onnx/deeper"], "dense.onnx/deeper: Not a directory"),
        (["--rtl-samples", "2"], "rtl_samples says how many samples run on the Verilog: set rtl"),
        (["--input", "x.npz", "--samples", "2"], "samples asks for random ones, but x.npz is"),
    ],
)
def test_options_that_can_not_be_are_refused(
    option: list[str], said: str, dense: Path, refuse: Callable[..., str]
) -> None:
    assert said in refuse(dense, *option)


@pytest.mark.parametrize("option", ["samples", "rtl_samples"])
def test_no_samples_are_refused(option: str, dense: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {option: 0}
    with pytest.raises(UserError, match=f"^{option} must be at least 1, not 0"):
        run(dense, rtl=True, output=tmp_path, **options)


# Networks that can not be run


def test_a_float_network_is_refused_but_simulated(
    tmp_path: Path, refuse: Callable[..., str]
) -> None:
    path = tmp_path / "float.onnx"
    onnx.save(residual_network(np.random.default_rng(0)), path)
    said = refuse(path)
    assert f"{path} is not quantized: layer conv1 multiplies float32, which no engine" in said
    assert "use simulate" in said
    result = tilewright.simulate(str(path), params=SMALL)
    assert [layer["name"] for layer in result["layers"]] == [
        "conv1",
        "conv2",
        "conv3",
        "conv4",
        "gemm",
    ]


def test_a_fixed_batch_is_refused(tmp_path: Path, refuse: Callable[..., str]) -> None:
    path = dense_network(tmp_path / "net.onnx", batch=4)
    said = refuse(path)
    assert "input x has shape (4, 4), but samples run one at a time" in said
    assert tilewright.simulate(str(path), params=SMALL)["layers"][0]["macs"] == 4 * 4 * 3
    assert (
        run(
            dense_network(tmp_path / "one.onnx", batch=1), params=SMALL, samples=2, output=tmp_path
        ).samples
        == 2
    )


def test_a_network_without_products_is_refused(tmp_path: Path, refuse: Callable[..., str]) -> None:
    from tests.support.networks import network as plain

    path = tmp_path / "relu.onnx"
    node = helper.make_node("Relu", ["x"], ["y"])
    onnx.save(plain([node], {"x": ["batch", 4]}, {"y": ["batch", 4]}), path)
    assert "net has no convolution and no matrix product" in refuse(path)


def test_indices_are_asked_for_and_checked(tmp_path: Path, refuse: Callable[..., str]) -> None:
    path = dense_network(tmp_path / "net.onnx", source="row")
    model = onnx.load(path)
    given = model.graph.input.pop()
    del given
    model.graph.input.append(
        helper.make_tensor_value_info("index", onnx.TensorProto.INT64, ["batch"])
    )
    table = np.arange(20, dtype=np.float32).reshape(5, 4)
    model.graph.initializer.append(onnx.numpy_helper.from_array(table, "table"))
    model.graph.node.insert(0, helper.make_node("Gather", ["table", "index"], ["row"], name="pick"))
    onnx.save(model, path)
    assert "input index takes plain integers (int64), such as indices" in refuse(path)
    right = save(tmp_path / "right.npz", index=np.array([0, 4, 1]))
    found = values(run(path, params=SMALL, inputs=right, output=tmp_path / "out"))["y"]
    rows = save(tmp_path / "rows.npz", x=table[[0, 4, 1]])
    plain = dense_network(tmp_path / "plain.onnx")
    assert np.array_equal(
        found, values(run(plain, params=SMALL, inputs=rows, output=tmp_path / "plain"))["y"]
    )
    wrong = save(tmp_path / "wrong.npz", index=np.array([0, 5]))
    assert "sample 1 can not be evaluated: " in refuse(path, "--input", wrong)
    floats = save(tmp_path / "floats.npz", index=np.array([0.0]))
    assert "holds float64; the network takes int64\n" in refuse(path, "--input", floats)


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
