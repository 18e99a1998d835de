"""Operators that move values and compute nothing."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.arith.requantize import Term, requantize
from golden.operators.base import Arithmetic, Operand, Operator, only
from golden.tensors import Array, Shape, Tensor

__all__ = ["Concat", "Gather", "Pad", "Reshape", "Slice", "Transpose", "moved"]


def moved(operand: Operand, output: Tensor, arithmetic: Arithmetic) -> Array:
    """Values as ``output`` quantizes them: unchanged where it quantizes like the operand."""
    source, target = operand.tensor.quantization, output.quantization
    same = operand.tensor.element == output.element and (
        source is None or target is None or source.equals(target)
    )
    if same:
        return operand.values
    term = Term(values=operand.centred, scales=(operand.scale,))
    return requantize([term], output, arithmetic.requantization)


@dataclass(frozen=True, kw_only=True)
class _Movement(Operator):
    """An operator of one input whose output holds some of its values elsewhere."""

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Requantized where the output is quantized otherwise than the input."""
        source = Operand(inputs[0].tensor, self._move(inputs[0].values))
        return (moved(source, only(outputs), arithmetic),)

    @abstractmethod
    def _move(self, values: Array) -> Array:
        """Values of the output."""


@dataclass(frozen=True, kw_only=True)
class Reshape(_Movement):
    """The same values, row-major, in another shape; Flatten, Squeeze and Unsqueeze are such.

    Parameters
    ----------
    shape : tuple of int
        Of the output, without placeholders.
    """

    shape: Shape

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """The new shape."""
        if np.prod(only(inputs).shape, dtype=int) != np.prod(self.shape, dtype=int):
            raise ValueError(
                f"shape {inputs[0].shape} can not become {self.shape}: other number of elements"
            )
        return (self.shape,)

    def _move(self, values: Array) -> Array:
        return values.reshape(self.shape)


@dataclass(frozen=True, kw_only=True)
class Transpose(_Movement):
    """Axes in another order.

    Parameters
    ----------
    permutation : tuple of int
        Axis of the input for each axis of the output.
    """

    permutation: tuple[int, ...]

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Permuted shape."""
        shape = only(inputs).shape
        if sorted(self.permutation) != list(range(len(shape))):
            raise ValueError(f"{self.permutation} is not an order of the axes of shape {shape}")
        return (tuple(shape[axis] for axis in self.permutation),)

    def _move(self, values: Array) -> Array:
        return values.transpose(self.permutation)


@dataclass(frozen=True, kw_only=True)
class Slice(_Movement):
    """Every ``step``-th index from ``start`` up to or down to ``stop`` of each axis.

    Parameters
    ----------
    starts, steps : tuple of int
        One number for each axis; starts are not negative, steps not 0.
    sizes : tuple of int
        Number of indices taken of each axis.
    """

    starts: tuple[int, ...]
    steps: tuple[int, ...]
    sizes: tuple[int, ...]

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """The sizes."""
        shape = only(inputs).shape
        rows = list(zip(shape, self.starts, self.steps, self.sizes, strict=True))
        inside = all(
            count == 0 or (0 <= start < size and 0 <= start + (count - 1) * step < size)
            for size, start, step, count in rows
        )
        if not inside:
            raise ValueError(
                f"a slice from {self.starts} by {self.steps} of {self.sizes} leaves shape {shape}"
            )
        return (self.sizes,)

    def _move(self, values: Array) -> Array:
        indices = [
            start + step * np.arange(count)
            for start, step, count in zip(self.starts, self.steps, self.sizes, strict=True)
        ]
        return values[np.ix_(*indices)]


@dataclass(frozen=True, kw_only=True)
class Pad(_Movement):
    """A constant around the values, given in the input's own elements.

    Parameters
    ----------
    pads : tuple of int
        Elements added before each axis, then after each axis.
    value : float
        The constant: a real number of a float tensor, an integer ``q`` of a quantized one.
    """

    pads: tuple[int, ...]
    value: float = 0

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Grown shape."""
        shape = only(inputs).shape
        rank = len(shape)
        if len(self.pads) != 2 * rank or min(self.pads, default=0) < 0:
            raise ValueError(
                f"{2 * rank} pads that are at least 0 fit shape {shape}, not {self.pads}"
            )
        return (
            tuple(
                size + before + after
                for size, before, after in zip(
                    shape, self.pads[:rank], self.pads[rank:], strict=True
                )
            ),
        )

    def _move(self, values: Array) -> Array:
        rank = values.ndim
        margins = list(zip(self.pads[:rank], self.pads[rank:], strict=True))
        return np.pad(values, margins, constant_values=self.value)


@dataclass(frozen=True, kw_only=True)
class Concat(Operator):
    """Tensors one after the other along an axis; each is requantized to the output if need be.

    Parameters
    ----------
    axis : int
        Not negative.
    """

    axis: int

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape with the sizes along the axis added."""
        first = inputs[0].shape
        if not 0 <= self.axis < len(first):
            raise ValueError(f"axis {self.axis} is not an axis of shape {first}")
        others = {
            shape[: self.axis] + shape[self.axis + 1 :] for shape in (x.shape for x in inputs)
        }
        if len(others) != 1:
            raise ValueError(
                f"shapes {', '.join(str(x.shape) for x in inputs)} differ beside axis {self.axis}"
            )
        total = sum(x.shape[self.axis] for x in inputs)
        return ((*first[: self.axis], total, *first[self.axis + 1 :]),)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Requantized where the output is quantized otherwise than an input."""
        parts = [moved(x, only(outputs), arithmetic) for x in inputs]
        return (np.concatenate(parts, axis=self.axis),)


@dataclass(frozen=True, kw_only=True)
class Gather(Operator):
    """Entries of an axis, picked by indices: ONNX operator specification, Gather.

    Parameters
    ----------
    inputs : tuple of str
        Data, and integer indices of any shape; negative ones count from the end.
    axis : int
        Not negative.
    """

    axis: int = 0

    def infer(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        """Shape with the axis replaced by the shape of the indices."""
        data, indices = inputs
        if not 0 <= self.axis < len(data.shape):
            raise ValueError(f"axis {self.axis} is not an axis of shape {data.shape}")
        return ((*data.shape[: self.axis], *indices.shape, *data.shape[self.axis + 1 :]),)

    def compute(
        self, inputs: Sequence[Operand], outputs: Sequence[Tensor], arithmetic: Arithmetic
    ) -> tuple[Array, ...]:
        """Requantized where the output is quantized otherwise than the data."""
        data, indices = inputs
        picked = Operand(data.tensor, np.take(data.values, indices.values, axis=self.axis))
        return (moved(picked, only(outputs), arithmetic),)
