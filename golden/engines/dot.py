"""Dot-product tensor core: m x n trees that multiply and add k products per cycle.

Each result has k multipliers and a tree of adders of its own. Such units are what GPUs call tensor
cores: Volta's computes a 4 x 4 x 4 product per cycle [Volta]_, and the instruction ``dp4a`` is one
tree of four products of bytes [PTX]_. Operands have the width that they are given, no more: the
baseline that engines for narrow weights are measured against.

.. [Volta] NVIDIA, "NVIDIA Tesla V100 GPU architecture", WP-08608, 2017.
.. [PTX] NVIDIA, "Parallel thread execution ISA", instruction ``dp4a``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from golden.arith.sums import Overflow, check_accumulator, sum_products, sums_format
from golden.contract import Beat, Dim, Jobs, Lane, Layout, Operand, PortLayout
from golden.formats import INT8, Codes, IntFormat, operand_format
from golden.params import param, require_types
from golden.quantized import QuantizedTensor
from golden.tile import (
    ACCUMULATOR_DOC,
    K_MAX_DOC,
    MAX_SIDE,
    MAX_STREAM,
    OVERFLOW_DOC,
    STAGES_DOC,
    activations_port,
    check_sizes,
    job_fields,
    operand_codes,
    results_port,
    tile_jobs,
)

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]


@dataclass(frozen=True, kw_only=True)
class Params:
    """Design parameters of a dot-product tensor core.

    Raises
    ------
    UserError
        If a param is out of range, or the accumulator can not hold every sum of ``k_max``
        products and ``accumulator_overflow`` is not ``wrap``.
    """

    m: int = param(4, f"rows of a tile, 1 to {MAX_SIDE}")
    n: int = param(4, f"columns of a tile, 1 to {MAX_SIDE}")
    k: int = param(4, f"products that are added up at once, 1 to {MAX_SIDE}")
    activation: IntFormat = param(INT8, "format of activations, integers of 1 to 16 bits")
    weight: IntFormat = param(INT8, "format of weights, integers of 1 to 16 bits")
    accumulator: IntFormat | None = param(None, ACCUMULATOR_DOC)
    accumulator_overflow: Overflow = param(Overflow.REFUSE, OVERFLOW_DOC)
    k_max: int = param(4096, K_MAX_DOC)
    stages: int = param(2, STAGES_DOC)

    def __post_init__(self) -> None:
        require_types(self)
        check_sizes(self)
        operand_format("activation", self.activation)
        operand_format("weight", self.weight)
        check_accumulator(self)

    @property
    def sums(self) -> IntFormat:
        """Format of results."""
        return sums_format(self)

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates that a full tile does in every cycle."""
        return self.m * self.n * self.k


PRESETS: Mapping[str, Params] = {
    "dot-dp4-int8": Params(m=1, n=1, k=4, accumulator=IntFormat(32), k_max=MAX_STREAM),
}
"""One tree of four products of bytes with a sum of 32 bits, as ``dp4a`` computes."""


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
    first, activation = operand_codes("activations", a, params.activation)
    second, weight = operand_codes("weights", w, params.weight)
    return sum_products(params, activation.decode(first), weight.decode(second), c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k)


def layout(params: Params) -> Layout:
    """Ports: a step of ``k`` products per beat, lanes row-major."""
    return Layout(
        job=job_fields(params),
        activations=activations_port(params),
        weights=PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K),),
        ),
        results=results_port(params),
    )
