"""What engines have in common that do a tile of M x N x K products per step.

A job is a tile of up to ``m`` rows and ``n`` columns with any K. Its K is cut in steps of ``k``;
each step brings one beat of activations, and of weights one beat or as many as they have planes.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from golden.arith.sums import Overflow, check_accumulator, check_k, sum_products, sums_format
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout
from golden.errors import UserError
from golden.formats import INT8, Codes, Format, IntFormat
from golden.params import param, require_types
from golden.quantized import QuantizedTensor

__all__ = [
    "ACTIVATION_DOC",
    "MAX_SIDE",
    "MAX_STREAM",
    "STAGES_DOC",
    "TileParams",
    "activations_port",
    "job_fields",
    "levels",
    "multiply",
    "operand_codes",
    "results_port",
    "tile_jobs",
    "tile_layout",
]

MAX_SIDE = 256
MAX_STREAM = (1 << 16) - 1
"""Longest K of a job."""

ACTIVATION_DOC = "format of activations, integers of 1 to 16 bits"
STAGES_DOC = "cycles from a beat of operands to the sums, up to 3 more than the tree has levels"


@dataclass(frozen=True, kw_only=True)
class TileParams(ABC):
    """Params that all such engines have; each adds its formats and knobs.

    Raises
    ------
    UserError
        If a param is out of range, or the accumulator can not hold every sum of ``k_max``
        products and ``accumulator_overflow`` is not ``wrap``.
    """

    m: int = param(4, f"rows of a tile, 1 to {MAX_SIDE}")
    n: int = param(4, f"columns of a tile, 1 to {MAX_SIDE}")
    k: int = param(4, f"products that are added up at once, 1 to {MAX_SIDE}")
    activation: Format = param(INT8, ACTIVATION_DOC)
    accumulator: IntFormat | None = param(
        None, "format of sums, 1 to 64 bits; default: the narrowest signed one that holds k_max"
    )
    accumulator_overflow: Overflow = param(
        Overflow.REFUSE, "wrap allows an accumulator that is too narrow for k_max"
    )
    k_max: int = param(4096, f"longest K of a GEMM, 1 to {MAX_STREAM}")
    stages: int = param(2, STAGES_DOC)

    def __post_init__(self) -> None:
        require_types(self)
        for name, low, high in (
            ("m", 1, MAX_SIDE),
            ("n", 1, MAX_SIDE),
            ("k", 1, MAX_SIDE),
            ("k_max", 1, MAX_STREAM),
        ):
            self._check_range(name, low, high)
        self.check_operands()
        self._check_range("stages", self.least_stages, self.most_stages, f" where k={self.k}")
        self.check_sums()

    def check_sums(self) -> None:
        """Refuse an accumulator that is too narrow without leave to wrap."""
        check_accumulator(self)

    def _check_range(self, name: str, low: int, high: int, reason: str = "") -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise UserError(
                f"{name} must be an integer from {low} to {high}{reason}, not {value!r}"
            )

    @property
    def least_stages(self) -> int:
        """Cycles to the sums with no more registers than the engine can not do without."""
        return 1

    @property
    def most_stages(self) -> int:
        """Cycles to the sums with a register at every place that may have one."""
        return levels(self.k) + 3

    @abstractmethod
    def check_operands(self) -> None:
        """Refuse formats and knobs of operands that the engine does not take.

        Raises
        ------
        UserError
            Naming the first one, what was given and what is allowed.
        """

    @property
    @abstractmethod
    def weight(self) -> Format:
        """Format of weights, the widest where jobs say how wide they are."""

    @property
    def sums(self) -> IntFormat:
        """Format of the accumulator."""
        return sums_format(self)

    @property
    def results(self) -> Format:
        """Format of results."""
        return self.sums

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates per cycle of a full tile whose operands are the widest."""
        return self.m * self.n * self.k


def levels(k: int) -> int:
    """Levels of a tree of adders that adds up ``k`` numbers."""
    return (k - 1).bit_length()


def tile_jobs(params: TileParams, m: int, n: int, k: int) -> Jobs:
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


def job_fields(params: TileParams) -> tuple[JobField, ...]:
    """What every such engine is told: rows and K of the tile, but not its columns."""
    return JobField(Dim.M, params.m), JobField(Dim.K, params.k_max)


def tile_layout(
    params: TileParams,
    weights: PortLayout,
    *widths: JobField,
    activations: PortLayout | None = None,
) -> Layout:
    """Ports of an engine.

    Parameters
    ----------
    params : TileParams
    weights : PortLayout
    *widths : JobField
        What jobs say beside `job_fields`.
    activations : PortLayout, optional
        Default: `activations_port`.
    """
    return Layout(
        job=(*job_fields(params), *widths),
        activations=activations_port(params) if activations is None else activations,
        weights=weights,
        results=results_port(params),
    )


def activations_port(params: TileParams) -> PortLayout:
    """All rows of a step in one beat."""
    return PortLayout(
        operand=Operand.A,
        format=params.activation,
        lanes=(Lane(Dim.M, params.m), Lane(Dim.K, params.k)),
        beats=(Beat(Dim.K),),
    )


def results_port(params: TileParams) -> PortLayout:
    """A row of the tile in one beat, the first row first."""
    return PortLayout(
        operand=Operand.D,
        format=params.results,
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
    for field in ("scales", "zero_points", "codebook", "planes"):
        if getattr(operand, field) is not None:
            raise UserError(f"{name} must be bare codes: this engine applies no {field}")
    bits = range(1, widest.bits + 1) if narrower else [widest.bits]
    if operand.format not in [widest.with_bits(some) for some in bits]:
        fewer = " or the same with fewer bits" if narrower else ""
        raise UserError(f"{name} must be {widest.name}{fewer}, not {operand.format.name}")
    return operand.codes, operand.format


def multiply(
    params: TileParams,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, exact, then wrapped to the accumulator.

    Parameters
    ----------
    params : TileParams
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
