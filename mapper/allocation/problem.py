"""Buffers with lifetimes, to be given offsets in one memory."""

from collections import Counter
from dataclasses import dataclass

from golden.errors import UserError
from mapper.status import Status

__all__ = ["Allocation", "Buffer", "Problem"]

LARGEST_TOTAL = 1 << 60
"""Bytes that all buffers may have together, so that no sum leaves 64 bits."""


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """Bytes that are needed for a time.

    Parameters
    ----------
    id : str
        Name, unique in its problem.
    lower, upper : int
        The lifetime [lower, upper), in any unit of time.
    size : int
        Bytes, at least 1.
    alignment : int
        Bytes of which the offset is a multiple.
    gaps : tuple of (int, int)
        Times [lower, upper) within the lifetime at which other buffers may have the bytes.
    offset : int, optional
        Bytes, where the offset is given.

    Raises
    ------
    UserError
        If there is no such buffer.
    """

    id: str
    lower: int
    upper: int
    size: int
    alignment: int = 1
    gaps: tuple[tuple[int, int], ...] = ()
    offset: int | None = None

    def __post_init__(self) -> None:
        """Check that there is such a buffer."""
        name = f"buffer {self.id!r}"
        if self.upper <= self.lower:
            raise UserError(f"{name}: upper must be above lower {self.lower}, not {self.upper}")
        for what, value, least in (
            ("size", self.size, 1),
            ("alignment", self.alignment, 1),
            ("offset", 0 if self.offset is None else self.offset, 0),
        ):
            if not least <= value < LARGEST_TOTAL:
                raise UserError(f"{name}: {what} must be at least {least}, not {value}")
        for lower, upper in self.gaps:
            if not self.lower <= lower < upper <= self.upper:
                raise UserError(
                    f"{name}: gap {lower}-{upper} must lie in the lifetime"
                    f" {self.lower}-{self.upper} and end after it begins"
                )
        if not self.spans:
            raise UserError(f"{name}: gaps leave nothing of the lifetime")
        if self.offset is not None and self.offset % self.alignment:
            raise UserError(
                f"{name}: offset must be a multiple of the alignment {self.alignment},"
                f" not {self.offset}"
            )

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Times [lower, upper) at which the buffer is alive, in order, apart from each other."""
        spans = []
        begin = self.lower
        for lower, upper in sorted(self.gaps):
            if lower > begin:
                spans.append((begin, lower))
            begin = max(begin, upper)
        if begin < self.upper:
            spans.append((begin, self.upper))
        return tuple(spans)


@dataclass(frozen=True)
class Problem:
    """Buffers of one memory.

    Parameters
    ----------
    buffers : tuple of Buffer

    Raises
    ------
    UserError
        If an id comes twice, or the sizes' sum is too large.
    """

    buffers: tuple[Buffer, ...]

    def __post_init__(self) -> None:
        """Check what buffers must not be together."""
        for name, number in Counter(buffer.id for buffer in self.buffers).items():
            if number > 1:
                raise UserError(f"buffer {name!r} comes {number} times: ids must be unique")
        if sum(buffer.size for buffer in self.buffers) >= LARGEST_TOTAL:
            raise UserError(f"the sizes' sum must be below {LARGEST_TOTAL} bytes")


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What was found.

    Parameters
    ----------
    status : Status
    offsets : tuple of int, optional
        Bytes, of each buffer in the problem's order; None where none were found.
    height : int, optional
        Highest end of a buffer in bytes; None where no offsets were found.
    bound : int, optional
        Bytes: no offsets end lower. None where no offsets exist at any capacity.
    runs : int
        Starts of the search.
    nodes : int
        Nodes of the search, over all runs.
    interrupted : bool
        Whether the user ended it.
    """

    status: Status
    offsets: tuple[int, ...] | None
    height: int | None
    bound: int | None
    runs: int = 0
    nodes: int = 0
    interrupted: bool = False
