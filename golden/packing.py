"""Packing of codes into words: lane 0 in the least significant bits."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from golden.formats import TERNARY, Codes, code_dtype

__all__ = ["TRITS_3_IN_5", "TRITS_5_IN_8", "Packing", "TritPacking", "pack", "unpack"]


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
    """Codes of some lanes as one word that has fewer bits than they have."""

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
