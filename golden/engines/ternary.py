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

from golden.contract import Beat, Dim, Jobs, Lane, Layout, Operand, PortLayout
from golden.formats import INT8, TERNARY, Codes, IntFormat, TernaryFormat, operand_format
from golden.packing import TRITS_3_IN_5, TRITS_5_IN_8, TritPacking
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import ACTIVATION_DOC, MAX_SIDE, TileParams, multiply, tile_jobs, tile_layout

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
class Params(TileParams):
    """Design parameters of an engine for ternary weights."""

    k: int = param(4, f"activations that are added up at once, 1 to {MAX_SIDE}")
    activation: IntFormat = param(INT8, ACTIVATION_DOC)
    packed: Packed = param(Packed.CODES, "weights as codes of two bits, or in words of base 3")

    def check_operands(self) -> None:
        """Activations are integers."""
        operand_format("activation", self.activation)

    @property
    def weight(self) -> TernaryFormat:
        """Format of weights."""
        return TERNARY


PRESETS: Mapping[str, Params] = {}


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
    """Ports: a step of ``k`` products per beat, lanes row-major, weights in words if packed."""
    return tile_layout(
        params,
        PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K),),
            packing=params.packed.packing,
        ),
    )
