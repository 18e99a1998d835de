"""Packing of codes into words: lane 0 in the least significant bits."""

import numpy as np
from numpy.typing import NDArray

from golden.formats import Codes, code_dtype

__all__ = ["pack", "unpack"]


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
