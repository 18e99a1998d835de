"""Bit-serial weights: adders that activations enter where a bit of the weight is set.

A weight of B bits is taken in B planes of one bit, a plane per cycle:
``a * w = sum(2**b * a * bit(w, b))``, with −2^(B−1) for the sign plane of two's complement. So a
product needs no multiplier, only gates and an adder [Stripes]_, and the same hardware runs any
number of bits up to its widest. Bits of bipolar weights stand for −1 and +1: then an activation is
added or subtracted. "ADD" is one of the baselines of LUT Tensor Core [LUT]_.

.. [Stripes] P. Judd et al., "Stripes: bit-serial deep neural network computing", MICRO 2016.
.. [LUT] Z. Mo et al., "LUT Tensor Core", ISCA 2025, arXiv 2408.06003.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from golden.arith.planes import check_planes, planes_of, sum_planes
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.formats import INT8, Codes, Format, IntFormat, operand_format
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import (
    ACTIVATION_DOC,
    MAX_SIDE,
    STAGES_DOC,
    TileParams,
    operand_codes,
    tile_jobs,
    tile_layout,
)

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    """Design parameters of an engine that adds where bits of weights are set."""

    k: int = param(4, f"activations that are added up at once, 1 to {MAX_SIDE}")
    activation: IntFormat = param(INT8, ACTIVATION_DOC)
    weight: Format = param(
        INT8, "widest format of weights, integers or bipolar integers of 1 to 16 bits"
    )
    stages: int = param(2, f"{STAGES_DOC}; at least 2, as activations are kept")

    @property
    def least_stages(self) -> int:
        """Operands are kept."""
        return 2

    def check_operands(self) -> None:
        """Activations are integers, and weights have planes."""
        operand_format("activation", self.activation)
        check_planes("weight", self.weight)

    @property
    def max_weight_bits(self) -> int:
        """Planes of the widest weights."""
        return self.weight.bits

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates per cycle of a full tile whose weights are the widest."""
        return self.m * self.n * self.k / self.max_weight_bits


PRESETS: Mapping[str, Params] = {}


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, plane by plane, wrapped to the accumulator.

    Each plane is worth a power of two, and wrapping commutes with addition: the result is the
    exact one modulo ``2 ** bits`` of the accumulator, whatever the order of planes.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``params.weight``; those of a tensor may have fewer bits.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of ``params.sums`` to add to.

    Raises
    ------
    UserError
        If shapes or formats do not fit, or K exceeds ``k_max``.
    """
    first, activation = operand_codes("activations", a, params.activation)
    second, weight = operand_codes("weights", w, params.weight, narrower=True)
    return sum_planes(params, [(activation.decode(first), 1)], planes_of(second, weight), c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose weights are the widest; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k).with_bits(Width.WEIGHT, params.max_weight_bits)


def layout(params: Params) -> Layout:
    """Ports: a step's activations in one beat, its weights in a beat per plane, lowest first."""
    return tile_layout(
        params,
        PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
            digit_bits=1,
        ),
        JobField(Width.WEIGHT, params.max_weight_bits),
    )
