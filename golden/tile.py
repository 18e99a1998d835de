"""What engines have in common that do a tile of M x N x K products per step.

A job is a tile of up to ``m`` rows and ``n`` columns with any K. Its K is cut in steps of ``k``;
each step brings one beat of activations, and of weights one beat or as many as they have planes.
"""

from typing import Protocol

from golden.arith.sums import Summing, check_k, sums_format
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Operand, PortLayout
from golden.errors import UserError
from golden.formats import Codes, Format
from golden.quantized import QuantizedTensor

__all__ = [
    "ACCUMULATOR_DOC",
    "K_MAX_DOC",
    "MAX_SIDE",
    "MAX_STREAM",
    "OVERFLOW_DOC",
    "STAGES_DOC",
    "Tile",
    "activations_port",
    "check_sizes",
    "job_fields",
    "levels",
    "operand_codes",
    "results_port",
    "tile_jobs",
]

MAX_SIDE = 256
MAX_STREAM = (1 << 16) - 1
"""Longest K of a job."""

ACCUMULATOR_DOC = "format of sums, 1 to 64 bits; default: the narrowest signed one that holds k_max"
OVERFLOW_DOC = "wrap allows an accumulator that is too narrow for k_max"
K_MAX_DOC = f"longest K of a GEMM, 1 to {MAX_STREAM}"
STAGES_DOC = "cycles from a beat of operands to the sums, up to 3 more than the tree has levels"


class Tile(Summing, Protocol):
    """Params of such an engine."""

    @property
    def m(self) -> int:
        """Rows of a tile."""

    @property
    def n(self) -> int:
        """Columns of a tile."""

    @property
    def k(self) -> int:
        """Products that are added up at once."""

    @property
    def stages(self) -> int:
        """Cycles from a beat of operands to the sums."""


def levels(k: int) -> int:
    """Levels of a tree of adders that adds up ``k`` numbers."""
    return (k - 1).bit_length()


def check_sizes(params: Tile, *, least_stages: int = 1) -> None:
    """Refuse sizes out of range.

    Raises
    ------
    UserError
        Naming the first one, what was given and what is allowed.
    """
    for name, low, high in (
        ("m", 1, MAX_SIDE),
        ("n", 1, MAX_SIDE),
        ("k", 1, MAX_SIDE),
        ("k_max", 1, MAX_STREAM),
        ("stages", least_stages, levels(params.k) + 3),
    ):
        value = getattr(params, name)
        if not low <= value <= high:
            reason = f" where k={params.k}" if name == "stages" else ""
            raise UserError(
                f"{name} must be an integer from {low} to {high}{reason}, not {value!r}"
            )


def tile_jobs(params: Tile, m: int, n: int, k: int) -> Jobs:
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
    tile = {Dim.M: params.m, Dim.N: params.n, Dim.K: MAX_STREAM}
    return Jobs.grid((Dim.M, Dim.N, Dim.K), size, tile)


def job_fields(params: Tile) -> tuple[JobField, ...]:
    """What every such engine is told: rows and K of the tile, but not its columns."""
    return JobField(Dim.M, params.m), JobField(Dim.K, params.k_max)


def activations_port(params: Tile) -> PortLayout:
    """All rows of a step in one beat."""
    return PortLayout(
        operand=Operand.A,
        format=params.activation,
        lanes=(Lane(Dim.M, params.m), Lane(Dim.K, params.k)),
        beats=(Beat(Dim.K),),
    )


def results_port(params: Tile) -> PortLayout:
    """A row of the tile in one beat, the first row first."""
    return PortLayout(
        operand=Operand.D,
        format=sums_format(params),
        lanes=(Lane(Dim.N, params.n),),
        beats=(Beat(Dim.M),),
    )


def operand_codes(
    name: str, operand: Codes | QuantizedTensor, widest: Format, *, narrower: bool = False
) -> tuple[Codes, Format]:
    """Codes of an operand, and their format.

    Parameters
    ----------
    name : str
        Of the operand, for messages.
    operand : ndarray of unsigned or QuantizedTensor
        Bare codes are of ``widest``.
    widest : Format
    narrower : bool
        Whether a tensor may have fewer bits.

    Raises
    ------
    UserError
        If a tensor has another format, or scales, zero points or a codebook, of which integer
        sums know nothing.
    """
    if not isinstance(operand, QuantizedTensor):
        return operand, widest
    for field in ("scales", "zero_points", "codebook"):
        if getattr(operand, field) is not None:
            raise UserError(f"{name} must be bare codes: this engine applies no {field}")
    bits = range(1, widest.bits + 1) if narrower else [widest.bits]
    if operand.format not in [widest.with_bits(some) for some in bits]:
        fewer = " or the same with fewer bits" if narrower else ""
        raise UserError(f"{name} must be {widest.name}{fewer}, not {operand.format.name}")
    return operand.codes, operand.format
