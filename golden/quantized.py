"""Matrices of codes, with all that says what the codes mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import UserError
from golden.formats import Codes, Format

__all__ = ["QuantizedTensor"]


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedTensor:
    """A matrix of weights, (K, N), or of activations, (M, K), in groups along K.

    An element is ``scale * (decoded - zero_point)`` with scale and zero point of its group. A
    decoded code is a value of the format or, with a codebook, the entry that it numbers.

    Parameters
    ----------
    codes : ndarray of unsigned, 2 axes
    format : Format
        Of the codes.
    group_size : int, optional
        Elements along K that share scale and zero point; None for all of them. The last group may
        be shorter.
    scales : ndarray of float64, optional
        Shape (groups, N) for weights, (M, groups) for activations. None: all are 1.
    zero_points : ndarray of int64, optional
        Of the same shape. None: all are 0.
    codebook : ndarray of float64, optional
        Shape (entries,), or (lines, entries) where each column of weights has its own.
    planes : ndarray of float64, optional
        Of bipolar codes: what bits are worth, −planes where 0 and +planes where 1, in place of
        powers of two. The shape is that of scales with the bits, lowest first, as a third axis.

    Raises
    ------
    UserError
        If shapes do not fit.
    """

    codes: Codes
    format: Format
    group_size: int | None = None
    scales: NDArray[np.float64] | None = None
    zero_points: NDArray[np.int64] | None = None
    codebook: NDArray[np.float64] | None = None
    planes: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check shapes."""
        if self.codes.ndim != 2:
            raise UserError(f"a quantized tensor is a matrix, not of shape {self.codes.shape}")
        if self.group_size is not None and self.group_size < 1:
            raise UserError(f"group_size must be at least 1, not {self.group_size}")
        given = {
            field: array.shape
            for field, array in (("scales", self.scales), ("zero_points", self.zero_points))
            if array is not None
        }
        if len(set(given.values())) > 1:
            raise UserError(
                f"scales and zero_points must have one shape, not {given['scales']} and"
                f" {given['zero_points']}"
            )

    def dequantize(self, k_axis: int = 0) -> NDArray[np.float64]:
        """The real numbers.

        Parameters
        ----------
        k_axis : int
            Along which groups lie: 0 in weights, 1 in activations.

        Raises
        ------
        UserError
            If scales, zero points or planes are not one for each group and line.
        """
        length, lines = self.shape[k_axis], self.shape[1 - k_axis]
        size = self.group_size or max(length, 1)
        expected = (-(-length // size), lines) if k_axis == 0 else (lines, -(-length // size))
        for field in ("scales", "zero_points", "planes"):
            array = getattr(self, field)
            if array is not None and array.shape[:2] != expected:
                raise UserError(
                    f"{field} of a tensor of shape {self.shape} in groups of {size} must have the"
                    f" shape {expected}, not {array.shape[:2]}"
                )

        def spread(of_groups: NDArray[Any]) -> NDArray[Any]:
            return np.repeat(of_groups, size, axis=k_axis).take(range(length), axis=k_axis)

        real = self._decoded(k_axis, spread)
        if self.zero_points is not None:
            real = real - spread(self.zero_points)
        return real if self.scales is None else real * spread(self.scales)

    def _decoded(
        self, k_axis: int, spread: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> NDArray[np.float64]:
        """What codes stand for before scale and zero point."""
        if self.planes is not None:
            worth = spread(self.planes)
            bits = (self.codes[..., np.newaxis].astype(np.int64) >> np.arange(worth.shape[2])) & 1
            return np.asarray(np.sum(worth * (2 * bits - 1), axis=2))
        if self.codebook is None:
            return np.asarray(self.format.decode(self.codes), np.float64)
        if self.codebook.ndim == 1:
            return np.asarray(self.codebook[self.codes])
        line = np.expand_dims(np.arange(self.shape[1 - k_axis]), k_axis)
        return np.asarray(self.codebook[line, self.codes])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the matrix."""
        return self.codes.shape
