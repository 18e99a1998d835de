"""The networks that come with the onnx package: shapes and work, values of the cheap ones."""

from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime as ort
import pytest
from onnx import shape_inference

from golden.evaluate import steps
from mapper.importers.onnx import import_onnx

FOLDER = Path(onnx.backend.test.__file__).parent / "data" / "light"
MACS = {
    "bvlc_alexnet": 654_560_384,
    "densenet121": 2_834_161_664,
    "inception_v1": 1_431_556_352,
    "inception_v2": 2_018_851_840,
    "resnet50": 4_089_184_256,
    "shufflenet": 124_664_528,
    "squeezenet": 349_151_936,
    "vgg19": 19_632_062_464,
    "zfnet512": 1_481_727_008,
}


def _file(name):
    return FOLDER / f"light_{name}.onnx"


def test_all_are_listed():
    assert sorted(FOLDER.glob("*.onnx")) == [_file(name) for name in sorted(MACS)]


@pytest.mark.parametrize("name", MACS)
def test_shapes_are_those_that_onnx_infers(name):
    graph = import_onnx(_file(name))
    model = shape_inference.infer_shapes(onnx.load_model(_file(name)))
    compared = 0
    for value in (*model.graph.value_info, *model.graph.output):
        if value.name in graph.tensors:
            dims = value.type.tensor_type.shape.dim
            assert graph.tensors[value.name].shape == tuple(dim.dim_value for dim in dims)
            compared += 1
    produced = sum(len(operator.outputs) for operator in graph.operators)
    assert compared >= produced
    assert graph.outputs == tuple(value.name for value in model.graph.output)
    assert len(graph.inputs) == 1


@pytest.mark.parametrize("name", MACS)
def test_multiply_accumulates(name):
    """By a count of their own from the inferred shapes; ResNet-50 has the published 4.1e9."""
    model = shape_inference.infer_shapes(onnx.load_model(_file(name)))
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.value_info, *model.graph.output, *model.graph.input)
    }
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(shapes[node.output[0]]) * np.prod(shapes[node.input[1]][1:]))
        elif node.op_type == "Gemm":
            total += int(np.prod(shapes[node.input[1]]) * shapes[node.output[0]][0])
    assert total == MACS[name]
    assert sum(product.macs for product in import_onnx(_file(name)).products()) == total


@pytest.mark.parametrize("name", ["squeezenet", "inception_v2"])
def test_values_agree_with_onnxruntime(name):
    graph = import_onnx(_file(name))
    (source,) = graph.inputs
    shape = graph.tensors[source].shape
    inputs = {source: np.random.default_rng(0).random(shape, dtype=np.float32)}
    (*_, last) = steps(graph, inputs)
    session = ort.InferenceSession(_file(name), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, inputs)
    np.testing.assert_allclose(last[1][graph.outputs[0]], theirs, rtol=1e-5, atol=1e-6)
