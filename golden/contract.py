"""What an engine publishes about itself: jobs, and which element travels where.

Everything here is data. Benches and address generation read these descriptions and nothing
else about an engine.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from golden.formats import Codes, Format
from golden.packing import Packing, pack, unpack
from golden.quantized import QuantizedTensor

__all__ = [
    "Beat",
    "Dim",
    "EngineParams",
    "GoldenEngine",
    "Job",
    "JobField",
    "Jobs",
    "Lane",
    "Layout",
    "Operand",
    "PortLayout",
    "Width",
]


class Dim(Enum):
    """A dimension of ``D[m, n] += A[m, k] W[k, n]``."""

    M = "m"
    N = "n"
    K = "k"


class Width(Enum):
    """Bits of an operand's codes, where a job says how many: planes of digits run along it."""

    ACTIVATION = "activation_bits"
    WEIGHT = "weight_bits"


class Operand(Enum):
    """A matrix of the product."""

    A = "a"
    W = "w"
    C = "c"
    D = "d"

    @property
    def dims(self) -> tuple[Dim, Dim]:
        """Row and column dimension, in row-major order."""
        match self:
            case Operand.A:
                return Dim.M, Dim.K
            case Operand.W:
                return Dim.K, Dim.N
            case Operand.C | Operand.D:
                return Dim.M, Dim.N


@dataclass(frozen=True, kw_only=True)
class Job:
    """One tile: what an engine does at one go.

    Parameters
    ----------
    m, n, k : int
        Size of the tile, each at least 1.
    m0, n0, k0 : int
        Where the tile begins in its GEMM.
    activation_bits, weight_bits : int
        Of the operands' codes, for engines whose jobs say so; 0 for the others.
    """

    m: int
    n: int
    k: int
    m0: int = 0
    n0: int = 0
    k0: int = 0
    activation_bits: int = 0
    weight_bits: int = 0

    def size(self, dim: Dim | Width) -> int:
        """Length of the tile along ``dim``, or bits of an operand's codes."""
        return int(getattr(self, dim.value))

    def offset(self, dim: Dim) -> int:
        """Where the tile begins along ``dim``."""
        return {Dim.M: self.m0, Dim.N: self.n0, Dim.K: self.k0}[dim]

    def tile(self, operand: Operand) -> tuple[slice, slice]:
        """Index of the tile in the whole matrix ``operand``."""
        row, col = (
            slice(self.offset(dim), self.offset(dim) + self.size(dim)) for dim in operand.dims
        )
        return row, col


def _unsaid() -> NDArray[np.int64]:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Jobs:
    """An ordered list of jobs, held as columns so that long lists stay cheap.

    Parameters
    ----------
    m, n, k, m0, n0, k0, activation_bits, weight_bits : ndarray of int64, shape (jobs,)
        As in `Job`; bits are 0 where they are left out.
    """

    m: NDArray[np.int64]
    n: NDArray[np.int64]
    k: NDArray[np.int64]
    m0: NDArray[np.int64]
    n0: NDArray[np.int64]
    k0: NDArray[np.int64]
    activation_bits: NDArray[np.int64] = field(default_factory=_unsaid)
    weight_bits: NDArray[np.int64] = field(default_factory=_unsaid)

    def __post_init__(self) -> None:
        """Fill in the bits of operands."""
        for width in Width:
            if not len(getattr(self, width.value)):
                object.__setattr__(self, width.value, np.zeros_like(self.m))

    def __len__(self) -> int:
        return len(self.m)

    def __iter__(self) -> Iterator[Job]:
        names = [field.name for field in fields(self)]
        columns = [getattr(self, name).tolist() for name in names]
        for row in zip(*columns, strict=True):
            yield Job(**dict(zip(names, row, strict=True)))

    @property
    def macs(self) -> int:
        """Multiply-accumulates that the jobs ask for."""
        return int(np.sum(self.m * self.n * self.k))

    @classmethod
    def of(cls, *jobs: Job) -> "Jobs":
        """The list of the given jobs."""
        return cls(
            **{
                field.name: np.array([getattr(job, field.name) for job in jobs], dtype=np.int64)
                for field in fields(cls)
            }
        )

    @classmethod
    def concatenate(cls, *lists: "Jobs") -> "Jobs":
        """The jobs of all ``lists``, one list after the other."""
        return cls(
            **{
                field.name: np.concatenate([getattr(jobs, field.name) for jobs in lists])
                for field in fields(cls)
            }
        )

    def moved(self, m0: int, n0: int) -> "Jobs":
        """The same tiles in a product whose block begins at row ``m0`` and column ``n0``."""
        return replace(self, m0=self.m0 + m0, n0=self.n0 + n0)

    def with_bits(self, width: Width, bits: int) -> "Jobs":
        """The same tiles, with operands of so many bits."""
        return replace(self, **{width.value: np.full_like(self.m, bits)})

    def repeated(self, count: int) -> "Jobs":
        """The list ``count`` times over."""
        return Jobs(
            **{field.name: np.tile(getattr(self, field.name), count) for field in fields(self)}
        )

    @classmethod
    def grid(
        cls, order: tuple[Dim, Dim, Dim], size: Mapping[Dim, int], tile: Mapping[Dim, int]
    ) -> "Jobs":
        """Cut a GEMM into tiles.

        Parameters
        ----------
        order : tuple of Dim
            Outermost loop first.
        size : mapping of Dim to int
            Size of the GEMM.
        tile : mapping of Dim to int
            Size of a full tile; those at the far edges may be smaller.
        """
        starts = np.meshgrid(
            *(np.arange(0, size[dim], tile[dim], dtype=np.int64) for dim in order), indexing="ij"
        )
        columns: dict[str, NDArray[np.int64]] = {}
        for dim, start in zip(order, starts, strict=True):
            columns[f"{dim.value}0"] = start.ravel()
            columns[dim.value] = np.minimum(tile[dim], size[dim] - start.ravel())
        return cls(**columns)


@dataclass(frozen=True)
class JobField:
    """A field of the job port: the size of the tile along ``dim``, 1 to ``most``.

    Of a width it is the bits of codes, one of ``choices`` where not all up to ``most`` are.
    """

    dim: Dim | Width
    most: int
    choices: tuple[int, ...] = ()

    @property
    def allowed(self) -> Sequence[int]:
        """Every value that a job may have."""
        return self.choices or range(1, self.most + 1)

    @property
    def bits(self) -> int:
        """Bits of the field, an unsigned number."""
        return self.most.bit_length()


@dataclass(frozen=True)
class Lane:
    """A dimension that lanes of one beat run along, ``count`` elements wide."""

    dim: Dim | Width
    count: int


@dataclass(frozen=True)
class Beat:
    """A dimension that beats run along; ``descending`` starts at the far end of the tile."""

    dim: Dim | Width
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class PortLayout:
    """Which element of a tile is in which lane of which beat of a port.

    Lane numbers are the row-major index over ``lanes``; lane 0 lies in the least significant
    bits of the payload. Beats are the row-major index over ``beats``. A dimension that appears in
    both is cut into groups of the lane's count, one group a beat.

    Lanes may carry digits of codes in place of codes: then a `Width` is among lanes or beats,
    digit 0 being the least significant. Codes of neighbouring lanes may be packed into words, word
    0 in the least significant bits; what the last word has beyond the lanes is code 0.

    Parameters
    ----------
    operand : Operand
        The matrix that the port carries.
    format : Format
        Of each element; of the widest, where a job says how many bits codes have.
    lanes : tuple of Lane
        Outermost first.
    beats : tuple of Beat
        Outermost first.
    digit_bits : int, optional
        Bits of a lane where lanes carry digits; None where they carry codes.
    packing : Packing, optional
        Of lanes into words; None where lanes lie side by side.
    """

    operand: Operand
    format: Format
    lanes: tuple[Lane, ...]
    beats: tuple[Beat, ...]
    digit_bits: int | None = None
    packing: Packing | None = None

    @property
    def width(self) -> int:
        """Lanes of one beat."""
        return math.prod(lane.count for lane in self.lanes)

    @property
    def lane_bits(self) -> int:
        """Bits of one lane, before lanes are packed into words."""
        return self.digit_bits or self.format.bits

    @property
    def words(self) -> int:
        """Words of one beat: as many as lanes where lanes are not packed."""
        return self.width if self.packing is None else -(-self.width // self.packing.lanes)

    @property
    def word_bits(self) -> int:
        """Bits of one word."""
        return self.lane_bits if self.packing is None else self.packing.bits

    @property
    def bits(self) -> int:
        """Bits of one beat's payload."""
        return self.words * self.word_bits

    def pack(self, lanes: Codes) -> NDArray[np.uint8]:
        """Payloads of beats.

        Parameters
        ----------
        lanes : ndarray of unsigned, shape (beats, lanes)
            What each lane carries.

        Returns
        -------
        ndarray of uint8, shape (beats, bytes)
            Least significant byte first; the last byte is filled up with zeros.
        """
        if self.packing is None:
            return pack(lanes, self.lane_bits)
        missing = self.words * self.packing.lanes - self.width
        full = np.pad(lanes, ((0, 0), (0, missing)))
        words = self.packing.pack(full.reshape(len(lanes), self.words, self.packing.lanes))
        return pack(words, self.packing.bits)

    def unpack(self, payloads: NDArray[np.uint8]) -> Codes:
        """Undo `pack`.

        Parameters
        ----------
        payloads : ndarray of uint8, shape (beats, bytes)

        Returns
        -------
        ndarray of unsigned, shape (beats, lanes)
        """
        words = unpack(payloads, self.word_bits, self.words)
        if self.packing is None:
            return words
        return self.packing.unpack(words).reshape(len(words), -1)[:, : self.width]

    def format_of(self, job: Job) -> Format:
        """Of each element of a job's tile."""
        bits = {Operand.A: job.activation_bits, Operand.W: job.weight_bits}.get(self.operand, 0)
        return self.format.with_bits(bits) if bits else self.format

    def elements(self, job: Job) -> NDArray[np.int64]:
        """Row-major index into the tile of ``operand``, for every beat and lane of a job.

        Returns
        -------
        ndarray of int64, shape (beats, lanes)
            -1 where a lane carries nothing: what a source drives there must not matter, and what
            a sink finds there means nothing.
        """
        return self._expanded(job)[0]

    def digits(self, job: Job) -> NDArray[np.int64]:
        """Number of the digit that each lane of each beat carries, 0 where lanes carry codes.

        Returns
        -------
        ndarray of int64, shape (beats, lanes)
        """
        return self._expanded(job)[1]

    def _expanded(self, job: Job) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        group = {lane.dim: lane.count for lane in self.lanes}
        position: dict[Dim | Width, NDArray[np.int64]] = {}
        axes = len(self.beats) + len(self.lanes)
        for axis, beat in enumerate(self.beats):
            step = group.get(beat.dim, 1)
            starts = np.arange(0, self._length(job, beat.dim), step, dtype=np.int64)
            position[beat.dim] = _along(starts[::-1] if beat.descending else starts, axis, axes)
        for axis, lane in enumerate(self.lanes, start=len(self.beats)):
            inner = _along(np.arange(lane.count, dtype=np.int64), axis, axes)
            position[lane.dim] = position.get(lane.dim, 0) + inner
        row_dim, col_dim = self.operand.dims
        inside = np.array(True)
        for dim, along in position.items():
            inside = inside & (along < self._length(job, dim))
        index = np.where(inside, position[row_dim] * job.size(col_dim) + position[col_dim], -1)
        digit = next((along for dim, along in position.items() if isinstance(dim, Width)), 0)
        digits = np.where(inside, digit, 0)
        return index.reshape(-1, self.width), digits.reshape(-1, self.width)

    def _length(self, job: Job, dim: Dim | Width) -> int:
        """Of the tile along a dimension, or digits of a code."""
        if isinstance(dim, Width):
            return -(-job.size(dim) // self.lane_bits)
        return job.size(dim)


def _along(values: NDArray[np.int64], axis: int, axes: int) -> NDArray[np.int64]:
    """``values`` laid along ``axis`` of an array of ``axes`` dimensions."""
    return values.reshape([-1 if a == axis else 1 for a in range(axes)])


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The ports of an engine.

    Parameters
    ----------
    job : tuple of JobField
        Fields of the job port, the first in the least significant bits.
    activations, weights, results : PortLayout
        The streams of the same names.
    """

    job: tuple[JobField, ...]
    activations: PortLayout
    weights: PortLayout
    results: PortLayout

    def job_code(self, job: Job) -> int:
        """Payload of the job port."""
        code, position = 0, 0
        for entry in self.job:
            size = job.size(entry.dim)
            if size not in entry.allowed:
                allowed = ", ".join(map(str, entry.choices)) or f"1 to {entry.most}"
                raise ValueError(f"a job's {entry.dim.value} is {allowed}, not {size}")
            code |= size << position
            position += entry.bits
        return code


class EngineParams(Protocol):
    """What the params of every engine can tell."""

    @property
    def k_max(self) -> int:
        """Longest K of a GEMM."""

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates that a full tile does per cycle, of operands at their widest."""


class GoldenEngine(Protocol):
    """What the golden module of an engine offers, beside its ``Params`` and ``PRESETS``."""

    def matmul(
        self,
        params: Any,
        a: Codes | QuantizedTensor,
        w: Codes | QuantizedTensor,
        c: Codes | None = None,
    ) -> Codes:
        """``a @ w + c`` in accumulator codes, shape (M, N); see the engine for its arithmetic.

        Bare codes are those of the ports' formats. Of an engine whose jobs say how wide codes are,
        these are the widest, and a quantized tensor says its own.
        """

    def jobs(self, params: Any, m: int, n: int, k: int) -> Jobs:
        """The ordered jobs of a GEMM."""

    def layout(self, params: Any) -> Layout:
        """The ports."""
