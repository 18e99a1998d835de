"""Sums of products: how far they reach, and what an accumulator makes of them."""

from enum import Enum
from itertools import product
from typing import Protocol

import numpy as np

from golden.arith.exact import exact_matmul
from golden.errors import UserError
from golden.formats import Codes, Format, IntFormat, OvpFormat, Values, smallest_int

__all__ = [
    "Overflow",
    "Summing",
    "check_accumulator",
    "check_k",
    "sum_products",
    "sum_range",
    "sums_format",
]


class Overflow(Enum):
    """What an accumulator does that is too narrow for ``k_max``."""

    REFUSE = "refuse"
    WRAP = "wrap"


class Summing(Protocol):
    """Params of an engine that sums products of integers."""

    @property
    def activation(self) -> Format:
        """Of activations."""

    @property
    def weight(self) -> Format:
        """Of weights, the widest where jobs say how wide they are."""

    @property
    def accumulator(self) -> IntFormat | None:
        """Of sums; None for the narrowest signed one that holds ``k_max`` products."""

    @property
    def accumulator_overflow(self) -> Overflow:
        """Whether ``accumulator`` may be too narrow."""

    @property
    def k_max(self) -> int:
        """Longest K of a GEMM."""


def sum_range(activation: Format, weight: Format, k: int) -> tuple[int, int]:
    """Smallest and largest sum of up to ``k`` products.

    Where numbers come in pairs of an outlier and its victim, one of two products is zero, or both
    are far smaller than that of an outlier.
    """
    if any(isinstance(format, OvpFormat) for format in (activation, weight)):
        k = -(-k // 2)
    values = (
        [int(value) for value in np.asarray(format.decode(format.extremes))]
        for format in (activation, weight)
    )
    corners = [a * w for a, w in product(*values)]
    return k * min(0, *corners), k * max(0, *corners)


def sums_format(params: Summing) -> IntFormat:
    """Format of results and partial sums."""
    if params.accumulator is not None:
        return params.accumulator
    return smallest_int(*sum_range(params.activation, params.weight, params.k_max))


def check_accumulator(params: Summing) -> None:
    """Refuse an accumulator that is too narrow without leave to wrap.

    Raises
    ------
    UserError
        If it is.
    """
    low, high = sum_range(params.activation, params.weight, params.k_max)
    sums = sums_format(params)
    if params.accumulator_overflow is Overflow.REFUSE and not sums.contains(low, high):
        raise UserError(
            f"accumulator {sums} is too narrow for k_max={params.k_max} with"
            f" {params.activation.name} x {params.weight.name}: sums reach {low} to {high}, which"
            f" takes {smallest_int(low, high)}; widen it, lower k_max, or set"
            " accumulator_overflow=wrap"
        )


def check_k(params: Summing, k: int) -> None:
    """Refuse a K that the accumulator was not sized for.

    Raises
    ------
    UserError
        If it is beyond ``k_max``.
    """
    if k > params.k_max:
        raise UserError(
            f"K={k} exceeds k_max={params.k_max}, for which the accumulator {sums_format(params)}"
            f" was sized; set k_max={k}"
        )


def sum_products(params: Summing, a: Values, w: Values, c: Codes | None = None) -> Codes:
    """``a @ w + c``, exact, then wrapped to the accumulator.

    Wrapping commutes with addition, so the order in which products and partial sums are added
    does not matter.

    Parameters
    ----------
    params : Summing
    a : ndarray of int, shape (M, K)
        Values.
    w : ndarray of int, shape (K, N)
        Values.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of sums to add to.

    Returns
    -------
    ndarray of unsigned, shape (M, N)
        Codes of sums.

    Raises
    ------
    UserError
        If shapes do not fit, or K exceeds ``k_max``.
    """
    if a.ndim != 2 or w.ndim != 2 or a.shape[1] != w.shape[0]:
        raise UserError(f"shapes {a.shape} and {w.shape} can not be multiplied")
    check_k(params, a.shape[1])
    format = sums_format(params)
    sums = exact_matmul(a, w)
    if c is not None:
        sums = sums + format.decode(c).astype(np.int64)
    return format.encode(format.wrap(sums))
