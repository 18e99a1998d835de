"""Reading TFLite files into plain records.

A flatbuffer is read in place, by offsets that a damaged file may point anywhere. So everything that
the importer needs is read here, once, with every access checked.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import tflite
from numpy.typing import NDArray

from mapper.importers.errors import ModelError

__all__ = ["ModelRecord", "OperatorRecord", "TensorRecord", "read"]


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorRecord:
    """A tensor as the file has it.

    Parameters
    ----------
    name : str
        Not always unique.
    shape : tuple of int
    signature : tuple of int
        The shape with -1 where a size is open; empty where none is.
    kind : str
        Element type by its name in the schema: ``INT8``.
    scales, zero_points : ndarray, shape (channels,) or (0,)
        Empty where the tensor is not quantized.
    axis : int
        That several scales run along.
    data : ndarray of uint8 or None
        Bytes of a constant.
    is_plain : bool
        Whether it is neither sparse nor a variable.
    """

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    kind: str
    scales: NDArray[np.float32]
    zero_points: NDArray[np.int64]
    axis: int
    data: NDArray[np.uint8] | None
    is_plain: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatorRecord:
    """An operator as the file has it.

    Parameters
    ----------
    kind : str
        Name in the schema: ``CONV_2D``; of a custom operator the name that the file gives it.
    inputs, outputs : tuple of int
        Indices of tensors; -1 where an optional input is left out.
    options : mapping of str to number or tuple of int
        Fields of the operator's options, those that the importer knows.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelRecord:
    """The main subgraph of a file.

    Parameters
    ----------
    tensors, operators : tuple
        In the order of the file.
    inputs, outputs : tuple of int
        Indices of tensors.
    """

    tensors: tuple[TensorRecord, ...]
    operators: tuple[OperatorRecord, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


_IDENTIFIER = b"TFL3"

_WINDOW = ("Padding", "StrideH", "StrideW", "FusedActivationFunction")
_DILATION = ("DilationHFactor", "DilationWFactor")
_ACTIVATION = ("FusedActivationFunction",)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "AddOptions": _ACTIVATION,
    "ConcatenationOptions": ("Axis", *_ACTIVATION),
    "Conv2DOptions": (*_WINDOW, *_DILATION),
    "DepthwiseConv2DOptions": (*_WINDOW, *_DILATION),
    "FullyConnectedOptions": (*_ACTIVATION, "KeepNumDims", "WeightsFormat"),
    "LeakyReluOptions": ("Alpha",),
    "MulOptions": _ACTIVATION,
    "Pool2DOptions": (*_WINDOW, "FilterHeight", "FilterWidth"),
    "ReducerOptions": ("KeepDims",),
    "ReshapeOptions": ("NewShapeAsNumpy",),
    "SoftmaxOptions": ("Beta",),
    "SqueezeOptions": ("SqueezeDimsAsNumpy",),
    "SubOptions": _ACTIVATION,
}
"""Fields of options that are read, as the schema's accessors are called."""

_LAST_SHORT_CODE = 127
"""Operator codes up to here also stand in an older field of 8 bits."""

_OWN_BUFFER = 1
"""Offsets from here on point to constants behind the flatbuffer."""


class _Bytes(bytes):
    """Bytes that refuse slices beyond their end, which would come out short."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice) and key.stop is not None and key.stop > len(self):
            raise IndexError(f"{key.stop} bytes of {len(self)}")
        return super().__getitem__(key)


def read(model: Path | bytes) -> ModelRecord:
    """The main subgraph of a file, or of its bytes.

    Raises
    ------
    ModelError
        If the file can not be read, is no TFLite model, or is cut off or damaged.
    """
    source = "model" if isinstance(model, bytes) else str(model)
    try:
        content = _Bytes(model if isinstance(model, bytes) else model.read_bytes())
    except OSError as error:
        raise ModelError(f"can not read {source}: {error.strerror or error}") from None
    if content[4 : min(8, len(content))] != _IDENTIFIER:
        raise ModelError(f"{source} is not a TFLite model: bytes 4 to 8 must be TFL3")
    try:
        return _model(content)
    except (struct.error, IndexError, KeyError, ValueError, TypeError, OverflowError):
        raise ModelError(f"{source} is a TFLite model that was cut off or damaged") from None


def _model(content: bytes) -> ModelRecord:
    model = tflite.Model.GetRootAs(content, 0)
    _touch_the_rest(model)
    buffers = [_buffer(model.Buffers(i)) for i in range(model.BuffersLength())]
    kinds = [_kind(model.OperatorCodes(i)) for i in range(model.OperatorCodesLength())]
    graph = model.Subgraphs(0) if model.SubgraphsLength() else None
    if graph is None:
        raise ValueError("no subgraph")
    _text(graph.Name())
    tensors = tuple(_tensor(graph.Tensors(i), buffers) for i in range(graph.TensorsLength()))
    record = ModelRecord(
        tensors=tensors,
        operators=tuple(
            _operator(graph.Operators(i), kinds) for i in range(graph.OperatorsLength())
        ),
        inputs=_integers(graph.InputsAsNumpy()),
        outputs=_integers(graph.OutputsAsNumpy()),
    )
    for index, least in _indices(record):
        if not least <= index < len(tensors):
            raise IndexError(f"tensor {index} of {len(tensors)}")
    return record


def _touch_the_rest(model: Any) -> None:
    """Read what the importer does not need, so that a file that lacks it is noticed."""
    model.Version()
    _text(model.Description())
    for i in range(model.MetadataLength()):
        _text(model.Metadata(i).Name())
    for i in range(model.OperatorCodesLength()):
        model.OperatorCodes(i).Version()


def _indices(model: ModelRecord) -> Iterator[tuple[int, int]]:
    """Indices of tensors, each with the smallest that is allowed."""
    for index in (*model.inputs, *model.outputs):
        yield index, 0
    for operator in model.operators:
        yield from ((index, -1) for index in operator.inputs)
        yield from ((index, 0) for index in operator.outputs)


def _buffer(buffer: Any) -> NDArray[np.uint8] | None:
    """Content of a buffer, None if it is empty."""
    if buffer.Offset() > _OWN_BUFFER:
        raise ValueError("constants behind the flatbuffer")
    return _array(buffer.DataAsNumpy(), np.uint8) if buffer.DataLength() else None


def _kind(code: Any) -> str:
    number = code.DeprecatedBuiltinCode()
    if number >= _LAST_SHORT_CODE:
        number = max(number, code.BuiltinCode())
    kind = _name(tflite.BuiltinOperator, number)
    return _text(code.CustomCode()) if kind == "CUSTOM" else kind


def _tensor(tensor: Any, buffers: list[NDArray[np.uint8] | None]) -> TensorRecord:
    quantization = tensor.Quantization()
    has_scales = quantization is not None and quantization.ScaleLength() > 0
    shape = _integers(tensor.ShapeAsNumpy())
    scales = _array(quantization.ScaleAsNumpy() if has_scales else 0, np.float32)
    points = _array(quantization.ZeroPointAsNumpy() if has_scales else 0, np.int64)
    return TensorRecord(
        name=_text(tensor.Name()),
        shape=shape,
        signature=_integers(tensor.ShapeSignatureAsNumpy()),
        kind=_name(tflite.TensorType, tensor.Type()),
        scales=scales,
        zero_points=points if points.size else np.zeros(scales.shape, np.int64),
        axis=quantization.QuantizedDimension() if has_scales else 0,
        data=buffers[tensor.Buffer()],
        is_plain=tensor.Sparsity() is None and not tensor.IsVariable(),
    )


def _operator(operator: Any, kinds: list[str]) -> OperatorRecord:
    name = _name(tflite.BuiltinOptions, operator.BuiltinOptionsType())
    table = operator.BuiltinOptions()
    fields: dict[str, Any] = {}
    if name in _FIELDS and table is not None:
        options = getattr(tflite, name)()
        options.Init(table.Bytes, table.Pos)
        for field in _FIELDS[name]:
            value = getattr(options, field)()
            is_vector = field.endswith("AsNumpy")
            fields[field.removesuffix("AsNumpy")] = _integers(value) if is_vector else value
    return OperatorRecord(
        kind=kinds[operator.OpcodeIndex()],
        inputs=_integers(operator.InputsAsNumpy()),
        outputs=_integers(operator.OutputsAsNumpy()),
        options=fields,
    )


def _name(enumeration: type, number: SupportsIndex) -> str:
    """Name of a member of one of the schema's enumerations."""
    names = {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
    return names[int(number)]


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


def _array(values: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """A vector of the file; where it is left out, accessors give the number 0."""
    return np.zeros(0, dtype) if isinstance(values, int) else np.array(values, dtype)


def _integers(values: Any) -> tuple[int, ...]:
    return tuple(int(value) for value in _array(values, np.int64))
