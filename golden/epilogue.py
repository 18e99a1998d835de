"""Scales and zero points, applied to the integer sum of each group of weights.

Of weights ``scale * (q - zero_point)`` with one scale and one zero point for a group of them along
K, a dot product is ``scale * (sum(a * q) - zero_point * sum(a))`` group by group: integers inside,
and a single multiplication per group and result, in place of one per weight. LUT Tensor Core [LUT]_
and MixPE [MixPE]_ work so. The sum of activations of a group is the same for all columns.

.. [LUT] Z. Mo et al., "LUT Tensor Core: a software-hardware co-design for LUT-based low-bit LLM
   inference", ISCA 2025, arXiv 2408.06003.
.. [MixPE] Y. Zhang et al., "MixPE: quantization and hardware co-design for efficient LLM
   inference", 2024, arXiv 2411.16158.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.arith.floats import add, from_integers, multiply
from golden.formats import Codes, FloatFormat, IntFormat, PowerFormat, smallest_int

__all__ = ["Epilogue"]

_EXACT_BITS = 53


@dataclass(frozen=True, kw_only=True)
class Epilogue:
    """What happens to the integer sum of a group, and to the results of the groups before.

    ``result += scale * (sum - zero_point * row_sum)``, groups in ascending order, beginning from +0
    or from a given start. Where scales are integers, everything is exact and wraps to the result:
    fixed point with as many fraction bits as the scales stand for, and no rounding. Where scales
    are floats, ``sum - zero_point * row_sum`` is exact, and then rounded thrice, each time to the
    nearest even: as a float, multiplied, and added.

    Parameters
    ----------
    sums : IntFormat
        Of the sum of a group.
    scale : IntFormat, PowerFormat or FloatFormat
        Of scales; products with powers of two are shifts.
    result : IntFormat or FloatFormat
        Of results: that of scales where those are floats.
    zero_point : IntFormat, optional
        Of zero points; None where there are none.
    row_sums : IntFormat, optional
        Of the sum of activations of a group; None where there are no zero points.

    Raises
    ------
    ValueError
        If these do not go together.
    """

    sums: IntFormat
    scale: IntFormat | PowerFormat | FloatFormat
    result: IntFormat | FloatFormat
    zero_point: IntFormat | None = None
    row_sums: IntFormat | None = None

    def __post_init__(self) -> None:
        if (self.zero_point is None) != (self.row_sums is None):
            raise ValueError("zero points take row sums, and row sums zero points")
        floats = [isinstance(format, FloatFormat) for format in (self.scale, self.result)]
        if floats[0] != floats[1] or (floats[0] and self.scale != self.result):
            raise ValueError(f"scales of {self.scale} do not give results of {self.result}")
        if floats[0] and self.difference.bits > _EXACT_BITS:
            raise ValueError(f"{self.difference} is too wide to be rounded once")

    @property
    def difference(self) -> IntFormat:
        """Of ``sum - zero_point * row_sum``."""
        low, high = self.sums.min, self.sums.max
        if self.zero_point is not None and self.row_sums is not None:
            corners = [
                point * total
                for point in (self.zero_point.min, self.zero_point.max)
                for total in (self.row_sums.min, self.row_sums.max)
            ]
            low, high = low - max(corners), high - min(corners)
        return smallest_int(min(low, -1), high)

    def apply(
        self,
        sums: NDArray[np.int64],
        scales: Codes,
        *,
        zero_points: NDArray[np.int64] | None = None,
        row_sums: NDArray[np.int64] | None = None,
        start: Codes | None = None,
    ) -> Codes:
        """Results of all groups.

        Parameters
        ----------
        sums : ndarray of int64, shape (groups, M, N)
            Integer sums.
        scales : ndarray of unsigned, shape (groups, N)
            Codes.
        zero_points : ndarray of int64, shape (groups, N), optional
            Values.
        row_sums : ndarray of int64, shape (groups, M), optional
            Sums of activations.
        start : ndarray of unsigned, shape (M, N), optional
            Codes of results to add to; default: zeros.

        Returns
        -------
        ndarray of unsigned, shape (M, N)
            Codes.
        """
        total = start if start is not None else self.result.encode(np.zeros(sums.shape[1:], int))
        for group, whole in enumerate(sums):
            if zero_points is not None and row_sums is not None:
                whole = whole - row_sums[group][:, np.newaxis] * zero_points[group]
            total = self._add(total, whole, scales[group])
        return total

    def _add(self, total: Codes, whole: NDArray[np.int64], scales: Codes) -> Codes:
        """``total + scales * whole``, columns in the last axis."""
        if isinstance(self.result, FloatFormat):
            parts = multiply(self.result, from_integers(self.result, whole), scales)
            return add(self.result, total, parts)
        assert not isinstance(self.scale, FloatFormat)
        # Wrapping commutes with all of this, and so does that of NumPy's 64 bits.
        ones = np.uint64((1 << self.result.bits) - 1)
        factors = np.asarray(self.scale.decode(scales)).astype(np.uint64)
        wrapped = total.astype(np.uint64) + factors * whole.astype(np.uint64) & ones
        return wrapped.astype(total.dtype)
