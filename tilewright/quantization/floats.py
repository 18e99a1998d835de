"""Networks of floats quantized to 8 bits, by onnxruntime."""

import importlib.util
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import onnx
from onnx import version_converter

from golden.errors import UserError
from golden.tensors import Array
from mapper.importers.onnx.loading import load, opset

__all__ = ["holds_floats", "to_eight_bits"]

_QUANTIZED = re.compile(r"QLinear|QGemm|QAttention|.*(Quantize|Integer|NBits)")


def holds_floats(model: onnx.ModelProto) -> bool:
    """Whether no operator of a model quantizes, dequantizes or computes with integers."""
    return not any(_QUANTIZED.match(node.op_type) for node in model.graph.node)


def to_eight_bits(
    model: onnx.ModelProto, samples: Mapping[str, Array], *, least_opset: int, source: str
) -> onnx.ModelProto:
    """A network of floats in QDQ form, with activations and weights of 8 bits.

    Batch normalizations become part of the convolutions before them. Activations have one scale and
    one zero point per tensor, from their extremes over the samples; weights have a scale for each
    output channel, and biases 32 bits. A Softmax keeps its floats.

    Parameters
    ----------
    model : onnx.ModelProto
    samples : mapping of str to ndarray
        Of each input, samples first.
    least_opset : int
        Operator set to convert older models to; scales of channels need 13.
    source : str
        What to call the model in messages.

    Raises
    ------
    UserError
        If onnxruntime is not installed, or can not quantize the model.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        raise UserError(
            f"{source} holds floats, and quantizing those needs onnxruntime, which was not found:"
            " install it (pip install tilewright[quantize])"
        )
    import onnxruntime
    from onnxruntime import quantization

    # Its warnings are of constants that it leaves out.
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        given, prepared, written = (Path(folder, f"{name}.onnx") for name in "abc")
        try:
            if opset(model) < least_opset:
                model = version_converter.convert_version(model, least_opset)
            # A file, as it moves the constants out of a model that is in memory.
            onnx.save_model(model, given)
            quantization.quant_pre_process(given, prepared, skip_symbolic_shape=True)
            named = _named(onnx.load(prepared))
            quantization.quantize_static(
                named,
                written,
                _Samples(samples),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=True,
                nodes_to_exclude=[x.name for x in named.graph.node if x.op_type == "Softmax"],
            )
        # Its own errors have no base but Exception.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"onnxruntime can not quantize {source}: {reason}") from None
        return _without_unused_domains(load(written))


class _Samples:
    """Hands samples to onnxruntime, one by one."""

    def __init__(self, samples: Mapping[str, Array]) -> None:
        count = len(next(iter(samples.values())))
        self._left = iter(
            {name: values[i : i + 1] for name, values in samples.items()} for i in range(count)
        )

    def get_next(self) -> dict[str, Array] | None:
        return next(self._left, None)


def _named(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model with names for all operators, those that the importer gives."""
    for node in model.graph.node:
        node.name = node.name or f"{node.op_type}:{node.output[0]}"
    return model


def _without_unused_domains(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model that declares no operator sets beside those that it uses."""
    used = {"", "ai.onnx"} | {node.domain for node in model.graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model
