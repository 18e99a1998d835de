"""Systolic array for integer matrix products, with weights, activations or sums at rest.

A grid of ``rows`` x ``cols`` processing elements multiplies integers. One operand may rest in the
grid while the others move through it [Kung82]_:

========  =================  ===========  ==================
dataflow  rests              rows x cols  streams through
========  =================  ===========  ==================
``os``    the sums           M x N        K, both operands
``ws``    weights            K x N        M, activations
``is``    activations        K x M        N, weights
========  =================  ===========  ==================

.. [Kung82] H. T. Kung, "Why systolic architectures?", Computer 15(1), 1982.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from golden.arith.sums import (
    Overflow,
    check_accumulator,
    check_k,
    sum_products,
    sum_range,
    sums_format,
)
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout
from golden.errors import UserError
from golden.formats import INT8, Codes, IntFormat, operand_format, smallest_int
from golden.params import param, require_types

__all__ = ["PRESETS", "Dataflow", "Overflow", "Params", "jobs", "layout", "matmul"]

MAX_SIDE = 256
MAX_STREAM = (1 << 16) - 1
"""Longest streamed dimension of a job; longer GEMMs are cut into several."""


class Dataflow(Enum):
    """Which operand rests in the array."""

    OS = "os"
    WS = "ws"
    IS = "is"


@dataclass(frozen=True, kw_only=True)
class Params:
    """Design parameters of a systolic array.

    Raises
    ------
    UserError
        If a param is out of range, or the accumulator can not hold every sum of ``k_max``
        products and ``accumulator_overflow`` is not ``wrap``.
    """

    rows: int = param(16, f"processing elements down the array, 1 to {MAX_SIDE}")
    cols: int = param(16, f"processing elements across the array, 1 to {MAX_SIDE}")
    dataflow: Dataflow = param(Dataflow.WS, "operand that rests in the array")
    activation: IntFormat = param(INT8, "format of activations, integers of 1 to 16 bits")
    weight: IntFormat = param(INT8, "format of weights, integers of 1 to 16 bits")
    accumulator: IntFormat | None = param(
        None, "format of sums, 1 to 64 bits; default: the narrowest signed one that holds k_max"
    )
    accumulator_overflow: Overflow = param(
        Overflow.REFUSE, "wrap allows an accumulator that is too narrow for k_max"
    )
    k_max: int = param(4096, f"longest K of a GEMM, 1 to {MAX_STREAM}")
    pe_pipeline: bool = param(False, "register between multiplier and adder")

    def __post_init__(self) -> None:
        require_types(self)
        for name, value, high in (
            ("rows", self.rows, MAX_SIDE),
            ("cols", self.cols, MAX_SIDE),
            ("k_max", self.k_max, MAX_STREAM),
        ):
            if not 1 <= value <= high:
                raise UserError(f"{name} must be an integer from 1 to {high}, not {value!r}")
        operand_format("activation", self.activation)
        operand_format("weight", self.weight)
        check_accumulator(self)

    @property
    def sums(self) -> IntFormat:
        """Format of results and partial sums."""
        return sums_format(self)

    def sum_range(self, k: int) -> tuple[int, int]:
        """Smallest and largest sum of ``k`` products."""
        return sum_range(self.activation, self.weight, k)

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates that a full tile does in every cycle."""
        return self.rows * self.cols

    @property
    def column_sums(self) -> IntFormat:
        """Format of the sums that move down a column of a grid with a resting operand.

        They span ``rows`` products only, so they may be narrower than ``sums``.
        """
        exact = smallest_int(*self.sum_range(self.rows))
        return exact if exact.bits < self.sums.bits else self.sums

    @property
    def array_dims(self) -> tuple[Dim, Dim, Dim]:
        """Dimensions that lie along the rows, along the columns, and that stream."""
        match self.dataflow:
            case Dataflow.OS:
                return Dim.M, Dim.N, Dim.K
            case Dataflow.WS:
                return Dim.K, Dim.N, Dim.M
            case Dataflow.IS:
                return Dim.K, Dim.M, Dim.N


PRESETS: Mapping[str, Params] = {}


def matmul(params: Params, a: Codes, w: Codes, c: Codes | None = None) -> Codes:
    """``a @ w + c``, exact, then wrapped to the accumulator.

    Wrapping commutes with addition, so the order in which partial sums of a split K are added
    does not matter, and neither does the dataflow.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned, shape (M, K)
        Codes of ``params.activation``.
    w : ndarray of unsigned, shape (K, N)
        Codes of ``params.weight``.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of ``params.sums`` to add to.

    Returns
    -------
    ndarray of unsigned, shape (M, N)
        Codes of ``params.sums``.

    Raises
    ------
    UserError
        If shapes do not fit, a code is too wide, or K exceeds ``k_max``.
    """
    return sum_products(params, params.activation.decode(a), params.weight.decode(w), c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM: those of one streamed block follow each other with K innermost.

    Raises
    ------
    UserError
        If a size is below 1, or K exceeds ``k_max``.
    """
    size = {Dim.M: m, Dim.N: n, Dim.K: k}
    for dim, length in size.items():
        if length < 1:
            raise UserError(f"{dim.value} of a GEMM must be at least 1, not {length}")
    check_k(params, k)
    row_dim, col_dim, stream_dim = params.array_dims
    tile = {row_dim: params.rows, col_dim: params.cols, stream_dim: MAX_STREAM}
    order = {
        Dataflow.OS: (Dim.M, Dim.N, Dim.K),
        Dataflow.WS: (Dim.M, Dim.N, Dim.K),
        Dataflow.IS: (Dim.N, Dim.M, Dim.K),
    }[params.dataflow]
    return Jobs.grid(order, size, tile)


def layout(params: Params) -> Layout:
    """Ports of the array.

    Output-stationary: beat k carries column k of A and row k of W; results leave from the last
    row up. Stationary operands are pushed in from the top, so the far end of the tile's K comes
    first; results then leave in the order in which the moving operand entered.
    """
    rows, cols = params.rows, params.cols
    a, w, d = params.activation, params.weight, params.sums
    row_field = JobField(params.array_dims[0], rows)
    stream_field = JobField(params.array_dims[2], MAX_STREAM)
    match params.dataflow:
        case Dataflow.OS:
            activations = (Lane(Dim.M, rows), Beat(Dim.K))
            weights = (Lane(Dim.N, cols), Beat(Dim.K))
            results = (Lane(Dim.N, cols), Beat(Dim.M, descending=True))
        case Dataflow.WS:
            activations = (Lane(Dim.K, rows), Beat(Dim.M))
            weights = (Lane(Dim.N, cols), Beat(Dim.K, descending=True))
            results = (Lane(Dim.N, cols), Beat(Dim.M))
        case Dataflow.IS:
            activations = (Lane(Dim.M, cols), Beat(Dim.K, descending=True))
            weights = (Lane(Dim.K, rows), Beat(Dim.N))
            results = (Lane(Dim.M, cols), Beat(Dim.N))

    def port(operand: Operand, format: IntFormat, axes: tuple[Lane, Beat]) -> PortLayout:
        return PortLayout(operand=operand, format=format, lanes=axes[:1], beats=axes[1:])

    return Layout(
        job=(row_field, stream_field),
        activations=port(Operand.A, a, activations),
        weights=port(Operand.W, w, weights),
        results=port(Operand.D, d, results),
    )
