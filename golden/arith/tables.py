"""Tables of sums of a few activations, which bits of weights look up.

A table holds what a group of activations adds up to under weights of one bit: every bit is −1 or
+1, or it is 0 or 1. Under signs the table is odd, ``L[~i] = -L[i]``, so that half of it is enough
[LUT]_ (equations 4 to 6).

.. [LUT] Z. Mo et al., "LUT Tensor Core", ISCA 2025, arXiv 2408.06003.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from golden.formats import Codes, IntFormat, Values, smallest_int

__all__ = [
    "INT8_ENTRIES",
    "IndexPacking",
    "Table",
    "TableKind",
    "TablePort",
    "index_bits",
    "quantized_entries",
    "read_tables",
    "row_reach",
]

INT8_ENTRIES = 127
"""Largest quantized entry."""


class TableKind(Enum):
    """Which entries a table has, and how an index comes."""

    FULL = "full"
    """One for each index."""

    HALF = "half"
    """Those whose last bit is 0: others are negated, read at the inverted index."""

    REMAPPED = "half-remapped"
    """The same, with indices that were inverted beforehand where their last bit is 1."""

    @property
    def is_half(self) -> bool:
        """Whether the other half has to be negated."""
        return self is not TableKind.FULL


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of sums.

    Parameters
    ----------
    group : int
        Activations of the table.
    kind : TableKind
    bipolar : bool
        Whether bits stand for −1 and +1, as they have to in half a table, or for 0 and 1.
    """

    group: int
    kind: TableKind
    bipolar: bool

    @property
    def size(self) -> int:
        """Entries."""
        return 1 << self.group - self.kind.is_half

    @property
    def factors(self) -> NDArray[np.int64]:
        """What each entry takes each activation times, shape (entries, group)."""
        bits = np.arange(self.size)[:, np.newaxis] >> np.arange(self.group) & 1
        return 2 * bits - 1 if self.bipolar else bits

    def entries(self, values: Values) -> NDArray[np.int64]:
        """Tables, shape (…, entries), of activations, shape (…, group)."""
        return np.asarray(values).astype(np.int64) @ self.factors.T

    def entry_format(self, activation: IntFormat) -> IntFormat:
        """The narrowest format of all entries that activations can make."""
        low, high = int(activation.min), int(activation.max)
        if self.bipolar:
            low, high = min(low, -high), max(high, -low)
        return smallest_int(self.group * min(low, 0), self.group * max(high, 0))

    def select(self, index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Number of the entry that an index reads, and 1 or −1 times which it counts."""
        if not self.kind.is_half:
            return index, np.ones_like(index)
        negative = index >> self.group - 1 & 1
        return (index ^ -negative) & self.size - 1, 1 - 2 * negative


def row_reach(values: Values) -> NDArray[np.int64]:
    """The largest sum of magnitudes of a table, shape (M,), of activations (M, tables, group)."""
    return np.asarray(np.abs(np.asarray(values).astype(np.int64)).sum(axis=-1).max(axis=-1))


def quantized_entries(table: Table, values: Values) -> NDArray[np.int64]:
    """Entries in units of a 127th of what the tables of a row reach, to the nearest even.

    The rule of T-MAC (EuroSys 2025): ``scale = max(sum(|a|)) / 127`` over the tables that share it,
    and entries are ``L / scale``, rounded; all are 0 where the scale is.

    Parameters
    ----------
    table : Table
    values : ndarray of int, shape (M, tables, group)
        Activations; all tables of a row share a scale.

    Returns
    -------
    ndarray of int64, shape (M, tables, entries)
    """
    reach = row_reach(values)[:, np.newaxis, np.newaxis]
    divisor = 2 * np.maximum(reach, 1)
    # A half more, rounded down; one less where that was a tie and gave an odd number.
    rounded, rest = np.divmod(2 * INT8_ENTRIES * table.entries(values) + divisor // 2, divisor)
    return np.where(reach > 0, rounded - ((rest == 0) & (rounded % 2 == 1)), 0)


@dataclass(frozen=True, kw_only=True)
class TablePort:
    """Tables that take the place of activations on a port, made off the engine.

    Parameters
    ----------
    table : Table
    activation : IntFormat
    entry : IntFormat
        Of entries.
    rows : int
        Of a beat.
    quantized : bool
        Whether entries are those of `quantized_entries`, with a scale for each row of a job.
    """

    table: Table
    activation: IntFormat
    entry: IntFormat
    rows: int
    quantized: bool

    def entries(self, values: Values) -> NDArray[np.int64]:
        """Tables of rows, shape (M, tables, entries), of activations, shape (M, tables, group)."""
        if self.quantized:
            return quantized_entries(self.table, values)
        return self.table.entries(values)

    def words(self, lanes: Codes, job: NDArray[np.int64]) -> Codes:
        """Entries of each beat, row by row and table by table.

        Parameters
        ----------
        lanes : ndarray of unsigned, shape (beats, lanes)
            Codes of activations, row by row; 0 where a lane carries nothing.
        job : ndarray of int64, shape (beats,)
            Number of the job that each beat belongs to, ascending.

        Returns
        -------
        ndarray of unsigned, shape (beats, words)
        """
        values = np.asarray(self.activation.decode(lanes))
        ends = np.flatnonzero(np.diff(job)) + 1
        words = []
        for beats in np.split(values, ends):
            by_row = beats.reshape(len(beats), self.rows, -1, self.table.group).swapaxes(0, 1)
            flat = by_row.reshape(self.rows, -1, self.table.group)
            made = self.entries(flat).reshape(self.rows, len(beats), -1).swapaxes(0, 1)
            words.append(self.entry.encode(made.reshape(len(beats), -1)))
        return np.ascontiguousarray(np.concatenate(words))


def index_bits(bits: NDArray[np.int64], group: int) -> NDArray[np.int64]:
    """Indices, shape (tables, N), of the bits of a plane of weights, shape (tables * group, N)."""
    grouped = bits.reshape(-1, group, bits.shape[1])
    return np.asarray(np.einsum("tgn,g->tn", grouped, 1 << np.arange(group)))


def read_tables(
    table: Table, entries: NDArray[np.int64], index: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sums of what the tables of each row give each column, shape (M, N).

    Parameters
    ----------
    table : Table
    entries : ndarray of int64, shape (M, tables, entries)
    index : ndarray of int64, shape (tables, N)
    """
    number, sign = table.select(index)
    sums = np.zeros((entries.shape[0], index.shape[1]), dtype=np.int64)
    for place in range(len(index)):
        sums += entries[:, place, number[place]] * sign[place]
    return sums


@dataclass(frozen=True)
class IndexPacking:
    """Bits of a group of weights as an index, inverted beforehand where the last bit is 1.

    Bit j of a word is the bit of weight j; where the last one is 1 the others are inverted. So a
    lookup in half a table needs no inverter (LUT Tensor Core, section 3.1.2).

    Parameters
    ----------
    lanes : int
        Weights of a group.
    """

    lanes: int

    @property
    def bits(self) -> int:
        """Bits of a word."""
        return self.lanes

    def pack(self, codes: Codes) -> Codes:
        """Words, shape (…), of bits, shape (…, lanes)."""
        words = codes.astype(np.int64) @ (1 << np.arange(self.lanes))
        return self._inverted(words).astype(np.uint8 if self.lanes <= 8 else np.uint64)

    def unpack(self, words: Codes) -> Codes:
        """Bits, shape (…, lanes), of words, shape (…)."""
        plain = self._inverted(words.astype(np.int64))
        return (plain[..., np.newaxis] >> np.arange(self.lanes) & 1).astype(np.uint8)

    def _inverted(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        last = words >> self.lanes - 1 & 1
        return words ^ last * ((1 << self.lanes - 1) - 1)
