"""The trained network as ONNX: in float, and quantized to int8 by onnxruntime."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quant_pre_process, quantize_static

from golden.formats import WholeFormat
from golden.quantization.levels import format_levels
from tilewright.networks.digits.train.convolution import Convolution, DepthwiseConvolution
from tilewright.networks.digits.train.data import LabelledImages
from tilewright.networks.digits.train.layers import (
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Parameter,
    Relu,
    Residual,
    Sequence,
)
from tilewright.networks.digits.train.rounding import fit_channels
from tilewright.quantization.sites import weight_sites
from tilewright.quantization.weights import IntegerWeights, replace_weights

__all__ = ["accuracy", "float_model", "narrowed", "quantize"]

OPSET = 26
IR_VERSION = 13
INPUT = "image"
OUTPUT = "probabilities"


class _Graph:
    """Nodes and initializers collected layer by layer.

    A layer's node bears its name; around it are the tensors ``NAME_output``, ``NAME_weight`` and
    ``NAME_bias``.
    """

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def append(self, layer: Layer, tensor: str) -> str:
        """Append the layer that reads ``tensor``; returns the name of its output."""
        match layer:
            case Sequence():
                for part in layer.layers:
                    tensor = self.append(part, tensor)
                return tensor
            case Residual():
                return self._node("Add", layer, [self.append(layer.body, tensor), tensor])
            case Convolution() | DepthwiseConvolution():
                n_out, _, *kernel = layer.weight.value.shape
                return self._node(
                    "Conv",
                    layer,
                    [tensor, *self._constants(layer, layer.weight, layer.bias)],
                    group=n_out if isinstance(layer, DepthwiseConvolution) else 1,
                    kernel_shape=kernel,
                    pads=[layer.window.padding] * 4,
                    strides=[layer.window.stride] * 2,
                )
            case Linear():
                constants = self._constants(layer, layer.weight, layer.bias)
                return self._node("Gemm", layer, [tensor, *constants], transB=1)
            case MaxPool():
                size = [layer.size] * 2
                return self._node("MaxPool", layer, [tensor], kernel_shape=size, strides=size)
            case Flatten():
                return self._node("Flatten", layer, [tensor], axis=1)
            case Relu():
                return self._node("Relu", layer, [tensor])
            case _:
                raise TypeError(f"no ONNX operator is known for the layer {layer!r}")

    def _node(
        self, operator: str, layer: Layer, inputs: list[str], **attributes: int | list[int]
    ) -> str:
        output = f"{layer.name}_output"
        node = helper.make_node(operator, inputs, [output], name=layer.name)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in sorted(attributes.items())
        )
        self.nodes.append(node)
        return output

    def _constants(self, layer: Layer, weight: Parameter, bias: Parameter) -> list[str]:
        names = [f"{layer.name}_weight", f"{layer.name}_bias"]
        for name, parameter in zip(names, (weight, bias), strict=True):
            self.initializers.append(numpy_helper.from_array(parameter.value, name))
        return names


def float_model(network: Layer) -> onnx.ModelProto:
    """Network in float32 with a softmax after it.

    Its input ``image`` is (batch, 1, 8, 8) float32, its output ``probabilities`` (batch, 10)
    float32, with any batch.
    """
    graph = _Graph()
    logits = graph.append(network, INPUT)
    graph.nodes.append(helper.make_node("Softmax", [logits], [OUTPUT], name="softmax", axis=1))
    float32 = onnx.TensorProto.FLOAT
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "digits",
            [helper.make_tensor_value_info(INPUT, float32, ["batch", 1, 8, 8])],
            [helper.make_tensor_value_info(OUTPUT, float32, ["batch", 10])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tilewright",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class _Calibration:
    """Hands the calibration images to onnxruntime, in one batch."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self._batches = iter([{INPUT: images}])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)


def quantize(model: onnx.ModelProto, calibration: LabelledImages, path: Path) -> None:
    """Write the int8 form of a float network, with QuantizeLinear and DequantizeLinear nodes.

    Activations are int8 with one scale and zero point per tensor, from their extremes over the
    calibration images. Weights are int8 and symmetric, with one scale per output channel. Biases
    are int32. The softmax stays in float. No Relu remains: the quantization of its output has the
    zero point -128 and clips at 0.

    Parameters
    ----------
    model : onnx.ModelProto
        From `float_model`.
    calibration : LabelledImages
        What the ranges of activations are taken from.
    path : Path
        File to write.
    """
    with tempfile.TemporaryDirectory() as directory:
        prepared = Path(directory) / "float.onnx"
        quant_pre_process(model, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Calibration(calibration.images),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=["softmax"],
        )


def narrowed(
    quantized: onnx.ModelProto, model: onnx.ModelProto, format: WholeFormat
) -> onnx.ModelProto:
    """The int8 network with weights of another format, symmetric, one scale an output channel.

    Parameters
    ----------
    quantized : onnx.ModelProto
        From `quantize`.
    model : onnx.ModelProto
        The float network that it was quantized from, its weights rounded to ``format``.
    format : WholeFormat
    """
    floats = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    levels = format_levels(format)
    replacements = {}
    for site in weight_sites(quantized):
        fit = fit_channels(site.matrix(floats[f"{site.name}_weight"]).T, format)
        replacements[site.name] = IntegerWeights(
            values=levels[fit.choices].T.astype(np.int64),
            scales=fit.scales.astype(np.float32),
            format=format,
        )
    return replace_weights(quantized, replacements)


def accuracy(model: bytes, data: LabelledImages) -> float:
    """Fraction of images for which a serialized network gives the right digit.

    Every node is computed as it is written: onnxruntime's graph optimisations are off, because the
    int8 kernels that they bring in may saturate intermediate sums on some processors.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run([OUTPUT], {INPUT: data.images})
    return float((probabilities.argmax(axis=1) == data.labels).mean())
