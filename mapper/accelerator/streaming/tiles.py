"""Tiles of outputs along an axis, and what of the input they need."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Span", "Sweeping", "runs", "spans"]


@dataclass(frozen=True, kw_only=True)
class Sweeping:
    """Windows along an axis.

    Parameters
    ----------
    size, outputs : int
        Of the input and of the output.
    taps, stride, dilation, pad : int
    """

    size: int
    outputs: int
    taps: int
    stride: int
    dilation: int
    pad: int


@dataclass(frozen=True, kw_only=True)
class Span:
    """A tile along an axis.

    Parameters
    ----------
    index : int
        Of the tile.
    first, count : int
        Outputs.
    low, size : int
        Inputs that are needed.
    origin : int
        Where the first tap of the first output is, from ``low`` on.
    """

    index: int
    first: int
    count: int
    low: int
    size: int
    origin: int


def runs(axis: Sweeping, step: int) -> Iterator[tuple[Span, int]]:
    """Tiles of ``step`` outputs: the first of those that are alike, and how many there are."""
    reach = (axis.taps - 1) * axis.dilation + 1
    whole = axis.outputs // step
    # Tiles from ``low`` to before ``high`` need no padding.
    low = min(-(-axis.pad // (step * axis.stride)), whole)
    last = (axis.size - reach + axis.pad) // axis.stride - (step - 1)
    high = max(low, min(whole, last // step + 1))
    index = 0
    while index * step < axis.outputs:
        count = max(high - low, 1) if index == low else 1
        yield _span(axis, step, index), count
        index += count


def spans(axis: Sweeping, step: int) -> list[Span]:
    """Tiles of ``step`` outputs, one by one."""
    return [_span(axis, step, index) for index in range(-(-axis.outputs // step))]


def _span(axis: Sweeping, step: int, index: int) -> Span:
    first = index * step
    count = min(step, axis.outputs - first)
    begin = first * axis.stride - axis.pad
    end = begin + (count - 1) * axis.stride + (axis.taps - 1) * axis.dilation + 1
    # Where there is nothing but padding, a line is loaded that no window reaches.
    low = min(max(begin, 0), axis.size - 1)
    high = max(min(end, axis.size), low + 1)
    return Span(index=index, first=first, count=count, low=low, size=high - low, origin=begin - low)
