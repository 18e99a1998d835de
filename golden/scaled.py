"""What tile engines have in common that apply scales of groups themselves.

Sums of products end with each group of weights along K, and go through `golden.epilogue`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product

import numpy as np
from numpy.typing import NDArray

from golden.arith.exact import exact_matmul
from golden.arith.sums import Overflow, sum_range
from golden.contract import Beat, Dim, Group, JobField, Jobs, Lane, Layout, Operand, PortLayout
from golden.epilogue import Epilogue
from golden.errors import UserError
from golden.formats import (
    FP32,
    MAX_BITS,
    Codes,
    FloatFormat,
    Format,
    IntFormat,
    PowerFormat,
    Values,
    smallest_int,
)
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import MAX_STREAM, TileParams, tile_jobs

__all__ = ["Scale", "ScaledParams", "bare", "scaled_jobs", "scaled_layout", "scaled_product"]

MAX_ZERO_POINT_BITS = 16


class Scale(Enum):
    """Format of scales of groups."""

    NONE = "none"
    UINT8 = "uint8"
    UINT16 = "uint16"
    POWERS = "pow4"
    FP32 = "fp32"

    @property
    def format(self) -> IntFormat | PowerFormat | FloatFormat | None:
        """The format; None where there are no scales."""
        match self:
            case Scale.NONE:
                return None
            case Scale.FP32:
                return FP32
            case Scale.POWERS:
                return PowerFormat(4)
            case _:
                return IntFormat(int(self.value.removeprefix("uint")), signed=False)


@dataclass(frozen=True, kw_only=True)
class ScaledParams(TileParams):
    """Params of an engine that scales sums of groups.

    Raises
    ------
    UserError
        If params are out of range or do not go together, or a format can not hold every sum of its
        products and ``accumulator_overflow`` is not ``wrap``; a sum to be scaled may never wrap.
    """

    scale: Scale = param(Scale.FP32, "format of scales of groups; none for plain sums")
    zero_point: IntFormat | None = param(
        None, f"format of zero points of groups, 1 to {MAX_ZERO_POINT_BITS} bits; none for no such"
    )
    group_steps: int = param(32, "longest group of weights with one scale, in steps of k")
    result: IntFormat | None = param(
        None, "format of results with integer scales; default: the narrowest that holds k_max"
    )

    @property
    def group_max(self) -> int:
        """Longest group."""
        return self.group_steps * self.k

    @property
    def sum_length(self) -> int:
        """Most products that one sum has."""
        return self.k_max if self.scale is Scale.NONE else min(self.group_max, self.k_max)

    @property
    def sums(self) -> IntFormat:
        """Format of the accumulator: of plain sums, or of those of a group."""
        if self.accumulator is not None:
            return self.accumulator
        return smallest_int(*self.sum_reach(self.sum_length))

    def sum_reach(self, length: int) -> tuple[int, int]:
        """Smallest and largest sum of so many products."""
        return sum_range(self.activation, self.weight, length)

    @property
    def row_sums(self) -> IntFormat:
        """Format of the sum of activations of a group."""
        low, high = _range(self.activation)
        return smallest_int(self.sum_length * min(0, low), self.sum_length * max(0, high))

    @property
    def results(self) -> IntFormat | FloatFormat:
        """Format of results."""
        match self.scale:
            case Scale.NONE:
                return self.sums
            case Scale.FP32:
                return FP32
            case _:
                return self.result or smallest_int(*self._result_range())

    @property
    def epilogue(self) -> Epilogue | None:
        """What happens to sums of groups; None without scales."""
        if self.scale.format is None:
            return None
        return Epilogue(
            sums=self.sums,
            scale=self.scale.format,
            result=self.results,
            zero_point=self.zero_point,
            row_sums=None if self.zero_point is None else self.row_sums,
        )

    def check_sums(self) -> None:
        """Refuse scales, zero points and sums that do not go together."""
        if not 1 <= self.group_steps <= MAX_STREAM // self.k:
            raise UserError(
                f"group_steps must be an integer from 1 to {MAX_STREAM // self.k} where"
                f" k={self.k}, not {self.group_steps}"
            )
        if self.zero_point is not None:
            if self.zero_point.bits > MAX_ZERO_POINT_BITS:
                raise UserError(
                    f"zero_point must be an integer format of 1 to {MAX_ZERO_POINT_BITS} bits, not"
                    f" {self.zero_point}"
                )
            if self.scale is Scale.NONE:
                raise UserError(f"zero_point must be none where scale=none, not {self.zero_point}")
        if self.result is not None and self.scale in (Scale.NONE, Scale.FP32):
            raise UserError(
                f"result must be none where scale={self.scale.value}, which decides the format,"
                f" not {self.result}"
            )
        self._check_widths()

    def _check_widths(self) -> None:
        low, high = self.sum_reach(self.sum_length)
        self._check_holds("accumulator", self.sums, low, high)
        if self.scale not in (Scale.NONE, Scale.FP32):
            low, high = self._result_range()
            if self.result is None and _bits(low, high) > MAX_BITS:
                raise UserError(
                    f"results with k_max={self.k_max} take {_bits(low, high)} bits, beyond"
                    f" {MAX_BITS}: lower k_max, or set result and accumulator_overflow=wrap"
                )
            self._check_holds("result", self.result or smallest_int(low, high), low, high)
        try:
            # A sum that is too wide to be rounded once is refused there.
            _ = self.epilogue
        except ValueError as error:
            raise UserError(
                f"accumulator {self.sums} is too wide for scale=fp32: {error}"
            ) from None

    def _check_holds(self, name: str, format: IntFormat, low: int, high: int) -> None:
        may_wrap = name == "result" or self.scale is Scale.NONE
        if format.contains(low, high) or (may_wrap and self.accumulator_overflow is Overflow.WRAP):
            return
        length = "k_max" if may_wrap else "group_steps"
        other = (
            f"lower {length}, or set accumulator_overflow=wrap"
            if may_wrap
            else (f"or lower {length}")
        )
        raise UserError(
            f"{name} {format} is too narrow for {length}={getattr(self, length)} with"
            f" {self.activation.name} x {self.weight.name}: sums reach {low} to {high}, which"
            f" takes {_bits(low, high)} bits; widen it, {other}"
        )

    def _result_range(self) -> tuple[int, int]:
        """Of results with integer scales."""
        low, high = _range(self.weight)
        if self.zero_point is not None:
            low, high = low - self.zero_point.max, high - self.zero_point.min
        scale = self.scale.format
        assert isinstance(scale, (IntFormat, PowerFormat))
        corners = [a * w * scale.max for a, w in product(_range(self.activation), (low, high))]
        return self.k_max * min(0, *corners), self.k_max * max(0, *corners)


def _range(format: Format) -> tuple[int, int]:
    """Smallest and largest value."""
    low, high = (int(value) for value in np.asarray(format.decode(format.extremes)))
    return low, high


def _bits(low: int, high: int) -> int:
    """Of the narrowest signed format for a range."""
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length())


def scaled_jobs(params: ScaledParams, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM, in the longest groups; see `golden.tile.tile_jobs`."""
    jobs = tile_jobs(params, m, n, k)
    return jobs if params.scale is Scale.NONE else jobs.with_groups(params.group_max)


def scaled_layout(params: ScaledParams, layout: Layout) -> Layout:
    """Ports of an engine with those of scales and zero points, and the size of groups in jobs."""
    if params.scale.format is None:
        return layout
    return replace(
        layout,
        job=(*layout.job, JobField(Group.SIZE, params.group_max, step=params.k)),
        scales=_port(params, Operand.S, params.scale.format),
        zero_points=None
        if params.zero_point is None
        else _port(params, Operand.Z, params.zero_point),
    )


def _port(params: ScaledParams, operand: Operand, format: Format) -> PortLayout:
    """All columns of a group in one beat."""
    return PortLayout(
        operand=operand,
        format=format,
        lanes=(Lane(Dim.N, params.n),),
        beats=(Beat(Group.COUNT),),
    )


def bare(tensor: Codes | QuantizedTensor) -> Codes | QuantizedTensor:
    """A tensor without its scales and zero points."""
    if not isinstance(tensor, QuantizedTensor):
        return tensor
    return replace(tensor, group_size=None, scales=None, zero_points=None)


def scaled_product(
    params: ScaledParams,
    a: Values,
    w: Values,
    tensor: Codes | QuantizedTensor,
    c: Codes | None = None,
    *,
    multiply: Callable[[Values, Values], NDArray[np.int64]] = exact_matmul,
) -> Codes:
    """Results of values, with the scales and zero points of the weights.

    Parameters
    ----------
    params : ScaledParams
    a : ndarray of int, shape (M, K)
        Values.
    w : ndarray of int, shape (K, N)
        Values, before zero points.
    tensor : ndarray of unsigned or QuantizedTensor
        The weights as they were given. Bare codes have scales of 1 and zero points of 0.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of ``params.results`` to add to.
    multiply : callable
        Integer sums of the products of a group, of ``a`` (M, group) and ``w`` (group, N).

    Returns
    -------
    ndarray of unsigned, shape (M, N)
        Codes of ``params.results``.

    Raises
    ------
    UserError
        If shapes do not fit, K exceeds ``k_max``, groups are not some that a job may have, or
        scales or zero points are not values of their formats.
    """
    if a.ndim != 2 or w.ndim != 2 or a.shape[1] != w.shape[0]:
        raise UserError(f"shapes {a.shape} and {w.shape} can not be multiplied")
    if a.shape[1] > params.k_max:
        raise UserError(f"K={a.shape[1]} exceeds k_max={params.k_max}; set k_max={a.shape[1]}")
    size = _group_size(params, tensor, a.shape[1])
    starts = range(0, a.shape[1], size)
    sums = np.stack(
        [multiply(a[:, start : start + size], w[start : start + size]) for start in starts]
    )
    epilogue = params.epilogue
    if epilogue is None:
        total = sums[0] if c is None else sums[0] + params.sums.decode(c).astype(np.int64)
        return params.sums.encode(params.sums.wrap(total))
    shape = len(starts), w.shape[1]
    scales = _codes(epilogue.scale, "scales", _given(tensor, "scales"), shape, 1)
    if params.zero_point is None:
        if _given(tensor, "zero_points") is not None:
            raise UserError("weights must have no zero points where zero_point=none")
        return epilogue.apply(sums, scales, start=c)
    points = _codes(params.zero_point, "zero_points", _given(tensor, "zero_points"), shape, 0)
    return epilogue.apply(
        sums,
        scales,
        zero_points=np.asarray(params.zero_point.decode(points), np.int64),
        row_sums=np.stack([a[:, start : start + size].sum(axis=1) for start in starts]),
        start=c,
    )


def _given(tensor: Codes | QuantizedTensor, field: str) -> NDArray[np.generic] | None:
    return getattr(tensor, field) if isinstance(tensor, QuantizedTensor) else None


def _group_size(params: ScaledParams, tensor: Codes | QuantizedTensor, k: int) -> int:
    """Elements of a group; all of K without scales."""
    if params.scale is Scale.NONE:
        for field in ("scales", "zero_points"):
            if _given(tensor, field) is not None:
                raise UserError(f"weights must be bare codes: scale=none applies no {field}")
        return max(1, k)
    size = tensor.group_size if isinstance(tensor, QuantizedTensor) else params.group_max
    if size is None and k <= params.group_max:
        return max(1, k)
    if size is None or size > params.group_max or size % params.k:
        raise UserError(
            f"group_size of weights must be a multiple of k={params.k} up to {params.group_max}"
            f" where group_steps={params.group_steps}, not {size if size else f'all of K={k}'}"
        )
    return size


def _codes(
    format: IntFormat | PowerFormat | FloatFormat,
    name: str,
    values: NDArray[np.generic] | None,
    shape: tuple[int, int],
    default: int,
) -> Codes:
    """Codes of scales or zero points, of which none may be rounded."""
    if values is None:
        return format.encode(np.full(shape, default))
    if values.shape != shape:
        raise UserError(
            f"{name} must have the shape {shape} of groups and columns, not {values.shape}"
        )
    try:
        codes = format.encode(values)
    except ValueError as error:
        raise UserError(f"{name} must be values of {format}: {error}") from None
    back = np.asarray(format.decode(codes))
    wrong = (back != values) & ~(np.isnan(values) if values.dtype.kind == "f" else False)
    if np.any(wrong):
        raise UserError(f"{name} must be values of {format}, not {values[wrong].flat[0]}")
    return codes
