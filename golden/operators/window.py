"""Windows that slide over the spatial axes of (batch, channels, *spatial) tensors.

Convolution and pooling share the geometry: ONNX operator specification, Conv and MaxPool.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.tensors import Array, Shape

__all__ = ["Window", "same_pads"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A sliding window.

    Parameters
    ----------
    kernel : tuple of int
        Elements of the window along each spatial axis.
    strides, dilations : tuple of int, optional
        Steps between windows, and between elements of a window; all 1 if left out.
    pads : tuple of int, optional
        Elements added before each axis, then after each axis; all 0 if left out.
    ceil_mode : bool
        Whether a last window may overhang the padded end. One that would begin in the end padding
        is left out.

    Raises
    ------
    ValueError
        If the numbers do not fit together.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...] = ()
    dilations: tuple[int, ...] = ()
    pads: tuple[int, ...] = ()
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        rank = len(self.kernel)
        for name, default in (
            ("strides", (1,) * rank),
            ("dilations", (1,) * rank),
            ("pads", (0,) * 2 * rank),
        ):
            if not getattr(self, name):
                object.__setattr__(self, name, default)
            if len(getattr(self, name)) != len(default):
                raise ValueError(
                    f"{name} must have {len(default)} numbers for a window of {rank} axes,"
                    f" not {len(getattr(self, name))}"
                )
        if min(self.kernel + self.strides + self.dilations, default=1) < 1:
            raise ValueError(
                f"kernel, strides and dilations are at least 1,"
                f" not {self.kernel}, {self.strides}, {self.dilations}"
            )
        if min(self.pads, default=0) < 0:
            raise ValueError(f"pads are at least 0, not {self.pads}")

    @property
    def begins(self) -> tuple[int, ...]:
        """Padding before each axis."""
        return self.pads[: len(self.kernel)]

    @property
    def ends(self) -> tuple[int, ...]:
        """Padding after each axis."""
        return self.pads[len(self.kernel) :]

    @property
    def extent(self) -> tuple[int, ...]:
        """Elements from the first to the last of a window, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilations, strict=True))

    def output_size(self, spatial: Shape) -> Shape:
        """Number of windows along each axis.

        Raises
        ------
        ValueError
            If the rank differs or a window does not fit.
        """
        if len(spatial) != len(self.kernel):
            raise ValueError(
                f"a window of {len(self.kernel)} axes does not fit spatial shape {spatial}"
            )
        sizes = []
        for size, extent, stride, begin, end in zip(
            spatial, self.extent, self.strides, self.begins, self.ends, strict=True
        ):
            room = begin + size + end - extent
            if room < 0:
                raise ValueError(
                    f"a window of extent {extent} does not fit {size} elements"
                    f" padded by {begin} and {end}"
                )
            count = (-(-room // stride) if self.ceil_mode else room // stride) + 1
            if self.ceil_mode and (count - 1) * stride >= begin + size:
                count -= 1
            sizes.append(count)
        return tuple(sizes)

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """Positions in the kernel, row-major."""
        return itertools.product(*(range(size) for size in self.kernel))

    def padded(self, values: Array, fill: Any) -> Array:
        """``values`` of shape (N, C, *spatial) with ``fill`` around, overhang included."""
        margins = [(0, 0), (0, 0)]
        sizes = self.output_size(values.shape[2:])
        for i, (size, count) in enumerate(zip(values.shape[2:], sizes, strict=True)):
            covered = (count - 1) * self.strides[i] + self.extent[i]
            after = max(self.ends[i], covered - size - self.begins[i])
            margins.append((self.begins[i], after))
        return np.pad(values, margins, constant_values=fill)

    def element(self, padded: Array, offset: tuple[int, ...], sizes: Shape) -> Array:
        """The element at ``offset`` of every window: a view of shape (N, C, *sizes)."""
        spatial = tuple(
            slice(o * d, o * d + (count - 1) * s + 1, s)
            for o, d, s, count in zip(offset, self.dilations, self.strides, sizes, strict=True)
        )
        return padded[(slice(None), slice(None), *spatial)]

    def columns(self, values: Array, fill: Any) -> Array:
        """Windows as rows of a matrix, one matrix for the tensor (im2col).

        Parameters
        ----------
        values : ndarray, shape (N, C, *spatial)
        fill : scalar
            Value of the padding.

        Returns
        -------
        ndarray, shape (N * windows, C * kernel elements)
            Rows are ordered (image, *window); columns (channel, *kernel), as ONNX weights are.
        """
        sizes = self.output_size(values.shape[2:])
        padded = self.padded(values, fill)
        axes = tuple(range(2, values.ndim))
        view = np.lib.stride_tricks.sliding_window_view(padded, self.extent, axes)
        steps = tuple(
            slice(0, (count - 1) * s + 1, s) for count, s in zip(sizes, self.strides, strict=True)
        )
        inner = tuple(slice(None, None, d) for d in self.dilations)
        view = view[(slice(None), slice(None), *steps, *inner)]
        rank = len(sizes)
        order = (0, *range(2, 2 + rank), 1, *range(2 + rank, 2 + 2 * rank))
        rows = values.shape[0] * int(np.prod(sizes))
        return view.transpose(order).reshape(rows, -1)

    def counts(self, spatial: Shape, include_pads: bool) -> NDArray[np.int64]:
        """Elements under each window, shape of the output; of the overhang none count."""
        inside = self.padded(np.ones((1, 1, *spatial), np.int64), 0)
        if include_pads:
            runs = zip(self.begins, spatial, self.ends, strict=True)
            inside[(slice(None), slice(None), *(slice(sum(run)) for run in runs))] = 1
        return np.asarray(self._sums(inside, self.output_size(spatial))[0, 0])

    def sums(self, values: Array) -> Array:
        """Sum of the elements under each window, padding counted as 0: (N, C, *output)."""
        return self._sums(self.padded(values, 0), self.output_size(values.shape[2:]))

    def _sums(self, padded: Array, sizes: Shape) -> Array:
        total = np.zeros((*padded.shape[:2], *sizes), padded.dtype)
        for offset in self.offsets():
            total += self.element(padded, offset, sizes)
        return total

    def maxima(self, values: Array, lowest: Any) -> Array:
        """Largest element under each window; padding counts as ``lowest``: (N, C, *output)."""
        sizes = self.output_size(values.shape[2:])
        padded = self.padded(values, lowest)
        result = np.full((*values.shape[:2], *sizes), lowest, values.dtype)
        for offset in self.offsets():
            np.maximum(result, self.element(padded, offset, sizes), out=result)
        return result


def same_pads(
    spatial: Shape, kernel: Shape, strides: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[int, ...]:
    """Least padding for ``ceil(size / stride)`` windows along each axis, an odd one at the end.

    TensorFlow's padding ``SAME``; ONNX operator specification, Conv, ``SAME_UPPER``.

    Returns
    -------
    tuple of int
        Before each axis, then after each axis.
    """
    begins, ends = [], []
    for size, length, stride, dilation in zip(spatial, kernel, strides, dilations, strict=True):
        covered = (-(-size // stride) - 1) * stride + dilation * (length - 1) + 1
        total = max(covered - size, 0)
        begins.append(total // 2)
        ends.append(total - total // 2)
    return (*begins, *ends)
