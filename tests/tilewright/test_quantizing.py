"""Networks quantized to narrow weights, and the verb that does it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import tilewright
from golden.errors import UserError
from golden.evaluate import evaluate
from golden.formats import parse_format
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import run_model
from tests.support.qdq import integer_disagreement
from tilewright.cli import main
from tilewright.quantizing import quantize
from tilewright.running import run

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"
MODEL, TEST, LABELS = DIGITS / "digits.onnx", DIGITS / "test.npz", DIGITS / "labels.npy"
LAYERS = ["conv1", "block1_conv1", "block1_conv2", "depthwise", "pointwise", "classifier"]


@pytest.fixture(scope="module")
def images() -> NDArray[Any]:
    with np.load(TEST) as file:
        data: NDArray[Any] = file["image"]
    return data


def weights(path: Path, name: str) -> NDArray[np.float64]:
    """Real weights of a layer, as the importer has them."""
    graph = import_onnx(path)
    operator = next(op for op in graph.operators if op.name == name)
    tensor = graph.inputs_of(operator)[1]
    assert tensor.data is not None
    return tensor.quantized.dequantize(tensor.data).astype(np.float64)


@pytest.mark.parametrize(
    ("scheme", "format", "least"),
    [
        ("w4a8", "int4", 0.98),
        ("u4-g32", "uint4", 0.98),
        ("flint4", "flint4", 0.98),
        ("ovp_int4", "ovp_int4", 0.97),
        ("any4-g64", "int8", 0.98),
        ("w3a6", "int3", 0.95),
        ("ternary", "ternary", 0.5),
    ],
)
def test_digits(
    scheme: str, format: str, least: float, tmp_path: Path, images: NDArray[Any]
) -> None:
    out = tmp_path / "out.onnx"
    result = quantize(MODEL, scheme=scheme, output=out, inputs=TEST, labels=LABELS)
    onnx.checker.check_model(onnx.load(out), full_check=True)
    assert (result.model, result.scheme, result.samples) == (str(out), scheme, 450)
    assert [layer.name for layer in result.layers] == LAYERS
    assert result.accuracy is not None
    assert result.accuracy >= least
    labels = np.load(LABELS)
    (theirs,) = run_model(onnx.load(out), {"image": images})
    # Ties of float sums aside, onnxruntime gives the same classes.
    assert np.mean(theirs.argmax(axis=1) == labels) == pytest.approx(result.accuracy, abs=0.01)
    for layer in result.layers:
        before, after = weights(MODEL, layer.name), weights(out, layer.name)
        error = np.sqrt(((before - after) ** 2).sum() / (before**2).sum())
        assert layer.weight_error == pytest.approx(error, rel=1e-4)
        assert layer.output_error is None
        assert layer.format == format
    graph = import_onnx(out)
    for operator in graph.operators:
        if operator.name in LAYERS:
            assert graph.inputs_of(operator)[1].element == parse_format(format)
    group = int(scheme.split("-g")[1]) if "-g" in scheme else None
    assert [layer.group_size for layer in result.layers] == [*[None] * 5, group]


@pytest.mark.parametrize("scheme", ["u3a6", "w4-g32", "flint4a4"])
def test_integers_are_those_of_onnxruntime(
    scheme: str, tmp_path: Path, images: NDArray[Any]
) -> None:
    quantize(MODEL, scheme=scheme, output=tmp_path / "out.onnx")
    model = onnx.load(tmp_path / "out.onnx")
    elements, different = integer_disagreement(model, {"image": images[:8]})
    assert different * 1000 <= elements


def test_calibration_lowers_the_error_of_outputs(tmp_path: Path, images: NDArray[Any]) -> None:
    samples = tmp_path / "samples.npz"
    np.savez(samples, image=images[:100])
    guided = quantize(MODEL, scheme="w2", output=tmp_path / "guided.onnx", calibrate=samples)
    plain = quantize(MODEL, scheme="w2", output=tmp_path / "plain.onnx")
    for one, other in zip(guided.layers, plain.layers, strict=True):
        assert one.output_error is not None
        assert one.weight_error >= other.weight_error - 1e-6
    # What the classifier computes of its own inputs, with either weights and biases, on others.
    graph = import_onnx(MODEL, batch=100)
    (operator,) = [op for op in graph.operators if op.name == "classifier"]
    x = graph.inputs_of(operator)[0]
    a = x.quantized.dequantize(evaluate(graph, {"image": images[100:200]})[x.name])

    def outputs(path: Path) -> NDArray[np.float64]:
        bias = import_onnx(path).tensors
        name = next(op.inputs[2] for op in import_onnx(path).operators if op.name == "classifier")
        data = bias[name].data
        assert data is not None
        return a @ weights(path, "classifier") + bias[name].quantized.dequantize(data)

    exact = outputs(MODEL)
    lost = {name: exact - outputs(tmp_path / f"{name}.onnx") for name in ("guided", "plain")}
    assert (lost["guided"] ** 2).mean() < 0.7 * (lost["plain"] ** 2).mean()
    # Nearly nothing of the mean is lost.
    means = {name: np.abs(error.mean(axis=0)).max() for name, error in lost.items()}
    assert means["guided"] < 0.2 * means["plain"]


@pytest.mark.parametrize(
    ("scheme", "engine", "params"),
    [
        ("w2a8", "add", {"weight": "int4"}),
        ("w4a6-g32", "dot", {"weight": "int4", "activation": "int6"}),
        ("ternary", "ternary", {}),
        ("ternary", "lut", {"weight": "signs2"}),
        ("ovp_int4", "exp_int", {"weight": "ovp_int4", "activation": "int8"}),
        ("flint4a4", "exp_int", {"activation": "int4"}),
    ],
)
def test_what_was_written_runs_on_engines(
    scheme: str, engine: str, params: dict[str, Any], tmp_path: Path, images: NDArray[Any]
) -> None:
    out = tmp_path / "out.onnx"
    quantize(MODEL, scheme=scheme, output=out)
    inputs = tmp_path / "two.npz"
    np.savez(inputs, image=images[:2])
    result = run(
        out, engine=engine, params={"k_max": 256, **params}, inputs=inputs, output=tmp_path
    )
    expected = evaluate(import_onnx(out, batch=2), {"image": images[:2]})["probabilities"]
    with np.load(result.outputs) as file:
        assert np.array_equal(file["probabilities"], expected)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scheme": "w99"}, "'w99' is not a scheme"),
        ({"inputs": TEST}, "input and labels are given together"),
        ({"model": "net.tflite"}, "net.tflite is no ONNX file"),
    ],
)
def test_refusals(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    given = {"model": MODEL, "scheme": "w4", "output": tmp_path / "out.onnx", **changes}
    with pytest.raises(UserError, match=said):
        quantize(given.pop("model"), **given)
    assert not (tmp_path / "out.onnx").exists()


def test_a_place_for_the_network_is_looked_for_first(tmp_path: Path) -> None:
    given: dict[str, Any] = {"scheme": "w4", "output": tmp_path / "none" / "out.onnx"}
    with pytest.raises(OSError, match="No such file or directory"):
        quantize("none.onnx", **given)


def test_networks_without_weights_are_refused(tmp_path: Path) -> None:
    model = onnx.load(MODEL)
    nodes = [n for n in model.graph.node if not n.op_type.endswith("Linear")]
    assert nodes
    del model.graph.node[:]
    softmax = onnx.helper.make_node("Softmax", ["image"], ["probabilities"])
    model.graph.node.append(softmax)
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.CopyFrom(model.graph.input[0].type)
    path = tmp_path / "float.onnx"
    onnx.save(model, path)
    with pytest.raises(UserError, match=r"holds floats: give samples"):
        quantize(path, scheme="w4", output=tmp_path / "out.onnx")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, few = tmp_path / "w4.onnx", tmp_path / "few.npz"
    with np.load(TEST) as file:
        np.savez(few, image=file["image"][:5])
    arguments = ["quantize", str(MODEL), "--scheme", "w4a8", "-o", str(out)]
    assert main([*arguments, "--json", "--input", str(TEST), "--labels", str(LABELS)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["schema"] == 1
    assert printed["verb"] == "quantize"
    assert printed["model"] == str(out)
    assert printed["accuracy"] >= 0.98
    assert [layer["name"] for layer in printed["layers"]] == LAYERS
    assert main([*arguments, "--calibrate", str(few)]) == 0
    said = capsys.readouterr().out
    assert "error of weights  of outputs" in said
    assert f"{out}: w4a8" in said
    assert main([*arguments[:3], "w99", "-o", str(out)]) == 2
    assert "is not a scheme" in capsys.readouterr().err
