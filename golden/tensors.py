"""Tensors of a graph: shape, element type, quantization, constant data.

Quantization belongs to a tensor, not to an operator: a quantized tensor holds integers ``q`` that
stand for the real numbers ``(q - zero_point) * scale``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arith.rounding import round_half_away
from golden.formats import IntFormat, WholeFormat

__all__ = [
    "Array",
    "Element",
    "FloatType",
    "Quantization",
    "Shape",
    "Tensor",
    "along_axis",
    "storage_dtype",
]

Shape: TypeAlias = tuple[int, ...]
"""Sizes, outermost first; activations of convolutions are (batch, channels, *spatial)."""

Array: TypeAlias = NDArray[Any]
"""Values of a tensor, in its storage dtype."""


class FloatType(Enum):
    """A floating-point element type; the value is the NumPy name."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    def __str__(self) -> str:
        return self.value


Element: TypeAlias = WholeFormat | FloatType
"""Type of a tensor's elements; formats that lack some integers are those of constant weights."""


def storage_dtype(element: Element) -> np.dtype[Any]:
    """NumPy dtype that holds values of ``element``: int8 for ``int4``, float32 for float32."""
    if isinstance(element, FloatType):
        return np.dtype(element.value)
    low, high, signed = element.min, element.max, element.min < 0
    bits = max(high.bit_length(), (~low).bit_length()) + 1 if signed else high.bit_length()
    return np.dtype(f"{'i' if signed else 'u'}{1 << max(0, (bits - 1).bit_length() - 3)}")


def along_axis(values: Array, axis: int | None, rank: int) -> Array:
    """``values``, one for each index of ``axis`` or one alone, to broadcast over ``rank`` axes."""
    if axis is None:
        return values
    return values.reshape([-1 if i == axis else 1 for i in range(rank)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantization:
    """How integers stand for real numbers: ``(q - zero_point) * scale``.

    Parameters
    ----------
    scale : array_like of float32, shape () or (channels,)
        Positive and finite. With groups, of the tensor's shape with one for each group of ``axis``.
    zero_point : array_like of int, optional
        Same shape as ``scale``; 0 if left out.
    axis : int, optional
        Axis of the tensor that per-channel scales, or groups, run along; None means one scale for
        all.
    group_size : int, optional
        Elements along ``axis`` that share a scale; the last group may be shorter. None: no groups.

    Raises
    ------
    ValueError
        If the shapes do not agree or a scale is not a positive number.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64] = field(default_factory=lambda: np.zeros((), np.int64))
    axis: int | None = None
    group_size: int | None = None

    def __post_init__(self) -> None:
        scale = np.array(self.scale, dtype=np.float32)
        zero_point = np.array(np.broadcast_to(self.zero_point, scale.shape), dtype=np.int64)
        if self.group_size is not None:
            if self.group_size < 1 or self.axis is None or not 0 <= self.axis < scale.ndim:
                raise ValueError(
                    f"groups have at least 1 element along an axis of scales {scale.shape}, not"
                    f" {self.group_size} along axis {self.axis}"
                )
        elif scale.ndim != (0 if self.axis is None else 1):
            raise ValueError(
                f"a scale is one number without an axis and one row of numbers along an axis,"
                f" not shape {scale.shape} with axis {self.axis}"
            )
        if not np.all(np.isfinite(scale) & (scale > 0)):
            raise ValueError(f"a scale is a positive number, not {scale.ravel()[:4].tolist()}")
        for name, array in (("scale", scale), ("zero_point", zero_point)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def of(
        cls, scale: ArrayLike, zero_point: ArrayLike = 0, axis: int | None = None
    ) -> "Quantization":
        """The same from anything that NumPy makes arrays of."""
        return cls(
            scale=np.asarray(scale, np.float32),
            zero_point=np.asarray(zero_point, np.int64),
            axis=axis,
        )

    def spread(self, of_scales: Array, shape: Shape) -> Array:
        """Numbers of the shape of scales, to broadcast over a tensor of ``shape``."""
        if self.group_size is None or self.axis is None:
            return along_axis(of_scales, self.axis, len(shape))
        repeated = np.repeat(of_scales, self.group_size, axis=self.axis)
        return repeated.take(range(shape[self.axis]), axis=self.axis)

    def scale_shape(self, shape: Shape) -> Shape:
        """Shape that scales of a tensor of ``shape`` have."""
        if self.axis is None or not 0 <= self.axis < len(shape):
            return ()
        if self.group_size is None:
            return (shape[self.axis],)
        groups = -(-shape[self.axis] // self.group_size)
        return (*shape[: self.axis], groups, *shape[self.axis + 1 :])

    def equals(self, other: "Quantization") -> bool:
        """Whether equal integers stand for equal numbers."""
        return (
            (self.axis, self.group_size) == (other.axis, other.group_size)
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero_point, other.zero_point)
        )

    def quantize(self, real: ArrayLike, element: IntFormat, *, halves_away: bool = False) -> Array:
        """Integers that are nearest to ``real``.

        ``saturate(round_half_even(real / scale) + zero_point)`` with a float32 quotient: ONNX
        operator specification, QuantizeLinear. With ``halves_away``, halves are rounded away from
        0 instead: TensorFlow Lite, QUANTIZE. Infinities saturate.

        Returns
        -------
        ndarray, same shape, storage dtype of ``element``

        Raises
        ------
        ValueError
            If ``real`` has a NaN.
        """
        values = np.asarray(real, np.float32)
        if np.isnan(values).any():
            raise ValueError("NaN has no quantized value")
        scale = self.spread(self.scale, values.shape)
        zero_point = self.spread(self.zero_point, values.shape)
        with np.errstate(over="ignore"):
            quotients = values / scale
        rounded = round_half_away(quotients) if halves_away else np.rint(quotients)
        steps = rounded.astype(np.float64)
        clipped = np.clip(steps, element.min - zero_point, element.max - zero_point)
        return np.asarray(clipped.astype(np.int64) + zero_point).astype(storage_dtype(element))

    def dequantize(self, values: Array) -> NDArray[np.float32]:
        """Real numbers that integers stand for, in float32: ONNX, DequantizeLinear."""
        scale = self.spread(self.scale, values.shape)
        return np.asarray(self.centred(values).astype(np.float32) * scale)

    def centred(self, values: Array) -> NDArray[np.int64]:
        """``values - zero_point``."""
        return np.asarray(values.astype(np.int64) - self.spread(self.zero_point, values.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """A tensor of a graph.

    Parameters
    ----------
    name : str
        Unique in its graph.
    shape : tuple of int
        Full static shape.
    element : WholeFormat or FloatType
        Type of the elements.
    quantization : Quantization, optional
        What the integers stand for; None for floats and for plain integers such as indices.
    data : ndarray, optional
        Values of a constant, in the storage dtype; zero points are not subtracted.

    Raises
    ------
    ValueError
        If shape, element, quantization and data do not agree.
    """

    name: str
    shape: Shape
    element: Element
    quantization: Quantization | None = None
    data: Array | None = None

    def __post_init__(self) -> None:
        if any(size < 0 for size in self.shape):
            raise ValueError(
                f"tensor {self.name!r}: sizes are not negative, but the shape is {self.shape}"
            )
        if self.quantization is not None:
            self._check_quantization(self.quantization)
        if self.data is not None:
            self._check_data(self.data)

    def _check_quantization(self, quantization: Quantization) -> None:
        if isinstance(self.element, FloatType):
            raise ValueError(f"tensor {self.name!r}: {self.element} is not quantized, integers are")
        if quantization.scale.shape != quantization.scale_shape(self.shape):
            groups = f" in groups of {quantization.group_size}" if quantization.group_size else ""
            raise ValueError(
                f"tensor {self.name!r}: {quantization.scale.size} scales along axis"
                f" {quantization.axis}{groups} do not fit shape {self.shape}"
            )
        low, high = int(quantization.zero_point.min()), int(quantization.zero_point.max())
        # A format without 0 has no zero point, which is to say 0.
        if (low or high) and not self.element.contains(low, high):
            outside = low if low < self.element.min else high
            raise ValueError(
                f"tensor {self.name!r}: zero point {outside} is not a value of {self.element}"
            )

    def _check_data(self, data: Array) -> None:
        if data.shape != self.shape:
            raise ValueError(
                f"tensor {self.name!r}: data of shape {data.shape}, declared {self.shape}"
            )
        if data.dtype != storage_dtype(self.element):
            raise ValueError(
                f"tensor {self.name!r}: {self.element} is held as {storage_dtype(self.element)},"
                f" not {data.dtype}"
            )
        if isinstance(self.element, FloatType) or not data.size:
            return
        if not isinstance(self.element, IntFormat):
            self.element.encode(data)
        elif self.element.bits < 8 * data.itemsize:
            self.element.encode([int(data.min()), int(data.max())])

    @property
    def is_constant(self) -> bool:
        """Whether the values are part of the graph."""
        return self.data is not None

    @property
    def is_float(self) -> bool:
        """Whether the elements are floating-point numbers."""
        return isinstance(self.element, FloatType)

    @property
    def int_format(self) -> IntFormat:
        """Element type of an integer tensor.

        Raises
        ------
        ValueError
            If the elements are not integers.
        """
        if not isinstance(self.element, IntFormat):
            raise ValueError(f"tensor {self.name!r} holds {self.element}, not integers")
        return self.element

    @property
    def whole_format(self) -> WholeFormat:
        """Element type of a tensor of integers, all of them or some.

        Raises
        ------
        ValueError
            If the elements are not integers.
        """
        if isinstance(self.element, FloatType):
            raise ValueError(f"tensor {self.name!r} holds {self.element}, not integers")
        return self.element

    @property
    def quantized(self) -> Quantization:
        """Quantization of a quantized tensor.

        Raises
        ------
        ValueError
            If the tensor has none.
        """
        if self.quantization is None:
            raise ValueError(f"tensor {self.name!r} has no quantization")
        return self.quantization

    def checked(self, values: Array) -> Array:
        """``values`` in the storage dtype, if they are values of this tensor.

        Raises
        ------
        ValueError
            If shape, kind or range are wrong; the message names the tensor.
        """
        if values.shape != self.shape:
            raise ValueError(f"tensor {self.name!r} has shape {self.shape}, not {values.shape}")
        kinds: Sequence[str] = "fiub" if self.is_float else "iub"
        if values.dtype.kind not in kinds:
            raise ValueError(f"tensor {self.name!r} holds {self.element}, not {values.dtype}")
        if not isinstance(self.element, (IntFormat, FloatType)):
            self.element.encode(values)
        elif isinstance(self.element, IntFormat) and values.size:
            low, high = int(values.min()), int(values.max())
            if not self.element.contains(low, high):
                outside = low if low < self.element.min else high
                raise ValueError(
                    f"tensor {self.name!r}: {outside} is not a value of {self.element}"
                )
        return values.astype(storage_dtype(self.element), copy=False)
