"""What a program computes, against onnxruntime."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from golden.evaluate import evaluate
from mapper.accelerator.reference import with_fixed_point
from mapper.importers.onnx import import_onnx
from tests.support.onnx_oracle import disagreement, run_model

DIGITS = Path(__file__).parents[3] / "tilewright" / "networks" / "digits"


@pytest.fixture(scope="module")
def images():
    with np.load(DIGITS / "test.npz") as archive:
        return archive["image"]


def test_each_layer_is_within_one_step(images):
    graph = with_fixed_point(import_onnx(DIGITS / "digits.onnx"))
    elements = different = 0
    for image in images[:40]:
        found = disagreement(graph, {"image": image[None]})
        assert found[2] <= 1
        elements += found[0]
        different += found[1]
    assert different * 1000 <= elements


def test_the_same_digits_are_read(images):
    graph = with_fixed_point(import_onnx(DIGITS / "digits.onnx"))
    model = onnx.load(DIGITS / "digits.onnx")
    theirs = run_model(model, {"image": images})[0].argmax(axis=1)
    ours = [
        int(evaluate(graph, {"image": image[None]})["probabilities"].argmax()) for image in images
    ]
    assert np.array_equal(ours, theirs)
