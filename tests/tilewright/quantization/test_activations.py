"""Activations of fewer bits, for this importer and for onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

import tilewright
from golden.formats import IntFormat
from mapper.importers.onnx import import_onnx
from tests.support.qdq import integer_disagreement
from tilewright.quantization.activations import narrow_activations

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"


@pytest.fixture(scope="module")
def images() -> NDArray[Any]:
    with np.load(DIGITS / "test.npz") as file:
        data: NDArray[Any] = file["image"][:16]
    return data


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 7])
def test_every_activation_has_so_many_bits(bits: int, images: NDArray[Any]) -> None:
    wide = onnx.load(DIGITS / "digits.onnx")
    narrow = narrow_activations(wide, bits)
    onnx.checker.check_model(narrow, full_check=True)
    before, graph = import_onnx(wide, batch=16), import_onnx(narrow, batch=16)
    products = [
        [op.name for op in one.operators if op.products(one.inputs_of(op))]
        for one in (before, graph)
    ]
    assert products[0] == products[1]
    checked = 0
    for name, tensor in before.tensors.items():
        if tensor.is_constant or tensor.quantization is None:
            continue
        after = graph.tensors[name]
        assert after.element == IntFormat(bits)
        # The same range, up to half a step.
        ends = [
            one.quantized.dequantize(np.array([one.int_format.min, one.int_format.max]))
            for one in (tensor, after)
        ]
        assert ends[1] == pytest.approx(ends[0], abs=0.51 * float(after.quantized.scale))
        checked += 1
    assert checked > 8
    # onnxruntime, which knows no labels, computes the same.
    elements, different = integer_disagreement(narrow, {"image": images})
    assert elements > 10_000
    assert different * 1000 <= elements


def test_eight_bits_stay() -> None:
    model = onnx.load(DIGITS / "digits.onnx")
    assert narrow_activations(model, 8) == model


def test_the_given_model_is_left_alone() -> None:
    model = onnx.load(DIGITS / "digits.onnx")
    narrow_activations(model, 4)
    assert model == onnx.load(DIGITS / "digits.onnx")


def test_weights_are_left_alone() -> None:
    narrow = narrow_activations(onnx.load(DIGITS / "digits.onnx"), 4)
    graph, before = import_onnx(narrow), import_onnx(DIGITS / "digits.onnx")
    for name, tensor in before.tensors.items():
        if tensor.data is not None and len(tensor.shape) > 1:
            after = graph.tensors[name]
            assert after.data is not None
            assert np.array_equal(after.data, tensor.data)
            assert after.element == tensor.element
