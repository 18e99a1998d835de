"""The digits networks with narrow weights: accuracy, formats, and engines made for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tilewright
from golden.evaluate import evaluate
from golden.formats import TERNARY, BipolarFormat, IntFormat, WholeFormat
from golden.graph import Graph
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import assert_agrees
from tilewright.caching import Cache
from tilewright.running import run

Array = NDArray[Any]

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"
FORMATS: dict[str, WholeFormat] = {
    "digits-w4a8": IntFormat(4),
    "digits-w2a8": IntFormat(2),
    "digits-ternary": TERNARY,
    "digits-w1a8": BipolarFormat(1),
}
LEAST = {"digits-w4a8": 0.97, "digits-w2a8": 0.95, "digits-ternary": 0.94, "digits-w1a8": 0.9}
SMALL = {"m": 4, "n": 4, "k_max": 144}
# One engine for each network that is made for its weights, and what is set.
ENGINES = {
    "digits-w4a8": ("dot", {"weight": "int4"}),
    "digits-w2a8": ("add", {"weight": "int4"}),
    "digits-ternary": ("ternary", {}),
    "digits-w1a8": ("bitplane", {"activation_planes": 8, "weight": "int4"}),
}


def network(name: str, batch: int = 1) -> Graph:
    return import_onnx(DIGITS / f"{name}.onnx", batch=batch)


@pytest.fixture(scope="module")
def images() -> Array:
    with np.load(DIGITS / "test.npz") as file:
        data: Array = file["image"]
    return data


@pytest.mark.parametrize("name", FORMATS)
def test_accuracy(name: str, images: Array) -> None:
    labels = np.load(DIGITS / "labels.npy")
    assert len(labels) == len(images) >= 450
    outputs = evaluate(network(name, len(images)), {"image": images})["probabilities"]
    assert np.mean(outputs.argmax(axis=1) == labels) >= LEAST[name]


@pytest.mark.parametrize("name", FORMATS)
def test_every_layer_has_weights_of_the_format(name: str) -> None:
    graph = network(name)
    layers = [op for op in graph.operators if op.products(graph.inputs_of(op))]
    assert len(layers) == 6
    for operator in layers:
        weights = graph.inputs_of(operator)[1]
        assert weights.element == FORMATS[name]
        assert weights.data is not None
        # Each value occurs, and a scale for each output channel.
        held = {int(value) for value in np.unique(weights.data)}
        codes = np.arange(1 << FORMATS[name].bits)
        codes = codes[codes != 2] if FORMATS[name] == TERNARY else codes
        assert held == set(np.asarray(FORMATS[name].decode(codes)).tolist())
        assert not weights.quantized.zero_point.any()
        channels = weights.shape[-1] if operator.kind == "MatMul" else weights.shape[0]
        assert weights.quantized.scale.shape == (channels,)


@pytest.mark.parametrize("name", FORMATS)
def test_layer_by_layer_like_onnxruntime(name: str, images: Array) -> None:
    assert_agrees(network(name, 8), {"image": images[:8]})


def on_engine(
    name: str, folder: Path, images: Array, settings: dict[str, Any], **more: Any
) -> tuple[Any, Array]:
    engine, own = ENGINES[name]
    inputs = folder / "few.npz"
    np.savez(inputs, image=images)
    result = run(
        DIGITS / f"{name}.onnx",
        engine=engine,
        params={**SMALL, **own, **settings},
        inputs=inputs,
        output=folder,
        **more,
    )
    with np.load(result.outputs) as file:
        return result, file["probabilities"]


@pytest.mark.parametrize("name", FORMATS)
def test_engines_compute_the_same(name: str, images: Array, tmp_path: Path) -> None:
    _, ours = on_engine(name, tmp_path, images[:2], {})
    expected = evaluate(network(name, 2), {"image": images[:2]})["probabilities"]
    assert np.array_equal(ours, expected)


def test_fewer_weight_bits_take_fewer_cycles(images: Array, tmp_path: Path) -> None:
    """One engine for weights of up to four bits: jobs say how many planes there are."""
    cycles = {}
    for name in ("digits-w4a8", "digits-w2a8", "digits-ternary", "digits-w1a8"):
        result = run(
            DIGITS / f"{name}.onnx",
            engine="add",
            params={**SMALL, "weight": "int4"},
            output=tmp_path,
        )
        cycles[name] = result.total_cycles
        assert 0 < result.utilisation <= 1
        assert all(0 < layer.utilisation <= 1 for layer in result.layers)
    assert cycles["digits-w2a8"] == cycles["digits-ternary"]
    assert cycles["digits-w1a8"] < cycles["digits-w2a8"] < cycles["digits-w4a8"]
    # Nothing but weights' planes takes longer, so that four planes take nearly twice those of two.
    assert 1.8 < cycles["digits-w4a8"] / cycles["digits-w2a8"] <= 2


def assert_on_rtl(name: str, images: Array, folder: Path, cache: Cache, simulator: str) -> None:
    result, _ = on_engine(name, folder, images, {}, rtl=True, cache=cache, simulator=simulator)
    assert result.rtl is not None
    assert (result.rtl.output_mismatches, result.rtl.cycle_mismatches) == (0, 0)
    assert result.rtl.rtl_samples == len(images)
    # Three convolutions with 16 channels of 64 pixels, and what follows.
    outputs = 3 * 16 * 64 + 16 * 16 + 32 * 16 + 10
    assert result.rtl.rtl_outputs_checked == outputs * len(images)
    assert result.rtl.rtl_cycles == result.total_cycles


@pytest.mark.usefixtures("icarus")
def test_ternary_on_the_verilog(images: Array, tmp_path: Path, cache: Cache) -> None:
    assert_on_rtl("digits-ternary", images[:1], tmp_path, cache, "icarus")


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_all_on_the_verilog(name: str, images: Array, tmp_path: Path, cache: Cache) -> None:
    assert_on_rtl(name, images[:3], tmp_path, cache, "verilator")
