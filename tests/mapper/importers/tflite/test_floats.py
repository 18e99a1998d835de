"""Float models: as they are, to rounding."""

import numpy as np
import pytest

from golden.evaluate import evaluate
from golden.operators import Clip, Conv
from mapper.importers.tflite import import_tflite
from tests.support.tflite_models import Given, constant, interpret, operator


def floats(name, shape):
    return Given(name=name, shape=shape, dtype=np.float32)


def weights(rng, name, *shape):
    return constant(name, rng.normal(size=shape).astype(np.float32))


WINDOW = {"padding": 0, "strideH": 2, "strideW": 1, "fusedActivationFunction": 3}
POOL = {"options": "Pool2DOptions", "filterHeight": 2, "filterWidth": 3, **WINDOW}


def models(rng):
    """Name and model, one for each kind of operator that takes floats."""
    x = floats("x", (1, 5, 6, 4))
    y = floats("y", (1, 3, 6, 4))
    same = floats("y", (1, 5, 6, 4))
    conv = [x, weights(rng, "w", 4, 3, 3, 4), weights(rng, "b", 4), y]
    depthwise = [x, weights(rng, "w", 1, 3, 3, 4), weights(rng, "b", 4), y]
    dense = [x, weights(rng, "w", 7, 120), weights(rng, "b", 7), floats("y", (1, 7))]
    axes = constant("axes", np.array([1, 2], np.int32))
    return {
        "conv": operator("CONV_2D", conv, options="Conv2DOptions", **WINDOW),
        "depthwise": operator(
            "DEPTHWISE_CONV_2D",
            depthwise,
            options="DepthwiseConv2DOptions",
            depthMultiplier=1,
            **WINDOW,
        ),
        "average": operator("AVERAGE_POOL_2D", [x, y], **POOL),
        "max": operator("MAX_POOL_2D", [x, y], **POOL),
        "dense": operator(
            "FULLY_CONNECTED", dense, options="FullyConnectedOptions", fusedActivationFunction=1
        ),
        "add": operator(
            "ADD",
            [x, weights(rng, "c", 4), same],
            options="AddOptions",
            fusedActivationFunction=1,
        ),
        "softmax": operator("SOFTMAX", [x, same], options="SoftmaxOptions", beta=1.5),
        "logistic": operator("LOGISTIC", [x, same]),
        "tanh": operator("TANH", [x, same]),
        "leaky": operator("LEAKY_RELU", [x, same], options="LeakyReluOptions", alpha=0.2),
        "mean": operator("MEAN", [x, axes, floats("y", (1, 4))], options="ReducerOptions"),
        "pad": operator(
            "PAD",
            [
                x,
                constant("pads", np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32)),
                floats("y", (1, 8, 7, 4)),
            ],
        ),
    }


@pytest.mark.parametrize("name", models(np.random.default_rng(0)))
def test_operator(name):
    rng = np.random.default_rng(1)
    model = models(rng)[name]
    inputs = {"x": (rng.normal(size=(1, 5, 6, 4)) * 3).astype(np.float32)}
    ours, theirs = evaluate(import_tflite(model), inputs)["y"], interpret(model, inputs)["y"]
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_activation_functions_become_operators():
    """Only quantized results are clamped by the operator itself."""
    graph = import_tflite(models(np.random.default_rng(1))["conv"])
    assert [type(op) for op in graph.operators if op.name.startswith("0:")] == [Conv, Clip]
