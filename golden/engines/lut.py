"""Lookup tables of sums of activations, read with bits of weights: a LUT tensor core.

Of every few activations a table holds what they add up to under weights of one bit, and a plane of
weights is an index into it. So ``a @ w`` takes a lookup for each group of activations and bit of
the weights, and no multiplication [LUT]_. Codes q of B bits are read as the odd numbers
``2 q - (2^B - 1) = sum(2**b * (±1))``, `bipolar` formats, whose tables are odd: half is enough.
Planes of 0 and 1 need all of the table, as the design does that LUT Tensor Core begins with
[UNPU]_.

.. [LUT] Z. Mo et al., "LUT Tensor Core: a software-hardware co-design for LUT-based low-bit LLM
   inference", ISCA 2025, arXiv 2408.06003.
.. [UNPU] J. Lee et al., "UNPU: a 50.6 TOPS/W unified deep neural network accelerator with 1b-to-16b
   fully-variable weight bit-precision", ISSCC 2018.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.arith.planes import check_planes, planes_of
from golden.arith.tables import (
    INT8_ENTRIES,
    IndexPacking,
    Table,
    TableKind,
    TablePort,
    index_bits,
    read_tables,
    row_reach,
)
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import (
    INT8,
    BipolarFormat,
    Codes,
    Format,
    IntFormat,
    SignsFormat,
    Values,
    operand_format,
)
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.scaled import Scale, ScaledParams, bare, scaled_jobs, scaled_layout, scaled_product
from golden.tile import (
    ACTIVATION_DOC,
    MAX_SIDE,
    activations_port,
    levels,
    operand_codes,
    tile_layout,
)

__all__ = [
    "PRESETS",
    "Params",
    "Precompute",
    "Registers",
    "TableKind",
    "jobs",
    "layout",
    "matmul",
    "table_scales",
]

MAX_GROUP = 8


class Registers(Enum):
    """What is held in registers on its way to the lookups."""

    NONE = "none"
    """Sources hold what is looked up and where; activations stay for all planes of a step."""

    TABLES = "tables"
    """Tables, as soon as activations come; bits of weights come from their source."""

    BOTH = "both"
    """Tables and the bits of weights."""

    DOUBLE = "double"
    """Two sets of tables, one filled while the other one is read, and the bits of weights."""


class Precompute(Enum):
    """Where tables are made."""

    ENGINE = "engine"
    """Of the activations that come."""

    EXTERNAL = "external"
    """Elsewhere: they come in place of activations."""

    EXTERNAL_INT8 = "external-int8"
    """The same, with entries of eight bits and a scale for each row of a job."""


@dataclass(frozen=True, kw_only=True)
class Params(ScaledParams):
    """Design parameters of a LUT tensor core."""

    k: int = param(4, f"activations of a step, 1 to {MAX_SIDE}, a multiple of group")
    group: int = param(4, f"activations of a table, 1 to {MAX_GROUP}")
    activation: IntFormat = param(INT8, ACTIVATION_DOC)
    weight: Format = param(
        BipolarFormat(4),
        "widest format of weights, bipolar, integer or signs of 1 to 16 bits",
    )
    scale: Scale = param(Scale.NONE, "format of scales of groups; none for plain sums")
    table: TableKind = param(
        TableKind.REMAPPED,
        "full tables, or half of them for signs, whose indices may come remapped",
    )
    precompute: Precompute = param(
        Precompute.ENGINE,
        "tables are made in the engine, or come in place of activations, exact or quantized",
    )
    registers: Registers = param(
        Registers.BOTH, "what is held: nothing, tables, tables and bits, or two sets of tables"
    )
    stages: int = param(
        2,
        "cycles from a beat of activations to the sums: at least 1 without registers, 3 with two"
        " sets of tables, else 2; up to 1 more than the levels of adders behind the lookups",
    )

    @property
    def least_stages(self) -> int:
        """Cycles with no more registers than asked for."""
        return {Registers.NONE: 1, Registers.DOUBLE: 3}.get(self.registers, 2)

    @property
    def most_stages(self) -> int:
        """Cycles with a register at every place."""
        return self.least_stages + levels(self.tables) + 1

    def check_operands(self) -> None:
        """Groups part a step, weights have planes, and half a table goes with signs."""
        if not 1 <= self.group <= MAX_GROUP:
            raise UserError(f"group must be an integer from 1 to {MAX_GROUP}, not {self.group}")
        if self.k % self.group:
            raise UserError(f"k must be a multiple of group={self.group}, not {self.k}")
        operand_format("activation", self.activation)
        check_planes("weight", self.weight, equal=True)
        if self.table.is_half and not self.bipolar:
            raise UserError(
                f"table must be full where weight={self.weight.name}, not {self.table.value}: only"
                " the tables of signs are odd"
            )

    def check_sums(self) -> None:
        """Refuse scales of weights where results have those of tables, and sums that do not fit."""
        if self.precompute is Precompute.EXTERNAL_INT8 and self.scale is not Scale.NONE:
            raise UserError(
                f"scale must be none where precompute=external-int8, not {self.scale.value}:"
                " results are to be scaled as the tables were"
            )
        super().check_sums()

    def sum_reach(self, length: int) -> tuple[int, int]:
        """Smallest and largest sum of so many products."""
        if self.precompute is not Precompute.EXTERNAL_INT8:
            return super().sum_reach(length)
        everything = (
            self.max_weight_bits
            if isinstance(self.weight, SignsFormat)
            else ((1 << self.max_weight_bits) - 1)
        )
        reach = INT8_ENTRIES * -(-length // self.group) * everything
        return -reach, reach

    @property
    def bipolar(self) -> bool:
        """Whether bits of weights stand for −1 and +1."""
        return isinstance(self.weight, (BipolarFormat, SignsFormat))

    @property
    def max_weight_bits(self) -> int:
        """Planes of the widest weights."""
        return self.weight.bits

    @property
    def tables(self) -> int:
        """Of a step of one row."""
        return self.k // self.group

    @property
    def shape_of_table(self) -> Table:
        """What a table holds."""
        return Table(group=self.group, kind=self.table, bipolar=self.bipolar)

    @property
    def entry(self) -> IntFormat:
        """Format of entries of tables."""
        if self.precompute is Precompute.EXTERNAL_INT8:
            return INT8
        return self.shape_of_table.entry_format(self.activation)

    @property
    def shares_low_bits(self) -> bool:
        """Whether the lowest bit of entries is held once a table.

        Sums of the same numbers, each taken −1 or +1 times, are odd or even together. Tables that
        come from elsewhere need not be.
        """
        return self.bipolar and self.precompute is Precompute.ENGINE

    @property
    def table_port(self) -> TablePort:
        """Tables as they are read, and as they come where they are made elsewhere."""
        return TablePort(
            table=self.shape_of_table,
            activation=self.activation,
            entry=self.entry,
            rows=self.m,
            quantized=self.precompute is Precompute.EXTERNAL_INT8,
        )

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates per cycle of a full tile whose weights are the widest."""
        return self.m * self.n * self.k / self.max_weight_bits


_ISCA25 = Params(
    m=2,
    n=64,
    precompute=Precompute.EXTERNAL_INT8,
    registers=Registers.NONE,
    accumulator=IntFormat(20),
    k_max=1024,
    stages=1,
)
_ABLATION = replace(_ISCA25, weight=BipolarFormat(2), precompute=Precompute.ENGINE)

PRESETS: Mapping[str, Params] = {
    "lut-tensor-core-isca25": _ISCA25,
    "lut-ablation-1-unpu": replace(
        _ABLATION, weight=IntFormat(2, signed=False), table=TableKind.FULL
    ),
    "lut-ablation-2-signs": replace(_ABLATION, table=TableKind.HALF),
    "lut-ablation-3-remapped": _ABLATION,
    "lut-ablation-4-external": replace(_ABLATION, precompute=Precompute.EXTERNAL_INT8),
    "lut-gemm-int": Params(
        m=1,
        n=32,
        k=8,
        group=8,
        weight=BipolarFormat(1),
        table=TableKind.FULL,
        scale=Scale.UINT16,
        group_steps=16,
    ),
    "shiftadd-int": Params(
        m=1,
        n=32,
        k=8,
        group=8,
        weight=BipolarFormat(1),
        table=TableKind.FULL,
        scale=Scale.POWERS,
        group_steps=16,
    ),
    "t-mac": Params(
        m=1,
        n=16,
        k=16,
        table=TableKind.FULL,
        precompute=Precompute.EXTERNAL_INT8,
        accumulator=IntFormat(16),
        k_max=64,
    ),
}
"""LUT Tensor Core's tile M2 N64 K4 of INT8 tables, as far as its area is published.

Ports of tables and weights have no registers there, and tables are made elsewhere; the width of its
accumulators is not known, and this one holds K = 1024 of weights of four bits. The four steps lead
from UNPU's tables to that tile with weights of two bits; tables that an engine makes are exact,
so that the last step also narrows entries.

LUT-GEMM (arXiv 2206.09557) and ShiftAddLLM (arXiv 2406.05981) have tables of 256 sums of eight
activations, and scales for each plane of each group of weights, integers here, or powers of two: W
planes are W matrices of one bit each, below each other along K, and activations are repeated.

T-MAC's tables are those of its kernels, full and of INT8 with a scale for each 64 activations; it
adds up 16 columns of 16 bits at a time.
"""


def matmul(
    params: Params,
    a: Codes | QuantizedTensor,
    w: Codes | QuantizedTensor,
    c: Codes | None = None,
) -> Codes:
    """``a @ w + c``, by lookups plane by plane: integer sums of groups, scaled if asked for.

    Each plane is worth a power of two, or all the same, and tables are exact: so are sums, or
    wrapped to the accumulator, whatever the order of planes and tables. Tables begin at multiples
    of ``group``; what the last one lacks is 0. Scales and zero points are those of
    `golden.epilogue`, whose row sums are the entries of all +1.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned or QuantizedTensor, shape (M, K)
        Codes of ``params.activation``.
    w : ndarray of unsigned or QuantizedTensor, shape (K, N)
        Codes of ``params.weight``; those of a tensor may have fewer bits, and it brings scales,
        zero points and the size of groups, if any are applied.
    c : ndarray of unsigned, shape (M, N), optional
        Codes of ``params.results`` to add to.

    Raises
    ------
    UserError
        If shapes, formats or groups do not fit, or K exceeds ``k_max``.
    """
    first, activation = operand_codes("activations", a, params.activation)
    second, weight = operand_codes("weights", bare(w), params.weight, narrower=True)
    worths = [worth for _, worth in planes_of(second, weight)]

    def lookups(values: Values, codes: Values) -> NDArray[np.int64]:
        return _looked_up(params, np.asarray(values), np.asarray(codes), worths)

    return scaled_product(params, activation.decode(first), second, w, c, multiply=lookups)


def table_scales(params: Params, a: Codes) -> NDArray[np.float64]:
    """What results of a row are to be multiplied by, shape (M,): 1 where entries are exact.

    Parameters
    ----------
    params : Params
    a : ndarray of unsigned, shape (M, K)
        Activations of one job, all tables of which share a scale: those of a table, of a group of
        them or of all K, as jobs are cut.
    """
    values = np.asarray(params.activation.decode(a))
    if params.precompute is not Precompute.EXTERNAL_INT8:
        return np.ones(len(values))
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % params.group)))
    return row_reach(padded.reshape(len(values), -1, params.group)) / INT8_ENTRIES


def _looked_up(
    params: Params, values: NDArray[Any], codes: NDArray[Any], worths: Sequence[int]
) -> NDArray[np.int64]:
    """Sums of lookups of all planes, shape (M, N), of values (M, K) and codes (K, N)."""
    missing = -values.shape[1] % params.group
    padded = np.pad(values, ((0, 0), (0, missing)))
    entries = params.table_port.entries(padded.reshape(len(padded), -1, params.group))
    sums = np.zeros((values.shape[0], codes.shape[1]), dtype=np.int64)
    for plane, worth in enumerate(worths):
        bits = np.pad(codes.astype(np.int64) >> plane & 1, ((0, missing), (0, 0)))
        sums += worth * read_tables(params.shape_of_table, entries, index_bits(bits, params.group))
    return sums


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose weights are the widest, in the longest groups."""
    return scaled_jobs(params, m, n, k).with_bits(Width.WEIGHT, params.max_weight_bits)


def layout(params: Params) -> Layout:
    """Ports: a step's activations in one beat, its weights in a beat per plane, lowest first.

    Tables that are made elsewhere come in place of the activations of their groups.

    The bits of a column lie next to each other, so that those of a group are an index.
    """
    weights = PortLayout(
        operand=Operand.W,
        format=params.weight,
        lanes=(Lane(Dim.N, params.n), Lane(Dim.K, params.k)),
        beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
        digit_bits=1,
        packing=IndexPacking(params.group) if params.table is TableKind.REMAPPED else None,
    )
    widths = JobField(Width.WEIGHT, params.max_weight_bits)
    activations = activations_port(params)
    if params.precompute is not Precompute.ENGINE:
        activations = replace(activations, tables=params.table_port)
    return scaled_layout(params, tile_layout(params, weights, widths, activations=activations))
