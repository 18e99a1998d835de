"""Operators on a tensor that is there with channels first."""

import itertools

import numpy as np
import pytest

from mapper.importers.tflite import import_tflite
from tests.support.tflite_models import Given, Step, assert_exact, build, constant

ALIKE = {"scale": 0.05, "zero_point": -7}
SHAPE = (2, 3, 5, 4)
POOL = {"padding": 1, "strideH": 1, "strideW": 1, "filterHeight": 1, "filterWidth": 1}


def after_pool(code, shape, *, shape_in=SHAPE, extra=(), options=None, unit=None, **fields):
    """A pool that changes nothing, then an operator on its result and ``extra`` constants."""
    names = [f"c{i}" for i in range(len(extra))]
    constants = [
        constant(name, data, **(ALIKE if data.dtype == np.int8 else {}))
        for name, data in zip(names, extra, strict=True)
    ]
    tensors = [
        Given(name="x", shape=shape_in, **ALIKE),
        Given(name="p", shape=shape_in, **ALIKE),
        *constants,
        Given(name="y", shape=tuple(shape), **(unit or ALIKE)),
    ]
    steps = [
        Step(
            code="MAX_POOL_2D",
            inputs=("x",),
            outputs=("p",),
            options="Pool2DOptions",
            fields=POOL,
            version=2,
        ),
        Step(
            code=code,
            inputs=("p", *names),
            outputs=("y",),
            options=options,
            fields=fields,
            version=1 if code in {"RESHAPE", "EXPAND_DIMS"} else 2,
        ),
    ]
    return build(tensors, steps, ["x"], ["y"])


def numbers(*values):
    return np.array(values, np.int32)


def codes(*shape):
    return np.random.default_rng(3).integers(-128, 128, shape).astype(np.int8)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize(
    "axes", [axes for count in (1, 2, 3) for axes in itertools.combinations(range(4), count)]
)
def test_mean(axes, keep):
    shape = np.zeros(SHAPE).mean(axis=axes, keepdims=keep).shape
    model = after_pool(
        "MEAN", shape, extra=[numbers(*axes)], options="ReducerOptions", keepDims=keep
    )
    assert_exact(model, np.random.default_rng(1))


@pytest.mark.parametrize("axis", range(-4, 4))
def test_concatenation(axis):
    """With a constant of the same layout."""
    shape = list(SHAPE)
    shape[axis] *= 2
    options = {"options": "ConcatenationOptions", "axis": axis}
    assert_exact(
        after_pool("CONCATENATION", shape, extra=[codes(*SHAPE)], **options),
        np.random.default_rng(1),
    )


@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("shape", [(), (4,), (5, 4), (5, 1), (3, 1, 4), SHAPE, (1, 3, 1, 1)])
def test_broadcasting(code, shape):
    options = f"{code.title()}Options"
    unit = {"scale": 0.3, "zero_point": 1}
    model = after_pool(code, SHAPE, extra=[codes(*shape)], options=options, unit=unit)
    assert_exact(model, np.random.default_rng(1))


@pytest.mark.parametrize("shape", [SHAPE, (2, 1, 1, 6), (2, 3, 5, 1), (2, 1, 5, 3)])
def test_reshape(shape):
    target = (2, int(np.prod(shape[1:])))
    model = after_pool(
        "RESHAPE", target, shape_in=shape, extra=[numbers(*target)], options="ReshapeOptions"
    )
    assert_exact(model, np.random.default_rng(1))
    kinds = [operator.kind for operator in import_tflite(model).operators]
    is_flat = shape[3] == 1 or shape[1:3] == (1, 1)
    assert kinds == ["Transpose", "MaxPool", *([] if is_flat else ["Transpose"]), "Reshape"]


@pytest.mark.parametrize(
    "model",
    [
        after_pool(
            "PAD",
            (3, 6, 10, 11),
            extra=[np.array([[1, 0], [1, 2], [2, 3], [3, 4]], np.int32)],
            options="PadOptions",
        ),
        after_pool(
            "SOFTMAX",
            SHAPE,
            options="SoftmaxOptions",
            unit={"scale": 1 / 256, "zero_point": -128},
            beta=1.0,
        ),
        after_pool("LOGISTIC", SHAPE, unit={"scale": 1 / 256, "zero_point": -128}),
        after_pool("LEAKY_RELU", SHAPE, options="LeakyReluOptions", alpha=0.3),
        after_pool("RELU6", SHAPE),
        after_pool("QUANTIZE", SHAPE, unit={"scale": 0.04, "zero_point": 9}),
        after_pool(
            "TRANSPOSE", (5, 4, 2, 3), extra=[numbers(2, 3, 0, 1)], options="TransposeOptions"
        ),
        after_pool("EXPAND_DIMS", (2, 1, 3, 5, 4), extra=[numbers(1)]),
    ],
    ids=["pad", "softmax", "logistic", "leaky", "relu6", "quantize", "transpose", "expand"],
)
def test_operator(model):
    assert_exact(model, np.random.default_rng(1))
