"""Bit planes of both operands: AND and popcount, or XNOR and popcount of bipolar integers.

Codes of A and B bits are A and B planes of one bit. With two's complement or unsigned operands
``y = sum(c_i * d_j * 2**(i + j) * popcount(x_i AND w_j))`` over planes i of the activations and j
of the weights, where c and d are −1 for the sign plane of two's complement and else 1 [ABQ]_
[FlexQ]_. Bits of bipolar integers stand for −1 and +1, and two planes of K bits have the product
``K - 2 * popcount(x_i XOR w_j)`` with no special plane [AP]_. One hardware runs any two widths.

.. [ABQ] C. Zeng et al., "ABQ-LLM: arbitrary-bit quantized inference acceleration for large language
   models", AAAI 2025, arXiv 2408.08554.
.. [FlexQ] H. Zhang et al., "FlexQ: efficient post-training INT6 quantization for LLM serving via
   algorithm-system co-design", 2025, arXiv 2508.04405.
.. [AP] S. Ma et al., "Efficient arbitrary precision acceleration for large language models on GPU
   tensor cores", ASP-DAC 2025, arXiv 2409.17870.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from golden.arith.planes import check_planes, planes_of, sum_planes
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import INT8, BipolarFormat, Codes, Format, IntFormat
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import MAX_SIDE, STAGES_DOC, TileParams, operand_codes, tile_jobs, tile_layout

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    """Design parameters of an engine that counts bits of planes.

    Raises
    ------
    UserError
        If a param is out of range, one operand is bipolar and the other is not, or the accumulator
        can not hold every sum of ``k_max`` products and ``accumulator_overflow`` is not ``wrap``.
    """

    k: int = param(16, f"bits that are counted at once, 1 to {MAX_SIDE}")
    activation: Format = param(
        INT8, "widest format of activations, integers or bipolar integers of 1 to 16 bits"
    )
    weight: Format = param(
        INT8, "widest format of weights, of 1 to 16 bits and bipolar where activations are"
    )
    activation_planes: int = param(
        1, "planes of activations at once, 1 to the bits of activation; the rest in time"
    )
    weight_planes: int = param(
        1, "planes of weights at once, 1 to the bits of weight; the rest in time"
    )
    stages: int = param(2, f"{STAGES_DOC}; at least 2, as bits are kept")

    @property
    def least_stages(self) -> int:
        """Operands are kept."""
        return 2

    def check_operands(self) -> None:
        """Both operands have planes, of one kind, and not fewer than come at once."""
        for name in ("activation", "weight"):
            format: Format = getattr(self, name)
            check_planes(name, format)
            planes = getattr(self, f"{name}_planes")
            if not 1 <= planes <= format.bits:
                raise UserError(
                    f"{name}_planes must be an integer from 1 to {format.bits} where"
                    f" {name}={format.name}, not {planes}"
                )
        if isinstance(self.activation, BipolarFormat) != isinstance(self.weight, BipolarFormat):
            raise UserError(
                "activation and weight must be both integers or both bipolar, not"
                f" {self.activation.name} and {self.weight.name}"
            )

    @property
    def bipolar(self) -> bool:
        """Whether bits of both operands stand for −1 and +1."""
        return isinstance(self.activation, BipolarFormat)

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates per cycle of a full tile whose operands are the widest."""
        passes = -(-self.activation.bits // self.activation_planes)
        return self.m * self.n * self.k / (passes * -(-self.weight.bits // self.weight_planes))


PRESETS: Mapping[str, Params] = {
    "abq-llm-w2a8": Params(
        m=1,
        n=4,
        k=128,
        weight=IntFormat(2),
        activation_planes=8,
        weight_planes=2,
        accumulator=IntFormat(32),
    ),
    "flexq-w6a6": Params(
        m=8,
        n=8,
        k=128,
        activation=IntFormat(6),
        weight=IntFormat(6),
        accumulator=IntFormat(32),
        k_max=128,
    ),
}
"""What one tensor-core instruction ``m8n8k128`` of the published kernels does, per cycle.

ABQ-LLM stacks planes: a row of 8 planes and 4 columns of 2. FlexQ takes a plane of 8 rows and one
of 8 columns, pair after pair, and hands out the sums of each group of 128.
"""


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, plane by plane, wrapped to the accumulator.

    Each pair of planes is worth a power of two, and wrapping commutes with addition: the result is
    the exact one modulo ``2 ** bits`` of the accumulator, whatever the order of planes.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``; those of a tensor may have fewer bits.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``params.weight``; those of a tensor may have fewer bits.
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
    # Of bits, AND is the product; of signs, equality is: K - 2 popcount(XOR) is their sum.
    first, activation = operand_codes("activations", a, params.activation, narrower=True)
    second, weight = operand_codes("weights", w, params.weight, narrower=True)
    return sum_planes(params, planes_of(first, activation), planes_of(second, weight), c)


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose operands are the widest; see `golden.tile.tile_jobs`."""
    return (
        tile_jobs(params, m, n, k)
        .with_bits(Width.ACTIVATION, params.activation.bits)
        .with_bits(Width.WEIGHT, params.weight.bits)
    )


def layout(params: Params) -> Layout:
    """Ports: of each step, planes in the order in which they are used, lowest first, each once."""
    return tile_layout(
        params,
        PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(
                Lane(Width.WEIGHT, params.weight_planes),
                Lane(Dim.K, params.k),
                Lane(Dim.N, params.n),
            ),
            beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
            digit_bits=1,
        ),
        JobField(Width.ACTIVATION, params.activation.bits),
        JobField(Width.WEIGHT, params.weight.bits),
        activations=PortLayout(
            operand=Operand.A,
            format=params.activation,
            lanes=(
                Lane(Width.ACTIVATION, params.activation_planes),
                Lane(Dim.M, params.m),
                Lane(Dim.K, params.k),
            ),
            beats=(Beat(Dim.K), Beat(Width.ACTIVATION)),
            digit_bits=1,
        ),
    )
