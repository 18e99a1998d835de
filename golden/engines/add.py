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

import numpy as np
from numpy.typing import NDArray

from golden.arith.sums import Overflow, check_accumulator, sum_products, sums_format
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import (
    INT8,
    MAX_OPERAND_BITS,
    BipolarFormat,
    Codes,
    Format,
    IntFormat,
    operand_format,
)
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

__all__ = ["PRESETS", "Params", "jobs", "layout", "matmul"]


@dataclass(frozen=True, kw_only=True)
class Params:
    """Design parameters of an engine that adds where bits of weights are set.

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
    weight: Format = param(
        INT8, "widest format of weights, integers or bipolar integers of 1 to 16 bits"
    )
    accumulator: IntFormat | None = param(None, ACCUMULATOR_DOC)
    accumulator_overflow: Overflow = param(Overflow.REFUSE, OVERFLOW_DOC)
    k_max: int = param(4096, K_MAX_DOC)
    stages: int = param(2, f"{STAGES_DOC}; at least 2, as activations are kept")

    def __post_init__(self) -> None:
        require_types(self)
        check_sizes(self, least_stages=2)
        operand_format("activation", self.activation)
        if (
            not isinstance(self.weight, (IntFormat, BipolarFormat))
            or self.weight.bits > MAX_OPERAND_BITS
        ):
            raise UserError(
                f"weight must be an integer or bipolar format of 1 to {MAX_OPERAND_BITS} bits,"
                f" not {self.weight.name}"
            )
        check_accumulator(self)

    @property
    def sums(self) -> IntFormat:
        """Format of results."""
        return sums_format(self)

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
    second, weight = operand_codes("weights", w, params.weight, narrower=True)
    if second.size and int(second.max()) >> weight.bits:
        raise UserError(f"{int(second.max())} is not a code of {weight.name}")
    values = activation.decode(first)
    sums = c
    for plane in range(weight.bits):
        gates = _plane(second, plane, weight)
        sums = sum_products(params, values, gates * _worth(plane, weight), sums)
    assert sums is not None  # a format has a bit at least
    return sums


def _plane(codes: Codes, plane: int, weight: Format) -> NDArray[np.int64]:
    """What the bits of a plane stand for: 0 and 1, or -1 and 1."""
    bits = (codes.astype(np.int64) >> plane) & 1
    return 2 * bits - 1 if isinstance(weight, BipolarFormat) else bits


def _worth(plane: int, weight: Format) -> int:
    """What a plane's sum counts."""
    is_sign = isinstance(weight, IntFormat) and weight.signed and plane == weight.bits - 1
    return -(1 << plane) if is_sign else 1 << plane


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose weights are the widest; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k).with_bits(Width.WEIGHT, params.max_weight_bits)


def layout(params: Params) -> Layout:
    """Ports: a step's activations in one beat, its weights in a beat per plane, lowest first."""
    return Layout(
        job=(*job_fields(params), JobField(Width.WEIGHT, params.max_weight_bits)),
        activations=activations_port(params),
        weights=PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.K, params.k), Lane(Dim.N, params.n)),
            beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
            digit_bits=1,
        ),
        results=results_port(params),
    )
