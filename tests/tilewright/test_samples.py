"""Data that users bring, and networks that can not be run."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper

import tilewright
from golden.errors import UserError
from tests.support.dense import dense_network
from tests.support.networks import residual_network
from tests.support.runs import SMALL, X, save, values
from tilewright.running import run

Array = NDArray[Any]


# Files


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
