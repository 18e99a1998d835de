"""Packing of codes into words: lane 0 in the least significant bits."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from golden.formats import TERNARY, Codes, OvpFormat, code_dtype

__all__ = ["TRITS_3_IN_5", "TRITS_5_IN_8", "OvpPacking", "Packing", "TritPacking", "pack", "unpack"]


def pack(codes: Codes, bits: int) -> NDArray[np.uint8]:
    """Put the codes of each row side by side, without gaps.

    Parameters
    ----------
    codes : ndarray of unsigned, shape (words, lanes)
    bits : int
        Of one code.

    Returns
    -------
    ndarray of uint8, shape (words, bytes)
        Least significant byte first; the last byte is filled up with zeros.
    """
    wide = codes.astype("<u8")
    octets = wide.view(np.uint8).reshape(*wide.shape, 8)
    lanes = np.unpackbits(octets, axis=-1, bitorder="little")[..., :bits]
    return np.packbits(lanes.reshape(len(codes), bits * codes.shape[1]), axis=1, bitorder="little")


def unpack(words: NDArray[np.uint8], bits: int, lanes: int) -> Codes:
    """Undo `pack`.

    Parameters
    ----------
    words : ndarray of uint8, shape (words, bytes)
    bits : int
    lanes : int

    Returns
    -------
    ndarray of unsigned, shape (words, lanes)
    """
    flat = np.unpackbits(words, axis=1, bitorder="little")[:, : bits * lanes]
    wide = np.zeros((len(words), lanes, 64), dtype=np.uint8)
    wide[..., :bits] = flat.reshape(len(words), lanes, bits)
    return (
        np.packbits(wide, axis=-1, bitorder="little").view("<u8")[..., 0].astype(code_dtype(bits))
    )


class Packing(Protocol):
    """Codes of some lanes as one word that has fewer bits than they have.

    Where a word does not hold every mixture of codes, what it carries is ``unpack(pack(codes))``.
    """

    @property
    def lanes(self) -> int:
        """Codes of a word."""

    @property
    def bits(self) -> int:
        """Bits of a word."""

    def pack(self, codes: Codes) -> Codes:
        """Words, shape (…), of codes, shape (…, lanes)."""

    def unpack(self, words: Codes) -> Codes:
        """Codes, shape (…, lanes), of words, shape (…)."""


@dataclass(frozen=True)
class TritPacking:
    """Ternary numbers t[0] to t[lanes - 1] as the word Σ 3^i (t[i] + 1).

    Words from ``3 ** lanes`` on are none of these; they unpack as zeros.

    Parameters
    ----------
    lanes : int
        At least 1.
    bits : int

    Raises
    ------
    ValueError
        If the bits do not hold so many.
    """

    lanes: int
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= 3**self.lanes <= 1 << self.bits:
            raise ValueError(f"{self.bits} bits do not hold {self.lanes} ternary numbers")

    def pack(self, codes: Codes) -> Codes:
        """Words, shape (…), of codes of ``ternary``, shape (…, lanes)."""
        digits = np.asarray(TERNARY.decode(codes), dtype=np.int64) + 1
        return (digits @ 3 ** np.arange(self.lanes)).astype(code_dtype(self.bits))

    def unpack(self, words: Codes) -> Codes:
        """Codes of ``ternary``, shape (…, lanes), of words, shape (…)."""
        wide = words.astype(np.int64)
        digits = wide[..., np.newaxis] // 3 ** np.arange(self.lanes) % 3
        return TERNARY.encode(np.where(wide[..., np.newaxis] < 3**self.lanes, digits - 1, 0))


TRITS_5_IN_8 = TritPacking(5, 8)
"""1.6 bits a number; 13 of 256 words are unused."""

TRITS_3_IN_5 = TritPacking(3, 5)
"""1.67 bits a number; 5 of 32 words are unused."""


@dataclass(frozen=True)
class OvpPacking:
    """Outlier–victim pairs: two neighbours in the bits of two normal numbers.

    Two normal numbers lie side by side, the left one, lane 0, in the lower bits. An outlier lies in
    its own place, and in its neighbour's, whose number is lost, lies ``format.victim``. Of two
    outliers the larger magnitude stays, the left one if they are equal. Words that are none of
    these (two victims, or a victim beside 0…0) unpack as zeros.

    Parameters
    ----------
    format : OvpFormat
        Of the numbers.
    """

    format: OvpFormat

    @property
    def lanes(self) -> int:
        """Codes of a word."""
        return 2

    @property
    def bits(self) -> int:
        """Bits of a word."""
        return 2 * self.format.normal.bits

    def pack(self, codes: Codes) -> Codes:
        """Words, shape (…), of codes of ``format``, shape (…, 2)."""
        size = np.abs(np.asarray(self.format.decode(codes), dtype=np.int64))
        outlier = codes >> self.format.normal.bits == 1
        left_stays = outlier[..., 0] & ~(outlier[..., 1] & (size[..., 1] > size[..., 0]))
        victim = np.stack([outlier[..., 1] & ~left_stays, left_stays], axis=-1)
        ones = (1 << self.format.normal.bits) - 1
        halves = np.where(victim, self.format.victim, codes.astype(np.int64) & ones)
        words: Codes = (halves[..., 0] | halves[..., 1] << self.format.normal.bits).astype(
            code_dtype(self.bits)
        )
        return words

    def unpack(self, words: Codes) -> Codes:
        """Codes of ``format``, shape (…, 2), of words, shape (…)."""
        bits, mark = self.format.normal.bits, self.format.victim
        wide = words.astype(np.int64)
        halves = np.stack([wide & (1 << bits) - 1, wide >> bits], axis=-1)
        victim = halves == mark
        outlier = victim[..., ::-1] & (halves % mark != 0)
        codes = np.where(outlier, halves | 1 << bits, halves)
        lost = victim | (victim[..., ::-1] & ~outlier)
        return np.where(lost, 0, codes).astype(code_dtype(self.format.bits))

    def prune(self, codes: Codes, axis: int) -> Codes:
        """What is left of a matrix whose neighbours along ``axis``, two by two, are packed.

        A last element without a neighbour stays as it is.
        """
        along = np.moveaxis(codes, axis, -1)
        length = along.shape[-1]
        even = np.concatenate([along, np.zeros_like(along[..., : length % 2])], axis=-1)
        pairs = self.unpack(self.pack(even.reshape(*even.shape[:-1], -1, 2)))
        return np.moveaxis(pairs.reshape(even.shape)[..., :length], -1, axis)
