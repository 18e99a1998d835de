"""Shift-and-add products of wide activations and weights of four bits at a time, scaled by groups.

A digit of four bits of a weight multiplies an activation by four gated rows: ``p = w0·a +
w1·(a<<1) + w2·(a<<2) ± w3·(a<<3)``, minus for the sign of two's complement. That is the W4A8
product of MixPE [MixPE]_, with no multiplier. Weights of more bits take a digit per cycle, each
worth 16 times the one before. Scales and zero points are applied once for a group of weights, after
its integer sum: what MixPE calls dequantization after the mixed-precision multiplication. Its
processing element is described by these equations; its schematic is not published.

.. [MixPE] Y. Zhang et al., "MixPE: quantization and hardware co-design for efficient LLM
   inference", 2024, arXiv 2411.16158.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import INT8, Codes, IntFormat
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.scaled import ScaledParams, bare, scaled_jobs, scaled_layout, scaled_product
from golden.tile import MAX_STREAM, STAGES_DOC, operand_codes, tile_layout

__all__ = ["DIGIT_BITS", "PRESETS", "Params", "jobs", "layout", "matmul"]

DIGIT_BITS = 4
_WIDTHS = (4, 8, 12, 16)
_WIDTHS_DOC = "integers of 4, 8, 12 or 16 bits"


@dataclass(frozen=True, kw_only=True)
class Params(ScaledParams):
    """Design parameters of an engine that shifts and adds."""

    activation: IntFormat = param(INT8, f"widest format of activations, {_WIDTHS_DOC}")
    weight: IntFormat = param(INT8, f"widest format of weights, {_WIDTHS_DOC}")
    zero_point: IntFormat | None = param(INT8, "format of zero points of groups; none for no such")
    stages: int = param(2, f"{STAGES_DOC}; at least 2, as activations are kept")

    @property
    def least_stages(self) -> int:
        """Activations and digits are kept in registers."""
        return 2

    def check_operands(self) -> None:
        """Operands consist of whole digits."""
        for name in ("activation", "weight"):
            format: IntFormat = getattr(self, name)
            if format.bits not in _WIDTHS:
                raise UserError(f"{name} must be {_WIDTHS_DOC}, not {format}")

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates per cycle of a full tile whose weights are the widest."""
        return self.m * self.n * self.k * DIGIT_BITS / self.weight.bits


PRESETS: Mapping[str, Params] = {
    "mixpe-w4a8": Params(
        m=1,
        n=64,
        k=64,
        weight=IntFormat(4),
        zero_point=IntFormat(4),
        group_steps=2,
        k_max=MAX_STREAM,
    ),
}
"""As many processing elements as the published simulator has, 64 x 64, and groups of 128.

That simulator takes its elements' cost from another design; tile, accumulator and epilogue here are
of this engine.
"""


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``: integer sums of groups, scaled; see `golden.epilogue`.

    Rows of a product, digits of weights and the accumulator are exact, so their order does not
    matter; that of groups does where scales are floats.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``; those of a tensor may have fewer digits.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``params.weight``; those of a tensor may have fewer digits, and it brings scales,
        zero points and the size of groups. Bare codes have scales of 1 and zero points of 0.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of ``params.results`` to add to.

    Returns
    -------
    ndarray of unsigned, shape (M, N)
        Codes of ``params.results``.

    Raises
    ------
    UserError
        If shapes, formats or groups do not fit, or K exceeds ``k_max``.
    """
    first, activation = operand_codes("activations", a, params.activation, narrower=True)
    second, weight = operand_codes("weights", bare(w), params.weight, narrower=True)
    for name, format in (("activations", activation), ("weights", weight)):
        if format.bits % DIGIT_BITS:
            raise UserError(f"{name} must be {_WIDTHS_DOC}, not {format.name}")
    return scaled_product(params, activation.decode(first), weight.decode(second), w, c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM of the widest operands in the longest groups."""
    return (
        scaled_jobs(params, m, n, k)
        .with_bits(Width.ACTIVATION, params.activation.bits)
        .with_bits(Width.WEIGHT, params.weight.bits)
    )


def layout(params: Params) -> Layout:
    """Ports: a step's activations in one beat, its weights in a beat per digit, lowest first."""
    weights = PortLayout(
        operand=Operand.W,
        format=params.weight,
        lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
        beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
        digit_bits=DIGIT_BITS,
    )
    widths = (
        JobField(width, format.bits, step=DIGIT_BITS)
        for width, format in (
            (Width.ACTIVATION, params.activation),
            (Width.WEIGHT, params.weight),
        )
    )
    return scaled_layout(params, tile_layout(params, weights, *widths))
