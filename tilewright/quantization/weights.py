"""Other weights in the place of those of a QDQ model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from golden.errors import UserError
from golden.formats import IntFormat, WholeFormat
from mapper.importers.onnx.labels import FORMAT_KEY
from tilewright.quantization.biases import move_bias
from tilewright.quantization.sites import WeightSite, prune, unique_name, weight_sites

__all__ = ["BLOCKS_SINCE", "CHANNELS_SINCE", "IntegerWeights", "integers_tensor", "replace_weights"]

_LABELS_SINCE_IR = 10
CHANNELS_SINCE = 13
"""First operator set with a scale for each channel."""

BLOCKS_SINCE = 21
"""First operator set with scales of groups."""

# Data type, first operator set and IR version that have it.
_DATA_TYPES = (
    (IntFormat(2), onnx.TensorProto.INT2, 25, 13),
    (IntFormat(2, signed=False), onnx.TensorProto.UINT2, 25, 13),
    (IntFormat(4), onnx.TensorProto.INT4, 21, 10),
    (IntFormat(4, signed=False), onnx.TensorProto.UINT4, 21, 10),
    (IntFormat(8), onnx.TensorProto.INT8, 10, 3),
    (IntFormat(8, signed=False), onnx.TensorProto.UINT8, 10, 3),
    (IntFormat(16), onnx.TensorProto.INT16, 21, 10),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerWeights:
    """Weights as integers, with a scale for each output channel or for groups of it.

    Parameters
    ----------
    values : ndarray of int64, shape (K, N)
    scales : ndarray of float32, shape (N,), or (groups, N) with groups
    format : WholeFormat
        Of the values.
    zero_points : ndarray of int64, optional
        Values of the format, of the shape of scales; all 0 if left out.
    group_size : int, optional
        Elements along K that share a scale. None: a scale for each output channel.
    bias_shift : ndarray of float64, shape (N,), optional
        Real numbers to add to the bias, where there is one.
    """

    values: NDArray[np.int64]
    scales: NDArray[np.float32]
    format: WholeFormat
    zero_points: NDArray[np.int64] | None = None
    group_size: int | None = None
    bias_shift: NDArray[np.float64] | None = None

    def real(self) -> NDArray[np.float64]:
        """The real weights, shape (K, N)."""
        scales = self._spread(self.scales.astype(np.float64))
        zero_points = 0 if self.zero_points is None else self._spread(self.zero_points)
        return np.asarray((self.values - zero_points) * scales)

    def _spread(self, of_scales: NDArray[Any]) -> NDArray[Any]:
        if self.group_size is None:
            return of_scales
        return np.repeat(of_scales, self.group_size, axis=0)[: len(self.values)]


def replace_weights(
    model: onnx.ModelProto, replacements: Mapping[str, IntegerWeights]
) -> onnx.ModelProto:
    """A copy of a model with other weights for the operators that are named.

    Biases are integers of the scale of sums, and change with it. Values get the narrowest data type
    that the model's operator set has for their format, and a label where the type does not tell
    the format.

    Raises
    ------
    UserError
        If the model's operator set lacks scales of channels, or groups or integers that are asked
        for.
    """
    if _opset(model) < CHANNELS_SINCE:
        raise UserError(
            f"scales of channels need ONNX operator set {CHANNELS_SINCE}, the model has"
            f" {_opset(model)}"
        )
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for site in weight_sites(copy):
        if site.name in replacements:
            _replace(site, replacements[site.name])
    prune(copy)
    return copy


def _replace(site: WeightSite, new: IntegerWeights) -> None:
    graph = site.model.graph
    scales, attributes = new.scales, {"axis": site.axis}
    shift = np.zeros(len(site.scales)) if new.bias_shift is None else new.bias_shift
    if new.group_size is None:
        scales = move_bias(site, scales, shift)
    else:
        if _opset(site.model) < BLOCKS_SINCE:
            raise UserError(
                f"groups of weights need ONNX operator set {BLOCKS_SINCE}, the model has"
                f" {_opset(site.model)}"
            )
        # No scale is that of all sums; the bias keeps its own.
        move_bias(site, site.scales.astype(np.float32), shift)
        scales = np.ascontiguousarray(site.turned(scales))
        attributes = {"axis": 1 - site.axis, "block_size": new.group_size}
    names = [
        unique_name(site.model, f"{site.name}_{new.format.name}_{part}")
        for part in ("weight", "scale", "zero_point")
    ]
    tensors = [integers_tensor(site.model, names[0], site.weights(new.values), new.format)]
    tensors.append(numpy_helper.from_array(scales, names[1]))
    if new.zero_points is not None:
        zero_points = new.zero_points if new.group_size is None else site.turned(new.zero_points)
        tensors.append(integers_tensor(site.model, names[2], zero_points, new.format))
    graph.initializer.extend(tensors)
    dequantize = helper.make_node(
        "DequantizeLinear",
        names[: len(tensors)],
        site.dequantize.output,
        name=site.dequantize.name,
    )
    dequantize.attribute.extend(
        helper.make_attribute(key, value) for key, value in attributes.items()
    )
    site.dequantize.CopyFrom(dequantize)


def integers_tensor(
    model: onnx.ModelProto, name: str, values: NDArray[np.int64], format: WholeFormat
) -> onnx.TensorProto:
    """An initializer in the narrowest data type, labelled if that does not tell the format.

    Raises
    ------
    UserError
        If the model's operator set has no data type for all values of the format.
    """
    opset = _opset(model)
    found = next(
        (
            (own, data_type, ir)
            for own, data_type, since, ir in _DATA_TYPES
            if opset >= since and own.contains(format.min, format.max)
        ),
        None,
    )
    if found is None:
        raise UserError(
            f"ONNX operator set {opset} has no integers for values of {format.name} from"
            f" {format.min} to {format.max}"
        )
    own, data_type, ir = found
    tensor = helper.make_tensor(name, data_type, values.shape, values.ravel().tolist())
    if own != format:
        entry = tensor.metadata_props.add()
        entry.key, entry.value = FORMAT_KEY, format.name
        ir = max(ir, _LABELS_SINCE_IR)
    model.ir_version = max(model.ir_version, ir)
    return tensor


def _opset(model: onnx.ModelProto) -> int:
    return next(int(x.version) for x in model.opset_import if x.domain in {"", "ai.onnx"})
