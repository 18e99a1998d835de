"""Composable two-bit bricks: as many products of narrow operands as fit, or one of wide ones.

Of operands in digits of two bits, ``x * w = sum(4**(i + j) * x_i * w_j)``, with the sign in the
highest digit. A brick multiplies two digits. Bricks that are fused with shifts between them make
one wide product, and apart they make many narrow ones: with operands of p and q bits where P and Q
are the most, a fused unit does ``P // p * (Q // q)`` products per cycle, all of its bricks at work.
That is Bit Fusion's spatial fusion [BitFusion]_.

.. [BitFusion] H. Sharma et al., "Bit Fusion: bit-level dynamically composable architecture for
   accelerating deep neural networks", ISCA 2018, arXiv 1712.01507.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from golden.arith.planes import Plane, sum_planes
from golden.contract import (
    Beat,
    Dim,
    Fusing,
    JobField,
    Jobs,
    Lane,
    Layout,
    Operand,
    PortLayout,
    Width,
)
from golden.errors import UserError
from golden.formats import INT8, Codes, Format, IntFormat
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import MAX_SIDE, MAX_STREAM, TileParams, operand_codes, tile_jobs, tile_layout

__all__ = ["DIGIT_BITS", "PRESETS", "Params", "jobs", "layout", "matmul"]

DIGIT_BITS = 2
_WIDTHS = (2, 4, 8)
_WIDTHS_DOC = "integers of 2, 4 or 8 bits"


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    """Design parameters of an engine of composable bricks."""

    k: int = param(4, f"fused units of a result, products of the widest at once, 1 to {MAX_SIDE}")
    activation: IntFormat = param(INT8, f"widest format of activations, {_WIDTHS_DOC}")
    weight: IntFormat = param(INT8, f"widest format of weights, {_WIDTHS_DOC}")

    def check_operands(self) -> None:
        """Widths are those that bricks compose to."""
        for name in ("activation", "weight"):
            format: IntFormat = getattr(self, name)
            if format.bits not in _WIDTHS:
                raise UserError(f"{name} must be {_WIDTHS_DOC}, not {format}")

    @property
    def bricks(self) -> int:
        """Bricks of a fused unit, and digits that it takes of either operand."""
        return self.activation.bits // DIGIT_BITS * (self.weight.bits // DIGIT_BITS)


PRESETS: Mapping[str, Params] = {
    f"bit-fusion-{bits}-2": Params(
        m=1,
        n=1,
        k=1,
        activation=IntFormat(bits),
        weight=IntFormat(bits),
        accumulator=IntFormat(32),
        k_max=MAX_STREAM,
    )
    for bits in _WIDTHS
}
"""One fused unit with its sum: what the published table of areas synthesizes (``systolic_array``,
1 x 1), for 8, 4 and 2 bits down to 2. The width of the published sum is not known; here it is 32.
"""


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, digit by digit, wrapped to the accumulator.

    Each pair of digits is worth a power of two, and wrapping commutes with addition: the result is
    the exact one modulo ``2 ** bits`` of the accumulator, however bricks are fused.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``; those of a tensor may have 2 or 4 bits.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``params.weight``; those of a tensor may have 2 or 4 bits.
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
    digits = []
    for name, operand, widest in (
        ("activations", a, params.activation),
        ("weights", w, params.weight),
    ):
        codes, format = operand_codes(name, operand, widest, narrower=True)
        if format.bits not in _WIDTHS:
            raise UserError(f"{name} must be {_WIDTHS_DOC}, not {format.name}")
        digits.append(_digits(codes, format))
    first, second = digits
    return sum_planes(params, first, second, c)


def _digits(codes: Codes, format: Format) -> list[Plane]:
    """Digits of codes, the lowest first; the highest has the sign.

    Raises
    ------
    UserError
        If a code has more bits than the format.
    """
    if codes.size and int(codes.max()) >> format.bits:
        raise UserError(f"{int(codes.max())} is not a code of {format.name}")
    planes: list[Plane] = []
    for low in range(0, format.bits, DIGIT_BITS):
        digit = codes.astype(np.int64) >> low & 3
        if isinstance(format, IntFormat) and format.signed and low == format.bits - DIGIT_BITS:
            digit = np.where(digit > 1, digit - 4, digit)
        planes.append((digit, 1 << low))
    return planes


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose operands are the widest; see `golden.tile.tile_jobs`."""
    return (
        tile_jobs(params, m, n, k)
        .with_bits(Width.ACTIVATION, params.activation.bits)
        .with_bits(Width.WEIGHT, params.weight.bits)
    )


def layout(params: Params) -> Layout:
    """Ports: of each step, for each fused unit as many digits as it takes, element by element."""
    widest = {Width.ACTIVATION: params.activation.bits, Width.WEIGHT: params.weight.bits}
    fusing = Fusing(activation_bits=params.activation.bits, weight_bits=params.weight.bits)
    activations = PortLayout(
        operand=Operand.A,
        format=params.activation,
        lanes=(
            Lane(Dim.M, params.m),
            Lane(Dim.K, params.k),
            Lane(Width.ACTIVATION, params.bricks),
        ),
        beats=(Beat(Dim.K),),
        digit_bits=DIGIT_BITS,
        fusing=fusing,
    )
    weights = PortLayout(
        operand=Operand.W,
        format=params.weight,
        lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n), Lane(Width.WEIGHT, params.bricks)),
        beats=(Beat(Dim.K),),
        digit_bits=DIGIT_BITS,
        fusing=fusing,
    )
    told = (
        JobField(width, bits, choices=tuple(choice for choice in _WIDTHS if choice <= bits))
        for width, bits in widest.items()
    )
    return tile_layout(params, weights, *told, activations=activations)
