"""Small ONNX networks, float and quantized by onnxruntime's own quantizer."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

Array = NDArray[Any]


def residual_network(rng: np.random.Generator) -> onnx.ModelProto:
    """Convolutions (strided, depthwise, dilated), pools, a residual, a concatenation, a classifier.

    Input ``x`` is (batch, 3, 13, 11) with an open batch, output ``probabilities`` (batch, 5).
    """
    weights = {
        "w1": rng.normal(size=(8, 3, 3, 3)) * 0.3,
        "b1": rng.normal(size=8) * 0.1,
        "w2": rng.normal(size=(8, 1, 3, 3)) * 0.4,
        "b2": rng.normal(size=8) * 0.1,
        "w3": rng.normal(size=(8, 8, 1, 1)) * 0.4,
        "w4": rng.normal(size=(4, 8, 3, 3)) * 0.2,
        "b4": rng.normal(size=4) * 0.1,
        "w5": rng.normal(size=(5, 12)) * 0.5,
        "b5": rng.normal(size=5) * 0.1,
    }
    make = helper.make_node
    nodes = [
        make(
            "Conv", ["x", "w1", "b1"], ["c1"], name="conv1", strides=[2, 1], auto_pad="SAME_UPPER"
        ),
        make("Relu", ["c1"], ["r1"], name="relu1"),
        make("MaxPool", ["r1"], ["p1"], name="pool1", kernel_shape=[2, 2], strides=[1, 2]),
        make("Conv", ["p1", "w2", "b2"], ["c2"], name="conv2", pads=[1, 1, 1, 1], group=8),
        make("Clip", ["c2", "zero", "six"], ["r2"], name="relu6"),
        make("Conv", ["r2", "w3"], ["c3"], name="conv3"),
        make("Add", ["c3", "p1"], ["s"], name="residual"),
        make("Relu", ["s"], ["r3"], name="relu3"),
        make(
            "Conv",
            ["r3", "w4", "b4"],
            ["c4"],
            name="conv4",
            dilations=[2, 1],
            pads=[2, 1, 2, 1],
        ),
        make("Concat", ["r3", "c4"], ["cat"], name="concat", axis=1),
        make("AveragePool", ["cat"], ["p2"], name="pool2", kernel_shape=[2, 2], strides=[2, 2]),
        make("GlobalAveragePool", ["p2"], ["p3"], name="pool3"),
        make("Flatten", ["p3"], ["f"], name="flatten"),
        make("Gemm", ["f", "w5", "b5"], ["logits"], name="gemm", transB=1),
        make("Softmax", ["logits"], ["probabilities"], name="softmax"),
    ]
    constants = {name: np.float32(values) for name, values in weights.items()}
    constants |= {"zero": np.float32(0), "six": np.float32(6)}
    return network(nodes, {"x": ["batch", 3, 13, 11]}, {"probabilities": ["batch", 5]}, constants)


def transformer_block(rng: np.random.Generator) -> onnx.ModelProto:
    """Attention with four heads and a feed-forward part, both with residuals.

    Input ``x`` and output ``y`` are (batch, 6, 16) with an open batch.
    """
    width = 16
    shapes = {
        "wqkv": (width, 3 * width),
        "bqkv": (3 * width,),
        "wo": (width, width),
        "bo": (width,),
        "w1": (width, 2 * width),
        "b1": (2 * width,),
        "w2": (2 * width, width),
        "b2": (width,),
        "g1": (width,),
        "h1": (width,),
        "g2": (width,),
        "h2": (width,),
    }
    constants: dict[str, Array] = {
        name: (0.3 * rng.normal(size=shape)).astype(np.float32) for name, shape in shapes.items()
    }
    constants |= {
        "heads": np.array([0, 6, 4, 4]),
        "joined": np.array([0, 6, width]),
        "root": np.float32(0.5),
    }

    def make(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
        return helper.make_node(
            kind, inputs.split(), output.split(), name=f"{kind}_{output.split()[0]}", **attributes
        )

    nodes = [
        make("LayerNormalization", "x g1 h1", "n1"),
        make("MatMul", "n1 wqkv", "qkv0"),
        make("Add", "qkv0 bqkv", "qkv"),
        make("Split", "qkv", "q0 k0 v0", axis=-1, num_outputs=3),
    ]
    for part, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes.append(make("Reshape", f"{part}0 heads", f"{part}1"))
        nodes.append(make("Transpose", f"{part}1", part, perm=order))
    nodes += [
        make("MatMul", "q k", "a0"),
        make("Mul", "a0 root", "a1"),
        make("Softmax", "a1", "a2"),
        make("MatMul", "a2 v", "o0"),
        make("Transpose", "o0", "o1", perm=[0, 2, 1, 3]),
        make("Reshape", "o1 joined", "o2"),
        make("MatMul", "o2 wo", "o3"),
        make("Add", "o3 bo", "o4"),
        make("Add", "o4 x", "r"),
        make("LayerNormalization", "r g2 h2", "n2"),
        make("MatMul", "n2 w1", "f0"),
        make("Add", "f0 b1", "f1"),
        make("Gelu", "f1", "f2"),
        make("MatMul", "f2 w2", "f3"),
        make("Add", "f3 b2", "f4"),
        make("Add", "f4 r", "y"),
    ]
    sizes: list[int | str] = ["batch", 6, width]
    return network(nodes, {"x": sizes}, {"y": sizes}, constants, opset=20)


def network(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, list[int | str]],
    outputs: Mapping[str, list[int | str] | None],
    constants: Mapping[str, Array] | None = None,
    *,
    opset: int = 17,
    dtype: int = onnx.TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A model of some nodes; shapes may have names of open sizes in them."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


class _Calibration(CalibrationDataReader):
    """Random inputs for the quantizer."""

    def __init__(self, samples: Iterator[dict[str, Array]]) -> None:
        self._samples = samples

    def get_next(self) -> dict[str, Array] | None:
        return next(self._samples, None)


def quantized(
    model: onnx.ModelProto,
    folder: Path,
    *,
    form: QuantFormat = QuantFormat.QDQ,
    activation: QuantType = QuantType.QInt8,
    weight: QuantType = QuantType.QInt8,
    per_channel: bool = False,
    symmetric: bool = False,
    reduce_range: bool = False,
) -> onnx.ModelProto:
    """The model, statically quantized on random inputs."""
    rng = np.random.default_rng(0)
    shapes = {
        value.name: [dim.dim_value or 4 for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
    }
    samples = (
        {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
        for _ in range(8)
    )
    source, target = folder / "float.onnx", folder / "quantized.onnx"
    onnx.save_model(model, source)
    quantize_static(
        source,
        target,
        _Calibration(samples),
        quant_format=form,
        activation_type=activation,
        weight_type=weight,
        per_channel=per_channel,
        reduce_range=reduce_range,
        extra_options={"ActivationSymmetric": symmetric},
    )
    return onnx.load_model(target)
