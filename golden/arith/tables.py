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

__all__ = ["IndexPacking", "Table", "TableKind", "index_bits", "read_tables"]


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
