"""Networks of floats quantized to 8 bits, by onnxruntime."""

import importlib.util
import logging
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper, version_converter

from golden.errors import UserError
from golden.tensors import Array
from mapper.importers.onnx.loading import load, opset
from tilewright.quantization.preparing import (
    kept_in_floats,
    not_negative,
    prepare,
    require_finite,
    with_names,
)
from tilewright.quantization.sites import array_of, initializers

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

    require_finite(model, source)
    model = with_names(model)
    # Its warnings are of constants that it leaves out.
    onnxruntime.set_default_logger_severity(3)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder, _quiet():
        given, prepared, written = (Path(folder, f"{name}.onnx") for name in "abc")
        try:
            if opset(model) < least_opset:
                model = version_converter.convert_version(model, least_opset)
            # A file, as it moves the constants out of a model that is in memory.
            onnx.save_model(model, given)
            quantization.quant_pre_process(given, prepared, skip_symbolic_shape=True)
            plain = with_names(onnx.load(prepared))
            prepare(plain)
            quantization.quantize_static(
                plain,
                written,
                _Samples(samples),
                quant_format=quantization.QuantFormat.QDQ,
                activation_type=quantization.QuantType.QInt8,
                weight_type=quantization.QuantType.QInt8,
                per_channel=True,
                nodes_to_exclude=kept_in_floats(plain),
            )
        # Its own errors have no base but Exception.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"onnxruntime can not quantize {source}: {reason}") from None
        integers = _without_unused_domains(load(written))
    _cut_at_zero(integers, not_negative(plain))
    return integers


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what onnxruntime logs beside the errors that it raises."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _cut_at_zero(model: onnx.ModelProto, tensors: set[str]) -> None:
    """Let the ranges of tensors begin at 0, also of those that were 0 on all samples."""
    constants = initializers(model)
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] in tensors:
            zero_point = constants[node.input[2]]
            least = np.full_like(array_of(zero_point), np.iinfo(np.int8).min)
            zero_point.CopyFrom(numpy_helper.from_array(least, zero_point.name))


class _Samples:
    """Hands samples to onnxruntime, one by one."""

    def __init__(self, samples: Mapping[str, Array]) -> None:
        count = len(next(iter(samples.values())))
        self._left = iter(
            {name: values[i : i + 1] for name, values in samples.items()} for i in range(count)
        )

    def get_next(self) -> dict[str, Array] | None:
        return next(self._left, None)


def _without_unused_domains(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model that declares no operator sets beside those that it uses."""
    used = {"", "ai.onnx"} | {node.domain for node in model.graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return model
