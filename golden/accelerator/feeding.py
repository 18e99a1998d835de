"""How the accelerator feeds its engine: weights rest in it, or operands stream through it.

An engine at which weights rest, such as a weight-stationary array, is given a job for each tile of
weights: as many rows as there are output pixels, and a word of weight memory for each row of the
tile. An engine that does a tile of rows and columns per step is given a job for each few pixels,
with the whole of K: a word of activations for each pixel and block of input lanes, and beats of
weights that lie in weight memory exactly as the engine takes them. All that is known of either is
its published layout.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.instructions import Gemm
from golden.contract import Beat, Dim, Job, Layout, Operand, PortLayout, Width
from golden.errors import UserError
from golden.formats import INT8, BipolarFormat, Format, IntFormat, TernaryFormat, code_dtype

__all__ = ["RESTING", "Feeding", "Resting", "Streaming", "feeding_of", "weight_words"]

_OPERAND_BITS = 8
"""Of activations, and of the widest weights."""

_OTHERS = {Operand.A: (Dim.M, Width.ACTIVATION), Operand.W: (Dim.N, Width.WEIGHT)}
"""Of an operand, the dimension beside K, and the width that its digits run along."""

_NO_TERNARY_CODE = 2

_ENGINES = "engines at which weights rest, such as systolic with dataflow=ws, or that do a tile"


@dataclass(frozen=True)
class Resting:
    """Weights rest in the engine: int8, a word for each row of a tile, or one for its diagonal."""

    @property
    def alignment(self) -> int:
        """Words of weight memory that are read at once; weights begin at a multiple."""
        return 1

    @property
    def weight_bits(self) -> tuple[int, ...]:
        """What a `Gemm` may say; 0 alone where the engine takes weights of one width."""
        return (0,)

    @property
    def most_blocks(self) -> None:
        """Blocks of input lanes, times taps, that a `Gemm` may have; None for any number."""
        return None

    def tile_words(self, depth: int, bits: int, *, diagonal: bool) -> int:
        """Words of weights for one tap of one block of input lanes and one of output lanes.

        Parameters
        ----------
        depth : int
            Lanes of the block that count.
        bits : int
            Of weights, as a `Gemm` says.
        diagonal : bool
            Whether only the diagonal of the tile matters.
        """
        return 1 if diagonal else depth

    def words(self, values: NDArray[np.int64], bits: int, *, diagonal: bool) -> NDArray[np.int8]:
        """Weight memory for a tile, shape (words, lanes), from its values, shape (depth, lanes)."""
        if not diagonal:
            return values.astype(np.int8)
        word = np.zeros((1, values.shape[1]), dtype=np.int8)
        word[0, : len(values)] = np.diagonal(values)
        return word

    def values(
        self, words: NDArray[np.int8], depth: int, bits: int, *, diagonal: bool
    ) -> NDArray[np.int64]:
        """Values of a tile, shape (depth, lanes), from weight memory, shape (words, lanes)."""
        wide = words.astype(np.int64)
        return np.diag(wide[0])[:depth] if diagonal else wide


RESTING = Resting()


@dataclass(frozen=True)
class Streaming:
    """Operands stream through the engine.

    Parameters
    ----------
    layout : Layout
        Of the engine.
    lanes : int
        Of a word, and columns of the engine.
    """

    layout: Layout
    lanes: int

    @property
    def alignment(self) -> int:
        """Words of a beat of weights, a power of two."""
        octets = -(-self.layout.weights.bits // 8)
        return 1 << (-(-octets // self.lanes) - 1).bit_length()

    @property
    def weight_bits(self) -> tuple[int, ...]:
        """What jobs may say; 0 alone where they say nothing."""
        for field in self.layout.job:
            if field.dim is Width.WEIGHT:
                return tuple(field.allowed)
        return (0,)

    @property
    def most_blocks(self) -> int:
        """As many as the longest K of a job has."""
        return next(f.most for f in self.layout.job if f.dim is Dim.K) // self.lanes

    @property
    def rows(self) -> int:
        """Rows of the engine."""
        return next(lane.count for lane in self.layout.activations.lanes if lane.dim is Dim.M)

    @property
    def activation_beats(self) -> int:
        """Beats of activations for a word of each row."""
        return len(_places(self.layout.activations, self.block_job(self.weight_bits[-1]))[0])

    def weight_beats(self, bits: int) -> int:
        """Beats of weights for a block of input lanes."""
        return len(_places(self.layout.weights, self.block_job(bits))[0])

    def job_rows(self, bits: int) -> int:
        """Rows of a full job.

        No more than words of activations can be fetched, one a cycle, while the engine takes the
        operands of a block: it takes at most one beat of each a cycle.
        """
        return min(self.rows, max(self.activation_beats, self.weight_beats(bits)))

    def block_job(self, bits: int) -> Job:
        """The job of a single block of input lanes."""
        return Job(
            m=self.rows,
            n=self.lanes,
            k=self.lanes,
            activation_bits=_OPERAND_BITS,
            weight_bits=bits,
        )

    def weight_format(self, bits: int) -> Format:
        """Of weights of so many bits, as a `Gemm` says."""
        return self.layout.weights.format_of(self.block_job(bits))

    def holds(self, values: NDArray[np.int64], bits: int) -> bool:
        """Whether these are weights of so many bits."""
        try:
            self.weight_format(bits).encode(values)
        except ValueError:
            return False
        return True

    def tile_words(self, depth: int, bits: int, *, diagonal: bool) -> int:
        """As of `Resting`; lanes that do not count, and zeros beside a diagonal, are there too."""
        return self.weight_beats(bits) * self.alignment

    def words(self, values: NDArray[np.int64], bits: int, *, diagonal: bool) -> NDArray[np.int8]:
        """As of `Resting`; there may be fewer lanes, and what lies in others does not matter."""
        port, job = self.layout.weights, self.block_job(bits)
        codes = np.zeros((self.lanes, self.lanes), dtype=code_dtype(port.format.bits))
        codes[: values.shape[0], : values.shape[1]] = self.weight_format(bits).encode(values)
        elements, shifts = _places(port, job)
        beats = codes.reshape(-1)[elements] >> shifts.astype(codes.dtype)
        mask = codes.dtype.type((1 << port.lane_bits) - 1)
        payloads = port.pack(np.where(elements >= 0, beats & mask, 0).astype(codes.dtype))
        octets = np.zeros((len(payloads), self.alignment * self.lanes), dtype=np.uint8)
        octets[:, : payloads.shape[1]] = payloads
        return octets.view(np.int8).reshape(-1, self.lanes)

    def values(
        self, words: NDArray[np.int8], depth: int, bits: int, *, diagonal: bool
    ) -> NDArray[np.int64]:
        """As of `Resting`, but all rows, as activations in lanes that do not count are 0.

        A bit pattern that is no code is worth 0.
        """
        port, job = self.layout.weights, self.block_job(bits)
        octets = words.reshape(-1, self.alignment * self.lanes).view(np.uint8)
        beats = port.unpack(np.ascontiguousarray(octets[:, : -(-port.bits // 8)]))
        elements, shifts = _places(port, job)
        there = elements >= 0
        codes = np.zeros(self.lanes * self.lanes, dtype=np.int64)
        np.bitwise_or.at(codes, elements[there], beats[there].astype(np.int64) << shifts[there])
        # The last digits of a code may be wider than it.
        format = self.weight_format(bits)
        codes &= (1 << format.bits) - 1
        if isinstance(format, TernaryFormat):
            codes[codes == _NO_TERNARY_CODE] = 0
        square = codes.reshape(self.lanes, self.lanes).astype(code_dtype(port.format.bits))
        return np.asarray(format.decode(square), dtype=np.int64)


@cache
def _places(port: PortLayout, job: Job) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Elements of each lane of each beat, and the lowest bit of their digits."""
    return port.elements(job), port.digits(job) * port.lane_bits


Feeding: TypeAlias = Resting | Streaming
"""How an engine is fed."""


def weight_words(gemm: Gemm, lanes: int, feeding: Feeding) -> int:
    """Words of weights that an instruction reads, which follow each other."""
    bits, diagonal = gemm.weight_bits, bool(gemm.diagonal)
    whole, last = (
        feeding.tile_words(depth, bits, diagonal=diagonal) for depth in (lanes, gemm.last_lanes)
    )
    return gemm.blocks_n * gemm.taps_y * gemm.taps_x * ((gemm.blocks_k - 1) * whole + last)


def feeding_of(engine: str, layout: Layout) -> Feeding:
    """How an engine is fed.

    Parameters
    ----------
    engine : str
        Its name, for messages.
    layout : Layout

    Raises
    ------
    UserError
        If an accelerator can not be built around it.
    """
    what = f"an accelerator can not be built around {engine} with these params"
    lanes = layout.results.width
    if _rests(layout):
        if {layout.activations.width, layout.weights.width} != {lanes}:
            raise UserError(f"{what}: as many rows as columns are needed")
        if (layout.activations.format, layout.weights.format) != (INT8, INT8):
            raise UserError(f"{what}: activations and weights must be int8")
        return RESTING
    if layout.inputs.keys() != {"activations", "weights"}:
        extra = " and ".join(sorted(layout.inputs.keys() - {"activations", "weights"}))
        raise UserError(f"{what}: it has ports for {extra}")
    if not _streams(layout):
        raise UserError(f"{what}: it takes {_ENGINES} of rows and columns per step")
    if layout.activations.format != INT8:
        raise UserError(f"{what}: activations must be int8, not {layout.activations.format.name}")
    tables = layout.activations.tables
    if tables is not None and tables.quantized:
        raise UserError(f"{what}: tables of activations must be exact, not quantized")
    if not _is_narrow(layout.weights.format):
        raise UserError(
            f"{what}: weights must be integers of at most {_OPERAND_BITS} bits, bipolar or"
            f" ternary, not {layout.weights.format.name}"
        )
    step = next(lane.count for lane in layout.activations.lanes if lane.dim is Dim.K)
    if lanes % step:
        raise UserError(f"{what}: k={step} must divide the {lanes} columns")
    if next(f.most for f in layout.job if f.dim is Dim.K) < lanes:
        raise UserError(f"{what}: k_max must be at least {lanes}")
    return Streaming(layout, lanes)


def _rests(layout: Layout) -> bool:
    """Whether weights rest: they come before the activations, a row of the tile a beat."""
    return all(
        [lane.dim for lane in port.lanes] == [lanes] and port.beats == (beats,)
        for port, lanes, beats in (
            (layout.activations, Dim.K, Beat(Dim.M)),
            (layout.weights, Dim.N, Beat(Dim.K, descending=True)),
            (layout.results, Dim.N, Beat(Dim.M)),
        )
    )


def _streams(layout: Layout) -> bool:
    """Whether every step brings all rows and all columns of some of K."""
    ports = (layout.activations, layout.weights)
    lanes = [{lane.dim: lane.count for lane in port.lanes} for port in ports]
    return (
        [lane.dim for lane in layout.results.lanes] == [Dim.N]
        and layout.results.beats == (Beat(Dim.M),)
        and all(_steps_along_k(port) for port in ports)
        and lanes[0][Dim.K] == lanes[1][Dim.K]
        and lanes[1][Dim.N] == layout.results.width
        and {field.dim for field in layout.job} >= {Dim.M, Dim.K}
    )


def _steps_along_k(port: PortLayout) -> bool:
    """Whether beats go along K, and then along digits where they do."""
    other, width = _OTHERS[port.operand]
    lanes = {lane.dim for lane in port.lanes}
    beats = (Beat(Dim.K),), (Beat(Dim.K), Beat(width))
    return lanes - {width} == {other, Dim.K} and port.beats in beats and port.fusing is None


def _is_narrow(format: Format) -> bool:
    kinds = (IntFormat, BipolarFormat, TernaryFormat)
    return isinstance(format, kinds) and format.bits <= _OPERAND_BITS
