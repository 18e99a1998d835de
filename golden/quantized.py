"""Matrices of codes, with all that says what the codes mean."""

from dataclasses import dataclass

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

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the matrix."""
        return self.codes.shape
