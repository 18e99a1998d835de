"""Networks of floats that onnxruntime's quantizer takes for others."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper

from golden.errors import UserError
from golden.evaluate import evaluate
from mapper.importers.onnx import import_onnx
from tests.support.networks import network
from tests.support.onnx_oracle import run_model
from tilewright.quantization.floats import to_eight_bits
from tilewright.quantizing import quantize

RNG = np.random.default_rng(5)
W1, B1 = RNG.normal(size=(8, 6)), RNG.normal(size=6)
W2, B2 = RNG.normal(size=(6, 4)), RNG.normal(size=4)
make = helper.make_node


def two(*middle: onnx.NodeProto, **factors: float) -> list[onnx.NodeProto]:
    """Two layers, ``s`` and ``t`` between them."""
    return [
        make("Gemm", ["x", "W1", "B1"], ["s"], "first", **factors),
        *middle,
        make("Gemm", ["t", "W2", "B2"], ["y"], "second"),
    ]


RELU = make("Relu", ["s"], ["t"])
CLIP = make("Clip", ["s", "low", "high"], ["t"])
PAIR = {"W1": W1, "B1": B1, "W2": W2, "B2": B2}

CASES: dict[str, tuple[list[onnx.NodeProto], dict[str, Any], tuple[str, ...]]] = {
    "plain": (two(RELU), PAIR, ("y",)),
    "beta": (two(RELU, beta=2.0), PAIR, ("y",)),
    "alpha and beta": (two(RELU, alpha=0.25, beta=3.0), PAIR, ("y",)),
    "an output before a Relu": (two(RELU), PAIR, ("s", "y")),
    "an output before a Clip": (two(CLIP), {**PAIR, "low": 0, "high": 6}, ("s", "y")),
    "a Clip above 0": (two(CLIP), {**PAIR, "low": 1, "high": 3}, ("y",)),
    "a Clip below 0": (two(CLIP), {**PAIR, "low": -3, "high": -1}, ("y",)),
    "a Relu that is always 0": (two(RELU), {**PAIR, "B1": B1 - 100}, ("y",)),
    "a sum of products": (
        [
            make("MatMul", ["x", "W1"], ["a"]),
            make("MatMul", ["x", "W3"], ["b"]),
            make("Add", ["a", "b"], ["y"]),
        ],
        {"W1": W1, "W3": W1[::-1]},
        ("y",),
    ),
    "a residual": (
        [make("MatMul", ["x", "W"], ["a"]), make("Add", ["a", "x"], ["y"])],
        {"W": RNG.normal(size=(8, 8))},
        ("y",),
    ),
    "a bias with two axes": (
        [make("Gemm", ["x", "W1", "B1"], ["y"])],
        {"W1": W1, "B1": B1[None]},
        ("y",),
    ),
    "a bias of one number": (
        [make("Gemm", ["x", "W1", "B1"], ["y"])],
        {"W1": W1, "B1": B1[:1]},
        ("y",),
    ),
    "a bias for each row": (
        [make("Gemm", ["x", "W1", "B"], ["y"], beta=3.0)],
        {"W1": W1, "B": RNG.normal(size=(32, 6))},
        ("y",),
    ),
    "weights that are shared and turned": (
        [
            make("Gemm", ["x", "W", "B"], ["s"], transB=1),
            RELU,
            make("Gemm", ["t", "W", "B"], ["y"]),
        ],
        {"W": RNG.normal(size=(8, 8)), "B": RNG.normal(size=8)},
        ("y",),
    ),
}


def model_of(
    nodes: list[onnx.NodeProto], constants: dict[str, Any], outputs: tuple[str, ...]
) -> onnx.ModelProto:
    return network(
        nodes,
        {"x": ["batch", 8]},
        {name: ["batch", None] for name in outputs},
        {name: np.float32(value) for name, value in constants.items()},
    )


def samples(count: int = 32) -> dict[str, NDArray[np.float32]]:
    return {"x": np.random.default_rng(6).normal(size=(count, 8)).astype(np.float32)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_integers_compute_what_floats_do(
    case: tuple[list[onnx.NodeProto], dict[str, Any], tuple[str, ...]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    model, given = model_of(*case), samples()
    integers = to_eight_bits(model, given, least_opset=13, source="it")
    graph = import_onnx(integers, batch=len(given["x"]))
    ours = evaluate(graph, given)
    for floats, theirs, name in zip(
        run_model(model, given), run_model(integers, given), case[2], strict=True
    ):
        assert np.linalg.norm(theirs - floats) < 0.03 * np.linalg.norm(floats)
        assert np.allclose(ours[name], theirs, rtol=1e-5, atol=1e-6)
    for operator in graph.operators:
        operands = graph.inputs_of(operator)
        assert not operator.products(operands) or operands[0].quantization is not None
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == 0


@pytest.mark.parametrize(
    ("nodes", "constants", "said"),
    [
        (
            [make("Gemm", ["x", "W1", "B1"], ["s"]), make("MatMul", ["s", "W3"], ["y"])],
            {"W1": W1, "B1": B1, "W3": RNG.normal(size=(2, 6, 4))},
            r"layer MatMul:y of .* can not be quantized",
        ),
        (
            [make("MatMul", ["x", "W1"], ["y"])],
            {"W1": np.where(W1 > 1, np.inf, W1)},
            r": constant W1 holds an infinity or a NaN",
        ),
    ],
    ids=["weights of three axes", "infinity"],
)
def test_what_can_not_be_quantized_is_named(
    nodes: list[onnx.NodeProto], constants: dict[str, Any], said: str, tmp_path: Path
) -> None:
    given, few, out = tmp_path / "f.onnx", tmp_path / "few.npz", tmp_path / "q.onnx"
    onnx.save(model_of(nodes, constants, ("y",)), given)
    np.savez(few, x=samples()["x"])
    with pytest.raises(UserError, match=said):
        quantize(str(given), scheme="w4", output=str(out), calibrate=str(few))
    assert not out.exists()


def test_operators_of_one_name(tmp_path: Path) -> None:
    model = model_of(
        [
            make("MatMul", ["x", "W1"], ["s"], "same"),
            RELU,
            make("MatMul", ["t", "W2"], ["y"], "same"),
        ],
        {"W1": W1, "W2": W2},
        ("y",),
    )
    integers = to_eight_bits(model, samples(), least_opset=13, source="it")
    names = [operator.name for operator in import_onnx(integers).operators]
    assert {"same", "MatMul:y"} <= set(names)


def test_samples_that_are_infinite_are_refused(tmp_path: Path) -> None:
    given, few = tmp_path / "f.onnx", tmp_path / "few.npz"
    onnx.save(model_of(*CASES["plain"]), given)
    np.savez(few, x=np.full((2, 8), 1e300))
    with pytest.raises(UserError, match="samples of x to calibrate with hold an infinity"):
        quantize(given, scheme="w4", output=tmp_path / "q.onnx", calibrate=few)


@pytest.mark.parametrize("given", [samples(1)["x"], np.zeros((9, 8))], ids=["one", "zeros"])
def test_samples_that_do_not_vary_leave_weights_as_they_are(
    given: NDArray[Any], tmp_path: Path
) -> None:
    model, few, out = tmp_path / "f.onnx", tmp_path / "few.npz", tmp_path / "q.onnx"
    onnx.save(model_of(*CASES["plain"]), model)
    np.savez(few, x=given)
    result = quantize(model, scheme="w8a8", output=out, calibrate=few)
    assert max(layer.weight_error for layer in result.layers) < 1e-3
    result = quantize(model, scheme="w4a8", output=out, calibrate=few)
    assert max(layer.weight_error for layer in result.layers) < 0.15


@pytest.mark.parametrize("scheme", ["w4a8", "ternary", "w4a8-g2"])
def test_layers_that_share_weights_and_biases_with_groups(scheme: str, tmp_path: Path) -> None:
    nodes = [
        make("Gemm", ["x", "W", "B"], ["s"]),
        RELU,
        make("Gemm", ["t", "W", "B"], ["y"]),
    ]
    constants = {"W": RNG.normal(size=(8, 8)), "B": RNG.normal(size=8)}
    model, few, out = tmp_path / "f.onnx", tmp_path / "few.npz", tmp_path / "q.onnx"
    onnx.save(model_of(nodes, constants, ("y",)), model)
    given = samples(256)
    np.savez(few, x=given["x"])
    quantize(model, scheme=scheme, output=out, calibrate=few)
    quantized = onnx.load(out)
    ours = evaluate(import_onnx(quantized, batch=256), given)["y"]
    (theirs,) = run_model(quantized, given)
    assert np.mean(~np.isclose(ours, theirs, rtol=1e-5, atol=1e-6)) <= 1e-3
