"""Typed access to a node of an ONNX graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from mapper.importers.onnx.draft import Draft

__all__ = ["Node", "dtype_of"]


def dtype_of(data_type: int) -> np.dtype[Any]:
    """NumPy dtype of an ONNX data type.

    Raises
    ------
    ValueError
        If there is no such data type.
    """
    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(data_type))
    except KeyError:
        raise ValueError(f"ONNX has no data type {data_type}") from None


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node and the draft that it goes into.

    Parameters
    ----------
    name : str
        Unique among the operators of the draft.
    proto : NodeProto
        As found in the model.
    opset : int
        Version of the standard operator set.
    inputs : tuple of str
        Names of tensors, aliases resolved; empty where an optional input is left out.
    outputs : tuple of str
        Names of tensors; empty, but for the first, where nothing reads them.
    draft : Draft
        Graph under construction.
    """

    name: str
    proto: onnx.NodeProto
    opset: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    draft: Draft

    @property
    def kind(self) -> str:
        """Operator type."""
        return self.proto.op_type

    @property
    def output(self) -> str:
        """Name of the first output.

        Raises
        ------
        ValueError
            If another one is read.
        """
        first, *others = self.outputs
        read = next(filter(None, others), None)
        if read is not None:
            raise ValueError(f"only its first output is supported, but {read!r} is read")
        return first

    @property
    def operands(self) -> dict[str, Any]:
        """Name, inputs without empty ones, and the output, for the operator's constructor."""
        inputs = tuple(name for name in self.inputs if name)
        return {"name": self.name, "inputs": inputs, "outputs": (self.output,)}

    def shape(self, index: int = 0) -> tuple[int, ...]:
        """Shape of an input."""
        return self.draft.tensor(self.inputs[index]).shape

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def constant(self, index: int) -> NDArray[Any]:
        """Values of an input.

        Raises
        ------
        ValueError
            If it is no constant.
        """
        values = self.draft.constant(self.inputs[index])
        if values is None:
            raise ValueError(
                f"input {self.inputs[index]!r} must be a constant, but is computed from the inputs"
            )
        return values

    def integers(self, name: str, index: int) -> tuple[int, ...] | None:
        """Integers given by attribute ``name`` in old operator sets and by an input in new ones."""
        attribute = self.attribute(name)
        if attribute is not None:
            return tuple(int(value) for value in np.atleast_1d(attribute))
        if self.has(index):
            return tuple(int(value) for value in self.constant(index).ravel())
        return None

    def attribute(self, name: str) -> Any:
        """Value of an attribute; None if it is not given."""
        for attribute in self.proto.attribute:
            if attribute.name == name:
                return onnx.helper.get_attribute_value(attribute)
        return None

    def whole(self, name: str, default: int) -> int:
        """Value of an integer attribute."""
        value = self.attribute(name)
        return default if value is None else int(value)

    def real(self, name: str, default: float) -> float:
        """Value of a float attribute."""
        value = self.attribute(name)
        return default if value is None else float(value)

    def text(self, name: str, default: str) -> str:
        """Value of a string attribute."""
        value = self.attribute(name)
        return default if value is None else bytes(value).decode()

    def ints(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """Value of an attribute that is a list of integers."""
        value = self.attribute(name)
        return tuple(default if value is None else value)

    def axis(self, name: str, default: int, rank: int | None = None) -> int:
        """An axis attribute, counted from the front; ``rank`` is that of the first input."""
        rank = len(self.shape()) if rank is None else rank
        axis = self.whole(name, default)
        if not -rank <= axis <= rank:
            raise ValueError(f"axis {axis} is out of range for {rank} axes")
        return axis + rank if axis < 0 else axis
