"""Networks of floats become networks of 8 bits, and then of fewer."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

import tilewright
from golden.errors import UserError
from mapper.importers.onnx import import_onnx
from tests.support.networks import network, residual_network, transformer_block
from tests.support.onnx_oracle import run_model
from tests.support.qdq import integer_disagreement
from tilewright.cli import main
from tilewright.quantization.floats import holds_floats, to_eight_bits
from tilewright.quantizing import quantize

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"
MODEL, TEST, LABELS = DIGITS / "digits.onnx", DIGITS / "test.npz", DIGITS / "labels.npy"


def float_digits() -> onnx.ModelProto:
    """The digits network in floats: its weights as they are, its activations not rounded."""
    model = onnx.load(MODEL)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    same: dict[str, str] = {}
    nodes, weights = [], []
    for node in model.graph.node:
        source, result = node.input[0], node.output[0]
        if node.op_type == "DequantizeLinear" and source in constants:
            scale = constants[node.input[1]]
            scale = scale.reshape(-1, *[1] * (constants[source].ndim - 1)) if scale.ndim else scale
            real = (constants[source].astype(np.float64) * scale).astype(np.float32)
            weights.append(numpy_helper.from_array(real, result))
        elif node.op_type == "DequantizeLinear":
            same[result] = same[source]
        elif node.op_type == "QuantizeLinear" and constants[node.input[2]] == -128:
            # What lies below the range is no more than a Relu takes away.
            nodes.append(helper.make_node("Relu", [same.get(source, source)], [result]))
            same[result] = result
        elif node.op_type == "QuantizeLinear":
            same[result] = same.get(source, source)
        else:
            node.input[:] = [same.get(name, name) for name in node.input]
            nodes.append(node)
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights)
    onnx.checker.check_model(model, full_check=True)
    return model


def normalized(opset: int) -> onnx.ModelProto:
    """Convolutions with batch normalizations, as frameworks export them, without names."""
    rng = np.random.default_rng(3)
    constants: dict[str, NDArray[Any]] = {
        "w1": rng.normal(size=(8, 3, 3, 3)) * 0.3,
        "w2": rng.normal(size=(8, 1, 3, 3)) * 0.5,
        "w3": rng.normal(size=(8, 5)),
        "low": np.float32(0),
        "high": np.float32(6),
    }
    for layer in "12":
        constants |= {f"{part}{layer}": rng.uniform(0.5, 1.5, 8) for part in ("scale", "variance")}
        constants |= {f"{part}{layer}": rng.normal(size=8) * 0.2 for part in ("bias", "mean")}
    statistics = [[f"{p}{n}" for p in ("scale", "bias", "mean", "variance")] for n in "12"]
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w1"], ["c1"], pads=[1, 1, 1, 1]),
        make("BatchNormalization", ["c1", *statistics[0]], ["n1"]),
        make("Relu", ["n1"], ["r1"]),
        make("Conv", ["r1", "w2"], ["c2"], group=8),
        make("BatchNormalization", ["c2", *statistics[1]], ["n2"]),
        make("Clip", ["n2", "low", "high"], ["r2"]),
        make("GlobalAveragePool", ["r2"], ["p"]),
        make("Flatten", ["p"], ["f"]),
        make("MatMul", ["f", "w3"], ["y"]),
    ]
    model = network(
        nodes,
        {"x": ["batch", 3, 8, 8]},
        {"y": ["batch", 5]},
        {name: np.float32(value) for name, value in constants.items()},
    )
    model.opset_import[0].version = opset
    model.ir_version = 6
    onnx.checker.check_model(model, full_check=True)
    return model


def samples_of(model: onnx.ModelProto, count: int = 32) -> dict[str, NDArray[np.float32]]:
    (tensor,) = model.graph.input
    shape = [size.dim_value for size in tensor.type.tensor_type.shape.dim][1:]
    drawn = np.random.default_rng(4).normal(size=(count, *shape))
    return {tensor.name: drawn.astype(np.float32)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: residual_network(np.random.default_rng(1)),
        lambda: transformer_block(np.random.default_rng(2)),
        lambda: normalized(17),
        lambda: normalized(11),
    ],
    ids=["residual", "transformer", "normalized", "operator set 11"],
)
def test_eight_bits_are_near_to_floats(make: Callable[[], onnx.ModelProto]) -> None:
    model = make()
    assert holds_floats(model)
    before = model.SerializeToString()
    samples = samples_of(model)
    integers = to_eight_bits(model, samples, least_opset=13, source="it")
    assert model.SerializeToString() == before
    onnx.checker.check_model(integers, full_check=True)
    assert not holds_floats(integers)
    assert {entry.domain for entry in integers.opset_import} == {""}
    (theirs,), (floats,) = run_model(integers, samples), run_model(model, samples)
    assert np.linalg.norm(theirs - floats) < 0.06 * np.linalg.norm(floats)
    elements, different = integer_disagreement(integers, samples)
    # Ties of means round to either side in floats, and stay in what comes after them.
    assert different <= elements / 100
    kinds = [operator.kind for operator in import_onnx(integers).operators]
    assert "BatchNormalization" not in kinds


def test_a_network_of_floats_goes_to_few_bits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, few, out = tmp_path / "floats.onnx", tmp_path / "few.npz", tmp_path / "w4.onnx"
    onnx.save(float_digits(), given)
    with np.load(TEST) as file:
        images = file["image"]
    np.savez(few, image=images[:60])
    arguments = ["quantize", str(given), "--scheme", "w4a8", "-o", str(out)]
    data = ["--input", str(TEST), "--labels", str(LABELS)]
    assert main([*arguments, *data]) == 2
    assert f"{given} holds floats: give samples" in capsys.readouterr().err
    assert not out.exists()
    assert main([*arguments, *data, "--calibrate", str(few)]) == 0
    result = quantize(given, scheme="w4a8", output=out, calibrate=few, inputs=TEST, labels=LABELS)
    (floats,) = run_model(onnx.load(given), {"image": images})
    right = np.mean(floats.argmax(axis=1) == np.load(LABELS))
    assert result.accuracy_before == pytest.approx(right)
    assert result.accuracy is not None
    assert result.accuracy >= 0.98
    assert f"before {right:.2%}" in capsys.readouterr().out
    run = ["run", str(out), "--accelerator", "tiny-lut", "--host-fallback", *data[:2], "--json"]
    assert main([*run, "--output", str(tmp_path / "run")]) == 0


def test_groups_need_a_later_operator_set(tmp_path: Path) -> None:
    model = normalized(11)
    given, few, out = tmp_path / "floats.onnx", tmp_path / "few.npz", tmp_path / "w4.onnx"
    onnx.save(model, given)
    samples = samples_of(model)
    # NumPy's own floats are taken, too.
    np.savez(few, x=samples["x"].astype(np.float64))
    result = quantize(given, scheme="w4a8-g4", output=out, calibrate=few)
    assert [layer.group_size for layer in result.layers] == [None, None, 4]
    (theirs,), (floats,) = run_model(onnx.load(out), samples), run_model(model, samples)
    assert np.linalg.norm(theirs - floats) < 0.2 * np.linalg.norm(floats)


def test_floats_of_16_bits_are_refused(tmp_path: Path) -> None:
    given, few, out = tmp_path / "halves.onnx", tmp_path / "few.npz", tmp_path / "w4.onnx"
    model = network(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": ["batch", 8]},
        {"y": ["batch", 4]},
        {"w": np.ones((8, 4), np.float16)},
    )
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, given)
    np.savez(few, x=np.ones((3, 8)))
    with pytest.raises(UserError, match=r"quantized none of the weights of .*halves.onnx: they"):
        quantize(given, scheme="w4a8", output=out, calibrate=few)
    assert not out.exists()


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    model = normalized(17)
    samples = samples_of(model)
    wrong = {"x": samples["x"].astype(np.float64)}
    with pytest.raises(UserError, match=r"^onnxruntime can not quantize it: .*[Uu]nexpected input"):
        to_eight_bits(model, wrong, least_opset=13, source="it")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs onnxruntime, which was not found: install it"):
        to_eight_bits(model, samples, least_opset=13, source="it")
