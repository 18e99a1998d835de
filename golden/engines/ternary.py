"""Ternary weights: activations are added, subtracted or left out.

Weights of BitNet b1.58 [BitNet]_ and of MatMul-free language models [MatMulFree]_ are −1, 0 and
+1, so that a product is no multiplication. They enter as codes of two bits, or packed in base 3:
five in a byte or three in five bits (`golden.packing`).

.. [BitNet] S. Ma et al., "The era of 1-bit LLMs", 2024, arXiv 2402.17764.
.. [MatMulFree] R.-J. Zhu et al., "Scalable MatMul-free language modeling", 2024, arXiv 2406.02528.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from golden.arith.sums import Overflow, check_accumulator, sum_products, sums_format
from golden.contract import Beat, Dim, Jobs, Lane, Layout, Operand, PortLayout
from golden.formats import INT8, TERNARY, Codes, IntFormat, TernaryFormat, operand_format
from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8, TritPacking
from golden.params import param, require_types
from golden.quantized import QuantizedTensor
from golden.tile import (
    ACCUMULATOR_DOC,
    K_MAX_DOC,
    MAX_SIDE,
    OVERFLOW_DOC,
    STAGES_DOC,
    activations_port,
    check_sizes,
    job_fields,
    operand_codes,
    results_port,
    tile_jobs,
)

__all__ = ["PRESETS", "Packed", "Params", "jobs", "layout", "matmul"]


class Packed(Enum):
    """How weights enter."""

    CODES = "codes"
    FIVE_IN_A_BYTE = "5-in-8"
    THREE_IN_FIVE_BITS = "3-in-5"

    @property
    def packing(self) -> TritPacking | None:
        """Of lanes into words."""
        return {
            Packed.CODES: None,
            Packed.FIVE_IN_A_BYTE: TRITS_5_IN_8,
            Packed.THREE_IN_FIVE_BITS: TRITS_3_IN_5,
        }[self]


@dataclass(frozen=True, kw_only=True)
class Params:
    """Design parameters of an engine for ternary weights.

    Raises
    ------
    UserError
        If a param is out of range, or the accumulator can not hold every sum of ``k_max``
        products and ``accumulator_overflow`` is not ``wrap``.
    """

    m: int = param(4, f"rows of a tile, 1 to {MAX_SIDE}")
    n: int = param(4, f"columns of a tile, 1 to {MAX_SIDE}")
    k: int = param(4, f"activations that are added up at once, 1 to {MAX_SIDE}")
    activation: IntFormat = param(INT8, "format of activations, integers of 1 to 16 bits")
    packed: Packed = param(Packed.CODES, "weights as codes of two bits, or in words of base 3")
    accumulator: IntFormat | None = param(None, ACCUMULATOR_DOC)
    accumulator_overflow: Overflow = param(Overflow.REFUSE, OVERFLOW_DOC)
    k_max: int = param(4096, K_MAX_DOC)
    stages: int = param(2, STAGES_DOC)

    def __post_init__(self) -> None:
        require_types(self)
        check_sizes(self)
        operand_format("activation", self.activation)
        check_accumulator(self)

    @property
    def weight(self) -> TernaryFormat:
        """Format of weights."""
        return TERNARY

    @property
    def sums(self) -> IntFormat:
        """Format of results."""
        return sums_format(self)

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates that a full tile does in every cycle."""
        return self.m * self.n * self.k


PRESETS: Mapping[str, Params] = {}


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, exact, then wrapped to the accumulator.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``ternary``.
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
    first, activation = operand_codes("activations", a, params.activation)
    second, weight = operand_codes("weights", w, params.weight)
    return sum_products(params, activation.decode(first), weight.decode(second), c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k)


def layout(params: Params) -> Layout:
    """Ports: a step of ``k`` products per beat, lanes row-major, weights in words if packed."""
    return Layout(
        job=job_fields(params),
        activations=activations_port(params),
        weights=PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K),),
            packing=params.packed.packing,
        ),
        results=results_port(params),
    )
