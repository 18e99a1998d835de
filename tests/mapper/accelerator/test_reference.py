"""The graph in fixed point: close to the one it was made of, and what the accelerator computes."""

import numpy as np
import pytest

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8
from golden.graph import Clamp, Quantization, Requantization
from golden.operators import AveragePool, Conv, Function, MatMul, MaxPool, ReduceMean, Unary, Window
from mapper.accelerator.lowering import lower
from mapper.accelerator.reference import with_fixed_point
from tests.mapper.accelerator.machines import TINY, compared, random_inputs
from tests.mapper.accelerator.networks import Builder


def close(graph, name, most=1):
    """The fixed-point graph computes the same up to ``most``; and so does the accelerator."""
    fixed = with_fixed_point(graph)
    assert fixed.requantization is Requantization.TFLITE
    assert set(fixed.tensors) >= set(graph.tensors)
    inputs = random_inputs(graph, np.random.default_rng(0))
    expected, result = (evaluate(entry, inputs)[name].astype(np.int64) for entry in (graph, fixed))
    assert np.abs(expected - result).max() <= most
    compared(lower(graph, TINY), inputs)
    return [op.kind for op in fixed.operators]


@pytest.mark.parametrize("element", [INT8, UINT8])
def test_convolution(element):
    build = Builder(np.random.default_rng(1), element)
    name = build.conv(build.tensor("x", (1, 9, 8, 8)), 10, (3, 3))
    assert close(build.graph(rule=Requantization.ONNX), name) == ["Conv"]


@pytest.mark.parametrize("element", [INT8, UINT8])
def test_global_average_pool_to_another_scale(element):
    build = Builder(np.random.default_rng(2), element)
    x = build.tensor("x", (1, 9, 5, 7))
    name = build.pool(AveragePool, x, Window(kernel=(5, 7)))
    assert close(build.graph(rule=Requantization.ONNX), name) == [ReduceMean.__name__]


@pytest.mark.parametrize("kind", [AveragePool, MaxPool])
def test_pool_to_another_scale(kind):
    build = Builder(np.random.default_rng(3))
    x = build.tensor("x", (1, 9, 5, 7))
    name = build.pool(kind, x, Window(kernel=(2, 3)))
    scales = [float(build.tensors[entry].quantization.scale) for entry in (x, name)]
    # Rounded twice: to the input's scale, then to the output's.
    most = 1 + int(scales[0] / scales[1])
    assert close(build.graph(rule=Requantization.ONNX), name, most)[0] == kind.__name__


@pytest.mark.parametrize("function", [Function.HARD_SWISH, Function.SIGMOID, Function.GELU])
def test_functions(function):
    build = Builder(np.random.default_rng(4))
    x = build.tensor("x", (1, 9, 5, 7))
    name = build.add(Unary, x, build.shape(x), function=function)
    assert function.value in close(build.graph(rule=Requantization.ONNX), name)


@pytest.mark.parametrize("rule", Requantization)
@pytest.mark.parametrize("shape", [(1, 4, 1, 300), (3, 300), (1, 6, 5, 10)])
def test_products_that_no_integers_scale_exactly(rule, shape):
    build = Builder(np.random.default_rng(5))
    unit = Quantization.of(0.05, 120)
    x = build.tensor("x", shape, unit)
    if shape[1] == 6:
        # All numbers of an image, in another order than they have in memory.
        kept = build.conv(x, 6, (1, 1))
        x = build.reshape(kept, (1, 300))
    worth = float(build.tensors[x].quantization.scale)
    scales = build.rng.uniform(0.002, 0.003, 60) * 0.05 / worth
    name = build.matmul(x, 60, scales, unit)
    kinds = close(build.graph(rule=rule), name)
    assert Conv.__name__ in kinds
    assert MatMul.__name__ not in kinds


def test_products_that_stay():
    build = Builder(np.random.default_rng(6))
    build.matmul(build.tensor("x", (4, 3)), 2, scale=0.5)
    graph = build.graph()
    assert with_fixed_point(graph).operators == graph.operators


def test_nothing_else_changes():
    build = Builder(np.random.default_rng(7))
    x = build.tensor("x", (1, 9, 5, 7))
    quantization = build.tensors[x].quantization
    y = build.pool(AveragePool, x, Window(kernel=(2, 3)), quantization)
    build.conv(y, 4, (1, 1), clamp=Clamp(low=0))
    graph = build.graph()
    assert with_fixed_point(graph).operators == graph.operators
