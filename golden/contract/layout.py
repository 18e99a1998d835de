"""The ports of an engine: which element of a tile is in which lane of which beat."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from golden.arith.tables import TablePort
from golden.contract.jobs import Axis, Dim, Job, Operand, Width
from golden.formats import Codes, Format
from golden.packing import Packing, pack, unpack

__all__ = ["Beat", "Fusing", "JobField", "Lane", "Layout", "PortLayout"]


@dataclass(frozen=True)
class JobField:
    """A field of the job port: the size of the tile along ``dim``, 1 to ``most``.

    Of a width it is the bits of codes, one of ``choices`` where not all up to ``most`` are. The
    size of groups is a multiple of ``step``.
    """

    dim: Axis
    most: int
    choices: tuple[int, ...] = ()
    step: int = 1

    @property
    def allowed(self) -> Sequence[int]:
        """Every value that a job may have."""
        return self.choices or range(self.step, self.most + 1, self.step)

    @property
    def bits(self) -> int:
        """Bits of the field, an unsigned number."""
        return self.most.bit_length()


@dataclass(frozen=True)
class Lane:
    """A dimension that lanes of one beat run along, ``count`` elements wide."""

    dim: Axis
    count: int


@dataclass(frozen=True)
class Beat:
    """A dimension that beats run along; ``descending`` starts at the far end of the tile."""

    dim: Axis
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Fusing:
    """How many products of narrow codes take the place of one of the widest.

    Parameters
    ----------
    activation_bits, weight_bits : int
        Of the widest codes; a job's widths divide them.
    """

    activation_bits: int
    weight_bits: int

    def products(self, job: Job) -> int:
        """In place of one, of a job's widths."""
        of_activations = self.activation_bits // job.activation_bits
        return of_activations * (self.weight_bits // job.weight_bits)


@dataclass(frozen=True, kw_only=True)
class PortLayout:
    """Which element of a tile is in which lane of which beat of a port.

    Lane numbers are the row-major index over ``lanes``; lane 0 lies in the least significant
    bits of the payload. Beats are the row-major index over ``beats``. A dimension that appears in
    both is cut into groups of the lane's count, one group a beat.

    Lanes may carry digits of codes in place of codes: then a `Width` is among lanes or beats,
    digit 0 being the least significant. Where products are fused, each lane of K stands for as many
    elements as products take the place of one, and the lanes of the width that follow it are filled
    with all their digits, element by element. Codes of neighbouring lanes may be packed into words,
    word 0 in the least significant bits; what the last word has beyond the lanes is code 0.

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
    tables : TablePort, optional
        Tables of neighbouring lanes that are carried in their place; what a lane lacks is 0.
    fusing : Fusing, optional
        Of products, where narrower codes are more; None where a lane of K is one element.
    """

    operand: Operand
    format: Format
    lanes: tuple[Lane, ...]
    beats: tuple[Beat, ...]
    digit_bits: int | None = None
    packing: Packing | None = None
    tables: TablePort | None = None
    fusing: Fusing | None = None

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
        if self.tables is not None:
            return self.width // self.tables.table.group * self.tables.table.size
        return self.width if self.packing is None else -(-self.width // self.packing.lanes)

    @property
    def word_bits(self) -> int:
        """Bits of one word."""
        if self.tables is not None:
            return self.tables.entry.bits
        return self.lane_bits if self.packing is None else self.packing.bits

    @property
    def bits(self) -> int:
        """Bits of one beat's payload."""
        return self.words * self.word_bits

    def pack(self, lanes: Codes, job: NDArray[np.int64] | None = None) -> NDArray[np.uint8]:
        """Payloads of beats.

        Parameters
        ----------
        lanes : ndarray of unsigned, shape (beats, lanes)
            What each lane carries.
        job : ndarray of int64, shape (beats,), optional
            Number of the job that each beat belongs to, on which tables may depend; default: one.

        Returns
        -------
        ndarray of uint8, shape (beats, bytes)
            Least significant byte first; the last byte is filled up with zeros.
        """
        if self.tables is not None:
            beats = np.zeros(len(lanes), np.int64) if job is None else job
            return pack(self.tables.words(lanes, beats), self.word_bits)
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

        Raises
        ------
        ValueError
            If tables are carried.
        """
        if self.tables is not None:
            raise ValueError("activations can not be told from their tables")
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
        fused = 1 if self.fusing is None else self.fusing.products(job)
        if self.fusing is not None:
            group[Dim.K] *= fused
        position: dict[Axis, NDArray[np.int64]] = {}
        axes = len(self.beats) + len(self.lanes)
        for axis, beat in enumerate(self.beats):
            step = group.get(beat.dim, 1)
            starts = np.arange(0, self._length(job, beat.dim), step, dtype=np.int64)
            position[beat.dim] = _along(starts[::-1] if beat.descending else starts, axis, axes)
        for axis, lane in enumerate(self.lanes, start=len(self.beats)):
            inner = _along(np.arange(lane.count, dtype=np.int64), axis, axes)
            if lane.dim is Dim.K:
                inner = inner * fused
            position[lane.dim] = position.get(lane.dim, 0) + inner
        row_dim, col_dim = self.operand.dims
        inside = np.array(True)
        if self.fusing is not None:
            width = next(dim for dim in position if isinstance(dim, Width))
            element, position[width] = np.divmod(position[width], self._length(job, width))
            position[Dim.K] = position[Dim.K] + element
            inside = element < fused
        for dim, along in position.items():
            inside = inside & (along < self._length(job, dim))
        index = np.where(inside, position[row_dim] * job.size(col_dim) + position[col_dim], -1)
        digit = next((along for dim, along in position.items() if isinstance(dim, Width)), 0)
        digits = np.where(inside, digit, 0)
        return index.reshape(-1, self.width), digits.reshape(-1, self.width)

    def _length(self, job: Job, dim: Axis) -> int:
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
    scales, zero_points : PortLayout, optional
        Of groups of weights, for engines that apply them; None for the others.
    """

    job: tuple[JobField, ...]
    activations: PortLayout
    weights: PortLayout
    results: PortLayout
    scales: PortLayout | None = None
    zero_points: PortLayout | None = None

    @property
    def inputs(self) -> Mapping[str, PortLayout]:
        """Ports of operands by name."""
        optional = {"scales": self.scales, "zero_points": self.zero_points}
        return {
            "activations": self.activations,
            "weights": self.weights,
            **{name: port for name, port in optional.items() if port is not None},
        }

    @property
    def streams(self) -> Mapping[str, PortLayout]:
        """All ports but the job's, by name, the results last."""
        return {**self.inputs, "results": self.results}

    def job_code(self, job: Job) -> int:
        """Payload of the job port."""
        code, position = 0, 0
        for entry in self.job:
            size = job.size(entry.dim)
            if size not in entry.allowed:
                multiples = f"{entry.step} to {entry.most}"
                if entry.step > 1:
                    multiples += f" in steps of {entry.step}"
                allowed = ", ".join(map(str, entry.choices)) or multiples
                raise ValueError(f"a job's {entry.dim.value} is {allowed}, not {size}")
            code |= size << position
            position += entry.bits
        return code
