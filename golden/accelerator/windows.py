"""Windows of taps over an input in local memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.instructions import Gemm, Pool

__all__ = ["tap_indices"]


def tap_indices(op: Gemm | Pool) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """For each tap the word of every output pixel, and whether it lies in the input.

    Yields
    ------
    words : ndarray of int64, shape (out_height * out_width,)
        Of the first block of lanes.
    inside : ndarray of bool, same shape
        False where padding is read.
    """
    dilation_y, dilation_x = (op.dilation_y, op.dilation_x) if isinstance(op, Gemm) else (1, 1)
    for tap_y in range(op.taps_y):
        y = op.origin_y + np.arange(op.out_height) * op.stride_y + tap_y * dilation_y
        for tap_x in range(op.taps_x):
            x = op.origin_x + np.arange(op.out_width) * op.stride_x + tap_x * dilation_x
            inside = ((y >= 0) & (y < op.height))[:, None] & ((x >= 0) & (x < op.width))
            words = op.source + y[:, None] * op.row_words + x * op.pixel_words
            yield words.reshape(-1), inside.reshape(-1)
