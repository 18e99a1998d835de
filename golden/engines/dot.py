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

from golden.contract import Beat, Dim, Jobs, Lane, Layout, Operand, PortLayout
from golden.formats import INT8, Codes, IntFormat, operand_format
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import ACTIVATION_DOC, MAX_STREAM, TileParams, multiply, tile_jobs, tile_layout

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    """Design parameters of a dot-product tensor core."""

    activation: IntFormat = param(INT8, ACTIVATION_DOC)
    weight: IntFormat = param(INT8, "format of weights, integers of 1 to 16 bits")

    def check_operands(self) -> None:
        """Both operands are integers."""
        operand_format("activation", self.activation)
        operand_format("weight", self.weight)


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
    """``a @ w + c``, exact, then wrapped to the accumulator; see `golden.tile.multiply`."""
    return multiply(params, a, w, c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k)


def layout(params: Params) -> Layout:
    """Ports: a step of ``k`` products per beat, lanes row-major."""
    return tile_layout(
        params,
        PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K),),
        ),
    )
