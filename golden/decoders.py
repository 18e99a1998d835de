"""Decoders in front of an engine's port of weights: what is stored, and what the engine gets.

Each takes the port of an engine, as its `Layout` publishes it, and says which port there is
instead. Beats and lanes stay the same; only what a lane carries is another, narrower code. What a
decoder has to know beside the codes comes over a stream of its own, in **sets**: each serves as
many beats of weights as it says, then the next one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from golden.contract import Dim, Job, Jobs, PortLayout
from golden.errors import UserError
from golden.formats import TERNARY, Codes, Format, IntFormat, WholeFormat
from golden.packing import TritPacking

__all__ = [
    "BEATS_BITS",
    "CodebookDecoder",
    "FixedDecoder",
    "SideField",
    "TernaryDecoder",
    "TwoLevelDecoder",
    "column_tables",
    "columns_of",
    "fixed_point_levels",
]

BEATS_BITS = 16
"""Of the number of beats that a set serves, the lowest bits of its beats."""


@dataclass(frozen=True, kw_only=True)
class SideField:
    """A code for each column, side by side, in a beat of a set.

    Parameters
    ----------
    name : str
    format : Format
    """

    name: str
    format: Format


def columns_of(port: PortLayout) -> tuple[int, NDArray[np.int64]]:
    """How many columns of weights lie side by side in a beat, and the column of every lane.

    Raises
    ------
    UserError
        If columns do not lie along lanes, so that a lane belongs to no column.
    """
    counts = [lane.count for lane in port.lanes]
    for axis, lane in enumerate(port.lanes):
        if lane.dim is Dim.N:
            grid = np.indices(counts)[axis]
            return lane.count, grid.ravel()
    raise UserError("a decoder with values of columns needs a port whose lanes run along n")


def _stored(port: PortLayout, format: Format) -> PortLayout:
    """The port with codes of ``format``."""
    if port.packing is not None or port.digit_bits is not None:
        raise UserError("a decoder needs a port that carries a whole code in each lane")
    return replace(port, format=format)


def _payload(beats: int, fields: Sequence[tuple[SideField, Codes]]) -> int:
    """One beat of a set: how many beats it serves, then each field, column by column."""
    payload, position = beats, BEATS_BITS
    for entry, codes in fields:
        for code in codes.tolist():
            payload |= code << position
            position += entry.format.bits
    return payload


def _padded(codes: Codes, count: int) -> Codes:
    """Codes of the columns of a tile, with zeros for those that it does not have."""
    return np.pad(codes, (0, count - len(codes)))


@dataclass(frozen=True, kw_only=True)
class FixedDecoder:
    """A code of a few bits is the number of one of some values that never change.

    Parameters
    ----------
    port : PortLayout
        Of the engine.
    stored : Format
        Of the codes, such as ``nf4``.
    levels : tuple of int
        Codes of the engine's format, of code 0, 1, … of ``stored``.

    Raises
    ------
    UserError
        If there is not a level for each code, or the port's lanes do not carry whole codes.
    """

    port: PortLayout
    stored: Format
    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        _stored(self.port, self.stored)
        if len(self.levels) != 1 << self.stored.bits:
            raise UserError(
                f"{self.stored.name} has {1 << self.stored.bits} codes, so as many levels must be"
                f" given, not {len(self.levels)}"
            )
        if not 0 <= min(self.levels) <= max(self.levels) < 1 << self.port.format.bits:
            raise UserError(f"levels must be codes of {self.port.format.name}")

    @property
    def layout(self) -> PortLayout:
        """The port that there is instead."""
        return _stored(self.port, self.stored)

    def decode(self, codes: Codes) -> Codes:
        """What the engine gets, shape (K, N), for codes of ``stored``, shape (K, N)."""
        return np.array(self.levels, dtype=self.port.format.extremes.dtype)[codes]


@dataclass(frozen=True, kw_only=True)
class CodebookDecoder:
    """A code is the number of an entry in a table that its column has, as in any4.

    any4 (arXiv 2507.04610) learns 16 values for each output of a layer, which is a column of W.
    Tables are loaded entry by entry, the first first, all columns of a tile at once.

    Parameters
    ----------
    port : PortLayout
        Of the engine; tables hold codes of its format.
    bits : int
        Of a code, 1 to 8.

    Raises
    ------
    UserError
        If bits are out of range, columns do not lie along lanes, or these do not carry whole codes.
    """

    port: PortLayout
    bits: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 8:
            raise UserError(f"bits must be an integer from 1 to 8, not {self.bits}")
        columns_of(self.layout)

    @property
    def layout(self) -> PortLayout:
        """The port that there is instead."""
        return _stored(self.port, IntFormat(self.bits, signed=False))

    @property
    def side(self) -> tuple[SideField, ...]:
        """What a beat of a set has for each column."""
        return (SideField(name="entry", format=self.port.format),)

    @property
    def rows(self) -> int:
        """Beats of a set."""
        return 1 << self.bits

    def decode(self, codes: Codes, tables: Codes) -> Codes:
        """What the engine gets.

        Parameters
        ----------
        codes : ndarray of unsigned, shape (K, N)
        tables : ndarray of unsigned, shape (N, entries)
            Codes of the engine's format.

        Returns
        -------
        ndarray of unsigned, shape (K, N)
        """
        return np.take_along_axis(tables, codes.T.astype(np.int64), axis=1).T

    def sets(self, jobs: Jobs, tables: Codes) -> list[int]:
        """Beats of the side stream for a list of jobs: a set for each."""
        count, _ = columns_of(self.port)
        (entry,) = self.side
        return [
            _payload(
                len(self.port.elements(job)),
                [(entry, _padded(tables[job.n0 : job.n0 + job.n, number], count))],
            )
            for job in jobs
            for number in range(self.rows)
        ]


@dataclass(frozen=True, kw_only=True)
class TwoLevelDecoder:
    """A code of a few bits is shifted and scaled to a wider integer, group by group.

    DGQ (arXiv 2310.04836) stores w8 = (q4 − z4) · s8 for groups of weights along K with integers
    alone; the engine multiplies integers of 8 bits and knows nothing of groups. The product is not
    clamped: it wraps to the engine's format.

    Parameters
    ----------
    port : PortLayout
        Of the engine.
    bits : int
        Of codes and zero points, which are unsigned, 1 to 8.
    scale_bits : int
        Of scales, which are signed, 2 to 16.

    Raises
    ------
    UserError
        If bits are out of range, the engine does not take integers, columns do not lie along lanes,
        or these do not carry whole codes.
    """

    port: PortLayout
    bits: int = 4
    scale_bits: int = 8

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("bits", self.bits, 1, 8),
            ("scale_bits", self.scale_bits, 2, 16),
        ):
            if not low <= value <= high:
                raise UserError(f"{name} must be an integer from {low} to {high}, not {value}")
        if not isinstance(self.port.format, IntFormat):
            raise UserError(
                f"two levels make integers: the engine must take some, not {self.port.format.name}"
            )
        columns_of(self.layout)

    @property
    def layout(self) -> PortLayout:
        """The port that there is instead."""
        return _stored(self.port, IntFormat(self.bits, signed=False))

    @property
    def side(self) -> tuple[SideField, ...]:
        """What a beat of a set has for each column."""
        return (
            SideField(name="zero_point", format=IntFormat(self.bits, signed=False)),
            SideField(name="scale", format=IntFormat(self.scale_bits)),
        )

    @property
    def rows(self) -> int:
        """Beats of a set."""
        return 1

    def decode(self, codes: Codes, zero_points: Codes, scales: Codes, *, group_size: int) -> Codes:
        """What the engine gets.

        Parameters
        ----------
        codes : ndarray of unsigned, shape (K, N)
        zero_points, scales : ndarray of unsigned, shape (groups, N)
            Codes as `side` says.
        group_size : int
            Elements along K of a group; the last one may be shorter.

        Returns
        -------
        ndarray of unsigned, shape (K, N)
        """
        group = np.arange(len(codes)) // group_size
        _, scale = self.side
        levels = codes.astype(np.int64) - zero_points.astype(np.int64)[group]
        values = levels * np.asarray(scale.format.decode(scales), dtype=np.int64)[group]
        return self._engine.encode(self._engine.wrap(values))

    def sets(self, jobs: Jobs, zero_points: Codes, scales: Codes, *, group_size: int) -> list[int]:
        """Beats of the side stream for a list of jobs: a set for each group that beats run through.

        Raises
        ------
        UserError
            If a beat of weights has elements of two groups.
        """
        count, _ = columns_of(self.port)
        zero_point, scale = self.side
        payloads = []
        for job in jobs:
            cols = slice(job.n0, job.n0 + job.n)
            for group, beats in self._runs(job, group_size):
                fields = [
                    (zero_point, _padded(zero_points[group, cols], count)),
                    (scale, _padded(scales[group, cols], count)),
                ]
                payloads.append(_payload(beats, fields))
        return payloads

    def _runs(self, job: Job, group_size: int) -> list[tuple[int, int]]:
        """Group of each run of beats, and its beats."""
        elements = self.port.elements(job)
        groups = (job.k0 + elements // job.n) // group_size
        used = elements >= 0
        first = np.max(np.where(used, groups, -1), axis=1)
        if np.any(used & (groups != first[:, np.newaxis])):
            raise UserError(
                f"group_size must be a multiple of the elements along k that a beat of weights has,"
                f" not {group_size}"
            )
        return [(group, len([*run])) for group, run in groupby(first.tolist())]

    @property
    def _engine(self) -> IntFormat:
        assert isinstance(self.port.format, IntFormat)
        return self.port.format


@dataclass(frozen=True, kw_only=True)
class TernaryDecoder:
    """Ternary numbers, packed in base 3, in front of an engine for integers.

    Parameters
    ----------
    port : PortLayout
        Of the engine.
    packing : TritPacking

    Raises
    ------
    UserError
        If the engine's format does not hold −1, 0 and +1, or the port's lanes do not carry whole
        codes.
    """

    port: PortLayout
    packing: TritPacking

    def __post_init__(self) -> None:
        if not (isinstance(self.port.format, IntFormat) and self.port.format.contains(-1, 1)):
            raise UserError(
                "ternary numbers need an engine that takes -1, 0 and 1, not"
                f" {self.port.format.name}"
            )
        _stored(self.port, TERNARY)

    @property
    def layout(self) -> PortLayout:
        """The port that there is instead."""
        return replace(_stored(self.port, TERNARY), packing=self.packing)

    def decode(self, codes: Codes) -> Codes:
        """What the engine gets, shape (K, N), for codes of ``ternary``, shape (K, N)."""
        return self.port.format.encode(TERNARY.decode(codes))


def fixed_point_levels(stored: Format, format: WholeFormat) -> tuple[int, ...]:
    """Levels of a `FixedDecoder`: values of ``stored``, from −1 to 1, as fixed-point integers.

    1 is the largest value of ``format``; the others are rounded to the nearest, to even of two.
    So the error of a level is at most half of 1 / ``format.max``, to be multiplied by the scale.
    """
    values = np.asarray(stored.decode(np.arange(1 << stored.bits)), dtype=np.float64)
    codes: list[int] = format.encode(np.rint(values * format.max)).tolist()
    return tuple(codes)


def column_tables(
    codebook: NDArray[np.float64], format: WholeFormat
) -> tuple[Codes, NDArray[np.float64]]:
    """Tables of a `CodebookDecoder` for an engine that multiplies integers.

    Parameters
    ----------
    codebook : ndarray of float64, shape (N, entries)
        Entries of each column, such as `golden.quantization.codebooks` learns.
    format : WholeFormat
        Of the engine.

    Returns
    -------
    tables : ndarray of unsigned, shape (N, entries)
        Codes of the nearest integers, of two the even one, when the largest magnitude of a column
        becomes ``format.max``.
    steps : ndarray of float64, shape (N,)
        What 1 is worth in each column; 1 where all entries are 0.
    """
    largest = np.max(np.abs(codebook), axis=1)
    steps = np.where(largest > 0, largest / format.max, 1.0)
    return format.encode(np.rint(codebook / steps[:, np.newaxis])), steps
