"""Systolic array of exponent–integer elements, with decoders at its edges.

A number with few bits and a wide reach is an integer with a shift, ⟨e, i⟩ = i · 2^e, and so is a
product: ⟨a, b⟩ · ⟨c, d⟩ = (b · d) · 2^(a + c). ANT [ANT]_ and OliVe [OliVe]_ decode flint and
outlier–victim pairs at the edges of an array whose elements know nothing but such pairs. Sums are
integers and rest in the elements, as in an output-stationary `golden.engines.systolic`.

.. [ANT] C. Guo et al., "ANT: exploiting adaptive numerical data type for low-bit deep neural
   network quantization", MICRO 2022.
.. [OliVe] C. Guo et al., "OliVe: accelerating large language models via hardware-friendly
   outlier-victim pair quantization", ISCA 2023, arXiv 2304.07493.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
from golden.formats import (
    MAX_OPERAND_BITS,
    Codes,
    FlintFormat,
    Format,
    IntFormat,
    OvpFormat,
    Values,
)
from golden.packing import OvpPacking
from golden.params import param, require_types
from golden.quantized import QuantizedTensor
from golden.tile import operand_codes

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]

MAX_SIDE = 256
MAX_STREAM = (1 << 16) - 1
"""Longest K of a job."""

_FORMATS = f"integers of 1 to {MAX_OPERAND_BITS} bits, flint or ovp_…"


@dataclass(frozen=True, kw_only=True)
class Params:
    """Design parameters of an array of exponent–integer elements.

    Raises
    ------
    UserError
        If a param is out of range, or the accumulator can not hold every sum of ``k_max``
        products and ``accumulator_overflow`` is not ``wrap``.
    """

    rows: int = param(16, f"processing elements down the array, along M, 1 to {MAX_SIDE}")
    cols: int = param(16, f"processing elements across the array, along N, 1 to {MAX_SIDE}")
    activation: Format = param(FlintFormat(4), f"format of activations: {_FORMATS}")
    weight: Format = param(FlintFormat(4), f"format of weights: {_FORMATS}")
    accumulator: IntFormat | None = param(
        None, "format of sums, 1 to 64 bits; default: the narrowest signed one that holds k_max"
    )
    accumulator_overflow: Overflow = param(
        Overflow.REFUSE, "wrap allows an accumulator that is too narrow for k_max"
    )
    k_max: int = param(4096, f"longest K of a GEMM, 1 to {MAX_STREAM}")
    pe_pipeline: bool = param(False, "register between multiplier and adder, after the shift")

    def __post_init__(self) -> None:
        require_types(self)
        for name, value, high in (
            ("rows", self.rows, MAX_SIDE),
            ("cols", self.cols, MAX_SIDE),
            ("k_max", self.k_max, MAX_STREAM),
        ):
            if not 1 <= value <= high:
                raise UserError(f"{name} must be an integer from 1 to {high}, not {value!r}")
        for name, format in (("activation", self.activation), ("weight", self.weight)):
            known = isinstance(format, (IntFormat, FlintFormat, OvpFormat))
            if not known or (isinstance(format, IntFormat) and format.bits > MAX_OPERAND_BITS):
                raise UserError(
                    f"{name} must be an integer format of 1 to {MAX_OPERAND_BITS} bits, flint, or"
                    f" pairs of outliers and victims (ovp_int4 and the like), not {format}"
                )
        check_accumulator(self)

    @property
    def sums(self) -> IntFormat:
        """Format of results."""
        return sums_format(self)

    @property
    def product_range(self) -> tuple[int, int]:
        """Smallest and largest product."""
        return sum_range(self.activation, self.weight, 1)

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates that a full tile does in every cycle."""
        return self.rows * self.cols


PRESETS: Mapping[str, Params] = {
    "ant-micro22": Params(rows=64, cols=64, activation=FlintFormat(4), weight=FlintFormat(4)),
    "olive-isca23": Params(
        rows=64,
        cols=64,
        activation=OvpFormat(IntFormat(4)),
        weight=OvpFormat(IntFormat(4)),
        accumulator=IntFormat(32),
    ),
    "olive-isca23-8bit": Params(
        rows=32,
        cols=32,
        activation=OvpFormat(IntFormat(8)),
        weight=OvpFormat(IntFormat(8)),
        accumulator=IntFormat(32),
        accumulator_overflow=Overflow.WRAP,
    ),
}
"""Arrays as the papers compare them: 4,096 elements of 4 bits, or 1,024 of 8 bits."""


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, exact, then wrapped to the accumulator.

    Numbers of ``ovp_…`` are pairs along K, of rows of ``a`` and columns of ``w``: k = 2j and
    2j + 1. Beside an outlier the other counts as zero, as `golden.packing.OvpPacking` says.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
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
        If shapes or formats do not fit, or K exceeds ``k_max``.
    """
    first, _ = operand_codes("activations", a, params.activation)
    second, _ = operand_codes("weights", w, params.weight)
    return sum_products(
        params,
        _values(params.activation, first, along_k=1),
        _values(params.weight, second, along_k=0),
        c,
    )


def _values(format: Format, codes: Codes, *, along_k: int) -> Values:
    """What codes count for, K being the axis ``along_k``."""
    if isinstance(format, OvpFormat):
        codes = OvpPacking(format).prune(codes, along_k)
    return format.decode(codes)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM, row of tiles by row of tiles; K is never cut.

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
    tile = {Dim.M: params.rows, Dim.N: params.cols, Dim.K: MAX_STREAM}
    return Jobs.grid((Dim.M, Dim.N, Dim.K), size, tile)


def layout(params: Params) -> Layout:
    """Ports of the array.

    A beat of operands has column k of A or row k of W or, in words of two, pairs of neighbours
    along K. Results leave from the last row up.
    """
    return Layout(
        job=(JobField(Dim.M, params.rows), JobField(Dim.K, params.k_max)),
        activations=_operand(Operand.A, params.activation, Lane(Dim.M, params.rows)),
        weights=_operand(Operand.W, params.weight, Lane(Dim.N, params.cols)),
        results=PortLayout(
            operand=Operand.D,
            format=params.sums,
            lanes=(Lane(Dim.N, params.cols),),
            beats=(Beat(Dim.M, descending=True),),
        ),
    )


def _operand(operand: Operand, format: Format, across: Lane) -> PortLayout:
    if isinstance(format, OvpFormat):
        packing = OvpPacking(format)
        lanes: tuple[Lane, ...] = (across, Lane(Dim.K, packing.lanes))
        return PortLayout(
            operand=operand, format=format, lanes=lanes, beats=(Beat(Dim.K),), packing=packing
        )
    return PortLayout(operand=operand, format=format, lanes=(across,), beats=(Beat(Dim.K),))
