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

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from golden.arith.planes import check_planes, planes_of
from golden.arith.sums import check_k
from golden.arith.tables import IndexPacking, Table, TableKind, index_bits, read_tables
from golden.contract import Beat, Dim, JobField, Jobs, Lane, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import INT8, BipolarFormat, Codes, Format, IntFormat, operand_format
from golden.params import param
from golden.quantized import QuantizedTensor
from golden.tile import (
    ACTIVATION_DOC,
    MAX_SIDE,
    TileParams,
    levels,
    operand_codes,
    tile_jobs,
    tile_layout,
)

__all__ = ["PRESETS", "Params", "Registers", "TableKind", "jobs", "layout", "matmul"]

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


@dataclass(frozen=True, kw_only=True)
class Params(TileParams):
    """Design parameters of a LUT tensor core."""

    k: int = param(4, f"activations of a step, 1 to {MAX_SIDE}, a multiple of group")
    group: int = param(4, f"activations of a table, 1 to {MAX_GROUP}")
    activation: IntFormat = param(INT8, ACTIVATION_DOC)
    weight: Format = param(
        BipolarFormat(4), "widest format of weights, bipolar integers or integers of 1 to 16 bits"
    )
    table: TableKind = param(
        TableKind.REMAPPED,
        "full tables, or half of them for bipolar weights, whose indices may come remapped",
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
        check_planes("weight", self.weight)
        if self.table.is_half and not self.bipolar:
            raise UserError(
                f"table must be full where weight={self.weight.name}, not {self.table.value}: only"
                " the tables of bipolar weights are odd"
            )

    @property
    def bipolar(self) -> bool:
        """Whether bits of weights stand for −1 and +1."""
        return isinstance(self.weight, BipolarFormat)

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
        return self.shape_of_table.entry_format(self.activation)

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
    """``a @ w + c``, by lookups plane by plane, wrapped to the accumulator.

    Each plane is worth a power of two, and wrapping commutes with addition: the result is the
    exact one modulo ``2 ** bits`` of the accumulator, whatever the order of planes and tables.
    Groups of activations begin at multiples of ``group``; what the last one lacks is 0.

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
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[0]:
        raise UserError(f"shapes {first.shape} and {second.shape} can not be multiplied")
    check_k(params, first.shape[1])
    missing = -first.shape[1] % params.group
    values = np.pad(np.asarray(activation.decode(first)), ((0, 0), (0, missing)))
    table = params.shape_of_table
    entries = table.entries(values.reshape(len(values), -1, params.group))
    sums = np.zeros((first.shape[0], second.shape[1]), dtype=np.int64)
    for plane, (_, worth) in enumerate(planes_of(second, weight)):
        bits = np.pad(second.astype(np.int64) >> plane & 1, ((0, missing), (0, 0)))
        sums += worth * read_tables(table, entries, index_bits(bits, params.group))
    if c is not None:
        sums = sums + params.sums.decode(c).astype(np.int64)
    return params.sums.encode(params.sums.wrap(sums))


def jobs(params: Params, m: int, n: int, k: int) -> Jobs:
    """Tiles of a GEMM whose weights are the widest; see `golden.tile.tile_jobs`."""
    return tile_jobs(params, m, n, k).with_bits(Width.WEIGHT, params.max_weight_bits)


def layout(params: Params) -> Layout:
    """Ports: a step's activations in one beat, its weights in a beat per plane, lowest first.

    The bits of a column lie next to each other, so that those of a group are an index.
    """
    return tile_layout(
        params,
        PortLayout(
            operand=Operand.W,
            format=params.weight,
            lanes=(Lane(Dim.N, params.n), Lane(Dim.K, params.k)),
            beats=(Beat(Dim.K), Beat(Width.WEIGHT)),
            digit_bits=1,
            packing=IndexPacking(params.group) if params.table is TableKind.REMAPPED else None,
        ),
        JobField(Width.WEIGHT, params.max_weight_bits),
    )
