"""A graph under construction, with its tensors in one layout or in both.

TFLite keeps channels last, (batch, height, width, channels); the windows of a graph take them
first. Tensors named as in the file are laid out as in the file; a tensor with channels first has
``/channels_first`` after its name. An operator takes the layout that it needs or that is there
already, and a Transpose is added where the other one is asked for.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

import numpy as np

from golden.formats import INT8, UINT8, IntFormat
from golden.graph import Graph, Requantization
from golden.operators import Operator, Transpose
from golden.tensors import Array, Element, FloatType, Quantization, Shape, Tensor, storage_dtype
from mapper.importers.tflite.reading import ModelRecord, TensorRecord

__all__ = ["RANK", "Draft", "Layout"]

RANK = 4
"""Axes of an image or a batch of them."""


class Layout(Enum):
    """Order of the axes of a tensor; the value is the axis of the file at each place."""

    FILE = (0, 1, 2, 3)
    """As in the file."""
    CHANNELS_FIRST = (0, 3, 1, 2)
    """(batch, channels, height, width)."""

    def shape(self, shape: Shape) -> Shape:
        """Shape in this layout, of the shape in the file."""
        return shape if self is Layout.FILE else tuple(shape[axis] for axis in self.value)

    def axis(self, axis: int) -> int:
        """Place of an axis of the file."""
        return axis if self is Layout.FILE else self.value.index(axis)


_TO_FILE = (0, 2, 3, 1)

_SUFFIX = MappingProxyType({Layout.FILE: "", Layout.CHANNELS_FIRST: "/channels_first"})

_ELEMENTS: Mapping[str, Element] = MappingProxyType(
    {
        "INT8": INT8,
        "UINT8": UINT8,
        "INT16": IntFormat(16),
        "INT32": IntFormat(32),
        "INT64": IntFormat(64),
        "FLOAT32": FloatType.FLOAT32,
    }
)


class Draft:
    """Tensors and operators collected so far; shapes are inferred as operators arrive."""

    def __init__(self, model: ModelRecord, batch: int) -> None:
        self._model = model
        self._names = _unique_names(model.tensors)
        self._tensors: dict[str, Tensor] = {}
        self._layouts: dict[tuple[int, Layout], str] = {}
        self._operators: list[Operator] = []
        for index in model.inputs:
            self._add(index, Layout.FILE, _bound_shape(model.tensors[index], batch))

    def name(self, index: int) -> str:
        """Name of a tensor of the file, unique."""
        return self._names[index]

    def record(self, index: int) -> TensorRecord:
        """A tensor as the file has it."""
        return self._model.tensors[index]

    def is_constant(self, index: int) -> bool:
        """Whether the file has the values of a tensor."""
        return self._model.tensors[index].data is not None

    def element(self, index: int) -> Element:
        """Element type of a tensor.

        Raises
        ------
        ValueError
            If graphs have no such elements.
        """
        kind = self.record(index).kind
        if kind not in _ELEMENTS:
            raise ValueError(f"tensor {self.name(index)!r}: {kind} is not supported")
        return _ELEMENTS[kind]

    def quantization(self, index: int) -> Quantization | None:
        """What the integers of a tensor stand for, if the file says so."""
        record = self.record(index)
        if not record.scales.size or isinstance(self.element(index), FloatType):
            return None
        if record.zero_points.size != record.scales.size:
            raise ValueError(
                f"tensor {self.name(index)!r} has {record.scales.size} scales and"
                f" {record.zero_points.size} zero points"
            )
        try:
            if record.scales.size == 1:
                return Quantization.of(record.scales[0], record.zero_points[0])
            return Quantization.of(record.scales, record.zero_points, record.axis)
        except ValueError as error:
            raise ValueError(f"tensor {self.name(index)!r}: {error}") from None

    def constant(self, index: int) -> Array:
        """Values of a constant, laid out as in the file.

        Raises
        ------
        ValueError
            If it is none, or its bytes do not fill its shape.
        """
        record, name = self.record(index), self.name(index)
        if record.data is None:
            raise ValueError(f"tensor {name!r} must be a constant, but is computed at run time")
        if not record.is_plain:
            raise ValueError(f"tensor {name!r} is sparse or a variable: store it as plain values")
        dtype = storage_dtype(self.element(index))
        wanted = int(np.prod(record.shape, dtype=np.int64)) * dtype.itemsize
        if min(record.shape, default=1) < 0 or wanted != record.data.size:
            raise ValueError(
                f"tensor {name!r} of shape {record.shape} holds {record.data.size} bytes,"
                f" not {wanted}"
            )
        return record.data.view(dtype.newbyteorder("<")).astype(dtype).reshape(record.shape)

    def shape(self, index: int) -> Shape:
        """Shape of a tensor in the file's layout, with the graph's batch.

        Raises
        ------
        ValueError
            If nothing produced it so far.
        """
        if self.is_constant(index):
            return self.record(index).shape
        if (index, Layout.FILE) in self._layouts:
            return self._tensors[self._layouts[index, Layout.FILE]].shape
        if (index, Layout.CHANNELS_FIRST) in self._layouts:
            shape = self._tensors[self._layouts[index, Layout.CHANNELS_FIRST]].shape
            return tuple(shape[axis] for axis in _TO_FILE)
        raise ValueError(f"nothing produces tensor {self.name(index)!r}")

    def has(self, index: int, layout: Layout) -> bool:
        """Whether a tensor is there in a layout."""
        return (index, layout) in self._layouts

    def tensor(self, index: int, layout: Layout) -> Tensor:
        """A tensor in a layout, transposed if it is only there in the other one.

        Constants of fewer than four axes get axes of size 1 in front to have channels first.
        """
        if (index, layout) not in self._layouts:
            if self.is_constant(index):
                self._add_constant(index, layout)
            else:
                self._transpose(index, layout)
        return self._tensors[self._layouts[index, layout]]

    def add_tensor(self, tensor: Tensor) -> Tensor:
        """Add a constant, or what comes between two operators."""
        self._tensors[tensor.name] = tensor
        return tensor

    def output(self, index: int, layout: Layout) -> str:
        """Name that a tensor has in a layout."""
        return self.name(index) + _SUFFIX[layout]

    def add(self, operator: Operator, index: int, layout: Layout) -> None:
        """Append the operator that produces a tensor of the file."""
        (shape,) = operator.infer([self._tensors[name] for name in operator.inputs])
        self._operators.append(operator)
        self._add(index, layout, shape)

    def add_inner(self, operator: Operator, index: int) -> Tensor:
        """Append an operator whose result is no tensor of the file, but of the type of one."""
        (shape,) = operator.infer([self._tensors[name] for name in operator.inputs])
        self._operators.append(operator)
        return self.add_tensor(
            Tensor(
                name=operator.outputs[0],
                shape=shape,
                element=self.element(index),
                quantization=self.quantization(index),
            )
        )

    def graph(self, name: str) -> Graph:
        """The finished graph."""
        outputs = tuple(self.tensor(index, Layout.FILE).name for index in self._model.outputs)
        return Graph(
            name=name,
            inputs=tuple(self.name(index) for index in self._model.inputs),
            outputs=outputs,
            tensors=self._tensors,
            operators=tuple(self._operators),
            requantization=Requantization.TFLITE,
        )

    def _add(self, index: int, layout: Layout, shape: Shape) -> None:
        name = self.output(index, layout)
        if self.is_constant(index) or any(self.has(index, other) for other in Layout):
            raise ValueError(f"tensor {self.name(index)!r} is produced twice")
        quantization = self.quantization(index)
        if quantization is not None and quantization.axis is not None:
            raise ValueError(
                f"tensor {self.name(index)!r} must have one scale, as it is no constant"
            )
        tensor = Tensor(
            name=name, shape=shape, element=self.element(index), quantization=quantization
        )
        self._register(index, layout, tensor)

    def _register(self, index: int, layout: Layout, tensor: Tensor) -> None:
        self._tensors[tensor.name] = tensor
        self._layouts[index, layout] = tensor.name

    def _add_constant(self, index: int, layout: Layout) -> None:
        values, quantization = self.constant(index), self.quantization(index)
        if layout is Layout.CHANNELS_FIRST:
            if quantization is not None and quantization.axis is not None:
                raise ValueError(f"tensor {self.name(index)!r} must have one scale")
            values = values.reshape((1,) * (RANK - values.ndim) + values.shape)
            values = values.transpose(layout.value)
        self._register(
            index,
            layout,
            Tensor(
                name=self.output(index, layout),
                shape=values.shape,
                element=self.element(index),
                quantization=quantization,
                data=values,
            ),
        )

    def _transpose(self, index: int, layout: Layout) -> None:
        """Add the layout that is missing."""
        shape = self.shape(index)
        if len(shape) != RANK:
            raise ValueError(
                f"tensor {self.name(index)!r} must be (batch, height, width, channels),"
                f" not of shape {shape}"
            )
        to_first = layout is Layout.CHANNELS_FIRST
        source = self._layouts[index, Layout.FILE if to_first else Layout.CHANNELS_FIRST]
        name = self.output(index, layout)
        self._operators.append(
            Transpose(
                name=f"TRANSPOSE:{name}",
                inputs=(source,),
                outputs=(name,),
                permutation=layout.value if to_first else _TO_FILE,
            )
        )
        moved = Tensor(
            name=name,
            shape=layout.shape(shape),
            element=self.element(index),
            quantization=self.quantization(index),
        )
        self._register(index, layout, moved)


def _unique_names(tensors: tuple[TensorRecord, ...]) -> tuple[str, ...]:
    """A name for each tensor: that of the file, with its index where others have the same."""
    names: list[str] = []
    taken = {""}
    for index, tensor in enumerate(tensors):
        name = tensor.name
        while name in taken:
            name = f"{name or 'tensor'}_{index}"
        taken.update(name + suffix for suffix in _SUFFIX.values())
        names.append(name)
    return tuple(names)


def _bound_shape(tensor: TensorRecord, batch: int) -> Shape:
    """Shape of an input, its open leading size bound to ``batch``."""
    sizes = tensor.signature or tensor.shape
    if len(sizes) != len(tensor.shape):
        raise ValueError(f"input {tensor.name!r} has two shapes, {tensor.shape} and {sizes}")
    if min(sizes[1:], default=1) < 0:
        axis = next(axis for axis, size in enumerate(sizes) if axis and size < 0)
        raise ValueError(
            f"axis {axis} of input {tensor.name!r} has no fixed size: convert the model with fixed"
            f" sizes, only the batch may stay open"
        )
    if sizes and sizes[0] < 0:
        return (batch, *sizes[1:])
    if batch not in {1, *sizes[:1]}:
        raise ValueError(
            f"the model fixes the shape of input {tensor.name!r} to {sizes}, so that the batch can"
            f" not be {batch}: convert it with an open batch"
        )
    return sizes
