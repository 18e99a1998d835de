"""Moments of activations, against the tensors themselves."""

from pathlib import Path

import numpy as np
import pytest

import tilewright
from golden.evaluate import evaluate
from golden.operators import Conv
from mapper.importers.onnx import import_onnx
from tilewright.quantization.calibration import activation_moments

DIGITS = Path(tilewright.__file__).parent / "networks" / "digits"


def test_moments_of_digits() -> None:
    graph = import_onnx(DIGITS / "digits.onnx")
    with np.load(DIGITS / "test.npz") as file:
        images = file["image"][:3]
    found = activation_moments(graph, {"image": images})
    values = evaluate(import_onnx(DIGITS / "digits.onnx", batch=3), {"image": images})
    assert list(found) == [
        "conv1",
        "block1_conv1",
        "block1_conv2",
        "depthwise",
        "pointwise",
        "classifier",
    ]
    for operator in graph.operators:
        if operator.name not in found:
            continue
        x, moments = graph.inputs_of(operator)[0], found[operator.name]
        assert moments.scale == pytest.approx(float(x.quantized.scale))
        centred = x.quantized.centred(values[x.name]).astype(np.float64)
        if operator.name == "classifier":
            for given, power in ((moments.mean, 1), (moments.mean_square, 2)):
                expected = np.repeat((centred**power).mean(axis=0)[:, np.newaxis], 10, axis=1)
                assert given == pytest.approx(expected)
            assert moments.variance[:, 3] == pytest.approx(centred.var(axis=0))
            continue
        assert isinstance(operator, Conv)
        # The centre tap of a 3x3 kernel, or the only one, meets every pixel or every second.
        stride = operator.strides[0]
        weights = graph.inputs_of(operator)[1].shape
        taps = weights[2] * weights[3]
        for given, power in ((moments.mean, 1), (moments.mean_square, 2)):
            seen = (centred[:, :, ::stride, ::stride] ** power).mean(axis=(0, 2, 3))
            centres = given.reshape(weights[1], taps, -1)[:, taps // 2]
            if operator.groups > 1:
                assert centres == pytest.approx(seen[np.newaxis])
            else:
                assert centres == pytest.approx(np.repeat(seen[:, np.newaxis], weights[0], 1))
