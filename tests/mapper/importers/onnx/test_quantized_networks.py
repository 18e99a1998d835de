"""Networks quantized by onnxruntime's quantizer, layer by layer against onnxruntime."""

import numpy as np
import pytest
from onnxruntime.quantization import QuantFormat, QuantType

from golden.evaluate import evaluate
from golden.formats import INT8, UINT8
from golden.operators import Conv, MatMul
from mapper.importers.onnx import import_onnx
from tests.support.networks import quantized, residual_network, transformer_block
from tests.support.onnx_oracle import disagreement, run_model

SIGNED, UNSIGNED = QuantType.QInt8, QuantType.QUInt8
SCHEMES = {
    "int8": {},
    "int8-symmetric-per-channel": {"per_channel": True, "symmetric": True},
    "uint8-int8-per-channel": {"activation": UNSIGNED, "per_channel": True},
    "uint8": {"activation": UNSIGNED, "weight": UNSIGNED},
}
BATCH = 3


@pytest.fixture
def quiet(caplog):
    """Keep the quantizer's advice about preprocessing out of the output."""
    caplog.set_level("ERROR")


def _network(tmp_path, scheme, form):
    model = quantized(
        residual_network(np.random.default_rng(1)),
        tmp_path,
        form=form,
        # Weights of seven bits: some processors add products of onnxruntime's kernels in 16 bits.
        reduce_range=form is QuantFormat.QOperator,
        **SCHEMES[scheme],
    )
    return model, import_onnx(model, batch=BATCH)


def _inputs():
    return {"x": np.random.default_rng(2).normal(size=(BATCH, 3, 13, 11)).astype(np.float32)}


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator], ids=lambda f: f.name)
def test_every_layer_agrees_with_onnxruntime(tmp_path, scheme, form):
    _, graph = _network(tmp_path, scheme, form)
    elements, different, largest = disagreement(graph, _inputs())
    assert largest <= 1
    assert different * 1000 <= elements
    kinds = [operator.kind for operator in graph.operators]
    separate = ["Clip"] if "symmetric" in scheme else []
    assert kinds == [
        "Quantize",
        "Conv",
        *separate,
        "MaxPool",
        "Conv",
        *separate,
        "Conv",
        "Add",
        *separate,
        "Conv",
        "Concat",
        "AveragePool",
        "AveragePool",
        "Reshape",
        "MatMul",
        "Dequantize",
        "Softmax",
        "Quantize",
        "Dequantize",
    ]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_network_of_qlinear_operators_ends_as_in_onnxruntime(tmp_path, scheme):
    model, graph = _network(tmp_path, scheme, QuantFormat.QOperator)
    ours = evaluate(graph, _inputs())["probabilities"]
    assert np.array_equal(ours, run_model(model, _inputs())[0])


@pytest.mark.usefixtures("quiet")
def test_tensors_of_products_are_typed(tmp_path):
    _, graph = _network(tmp_path, "uint8-int8-per-channel", QuantFormat.QDQ)
    products = [op for op in graph.operators if isinstance(op, Conv | MatMul)]
    assert len(products) == 5
    for operator in products:
        a, w, *bias = graph.inputs_of(operator)
        (output,) = graph.outputs_of(operator)
        assert (a.element, w.element, output.element) == (UINT8, INT8, UINT8)
        assert a.quantized.axis is None
        assert w.quantized.axis == (0 if isinstance(operator, Conv) else 1)
        for tensor in bias:
            scales = a.quantized.scale * w.quantized.scale
            assert np.array_equal(tensor.quantized.scale, scales)
            assert tensor.int_format.bits == 32
    sizes = [(p.m, p.k, p.n, p.count) for p in graph.products()]
    positions = 3 * 6 * 5
    assert sizes == [
        (BATCH * 7 * 11, 27, 8, 1),
        (positions, 9, 1, 8),
        (positions, 8, 8, 1),
        (positions, 72, 4, 1),
        (BATCH, 12, 5, 1),
    ]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("activation", [SIGNED, UNSIGNED])
def test_transformer_block(tmp_path, activation):
    """Only normalization, softmax and Gelu stay float."""
    model = quantized(transformer_block(np.random.default_rng(3)), tmp_path, activation=activation)
    graph = import_onnx(model, batch=2)
    x = {"x": np.random.default_rng(4).normal(size=(2, 6, 16)).astype(np.float32)}
    elements, different, largest = disagreement(graph, x)
    assert largest <= 1
    assert different * 1000 <= elements
    floats = {op.kind for op in graph.operators if graph.inputs_of(op)[0].is_float}
    assert floats == {"Quantize", "LayerNormalization", "Softmax", "Gelu"}
    assert [(p.m, p.k, p.n, p.count) for p in graph.products()] == [
        (12, 16, 48, 1),
        (6, 4, 6, 8),
        (6, 6, 4, 8),
        (12, 16, 16, 1),
        (12, 16, 32, 1),
        (12, 32, 16, 1),
    ]


def test_float_transformer_block_agrees_with_onnxruntime():
    model = transformer_block(np.random.default_rng(3))
    x = {"x": np.random.default_rng(4).normal(size=(2, 6, 16)).astype(np.float32)}
    ours = evaluate(import_onnx(model, batch=2), x)["y"]
    np.testing.assert_allclose(ours, run_model(model, x)[0], rtol=1e-5, atol=2e-6)
