"""Which words each instruction reads and writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.feeding import RESTING, Feeding, weight_words
from golden.accelerator.instructions import (
    Add,
    Gemm,
    Instruction,
    Load,
    LocalMemory,
    Pool,
    Requantize,
    Store,
    Table,
)
from golden.accelerator.interpreter import PARAMETER_WORDS, TABLE_BYTES

__all__ = ["Access", "Space", "accesses"]


class Space(Enum):
    """A memory that instructions reach."""

    ACTIVATIONS = "activations"
    WEIGHTS = "weights"
    PARAMETERS = "parameters"
    ACCUMULATORS = "accumulators"
    DRAM = "dram"


_LOADED = {
    LocalMemory.ACTIVATIONS: Space.ACTIVATIONS,
    LocalMemory.WEIGHTS: Space.WEIGHTS,
    LocalMemory.PARAMETERS: Space.PARAMETERS,
}


Axis: TypeAlias = range | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Access:
    """Words, or bytes of DRAM, that an instruction reads or writes.

    They are all sums of one number of each axis, so that what a wrong instruction reaches can be
    asked without listing it.

    Parameters
    ----------
    space : Space
    axes : sequence of range or ndarray of int64
        Each sorted; DRAM is relative to base register ``base``.
    writes : bool
    base : int
    """

    space: Space
    axes: Sequence[Axis]
    writes: bool
    base: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is touched: all is padding."""
        return any(len(axis) == 0 for axis in self.axes)

    @property
    def low(self) -> int:
        """The first one."""
        return sum(int(axis[0]) for axis in self.axes)

    @property
    def high(self) -> int:
        """The last one."""
        return sum(int(axis[-1]) for axis in self.axes)

    @cached_property
    def runs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All of them as runs without a gap: the first of each, and the one after its last."""
        if self.empty:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        inner, *outer = sorted(self.axes, key=len, reverse=True)
        first = np.zeros(1, dtype=np.int64)
        for axis in outer:
            first = _sums(first, axis)
        if isinstance(inner, range) and (inner.step == 1 or len(inner) == 1):
            return first + inner.start, first + inner.start + len(inner)
        places = np.asarray(inner, dtype=np.int64)
        ends = np.flatnonzero(np.diff(places) > 1)
        low, high = places[np.r_[0, ends + 1]], places[np.r_[ends, len(places) - 1]] + 1
        return (first[:, None] + low).reshape(-1), (first[:, None] + high).reshape(-1)

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """All of them, sorted, each once."""
        if self.empty:
            return np.zeros(0, dtype=np.int64)
        words = np.zeros(1, dtype=np.int64)
        for axis in self.axes:
            words = _sums(words, axis)
        return words


def _sums(words: NDArray[np.int64], axis: Axis) -> NDArray[np.int64]:
    """Sums of a word and a number of the axis, sorted, each once."""
    places = np.asarray(axis, dtype=np.int64)
    if np.all(np.diff(places) > np.ptp(words)):
        return (places[:, None] + words).reshape(-1)
    if not isinstance(axis, range):
        return np.unique(places[:, None] + words)
    # Many sums are equal: double what is covered instead of listing them.
    words, covered = words + axis[0], 1
    while covered < len(axis):
        more = min(covered, len(axis) - covered)
        words = np.union1d(words, words + more * axis.step)
        covered += more
    return words


def accesses(instruction: Instruction, lanes: int, feeding: Feeding = RESTING) -> list[Access]:
    """Everything that ``instruction`` touches on an accelerator with ``lanes``."""
    return list(_accesses(instruction, lanes, feeding))


def _accesses(instruction: Instruction, lanes: int, feeding: Feeding) -> Iterator[Access]:
    source: Sequence[Axis]
    target: Sequence[Axis]
    match instruction:
        case Load() as op:
            words = op.groups * -(-op.group_bytes // lanes)
            target = (_run(op.local, words), _steps(op.rows, op.local_row_step))
            yield Access(_LOADED[LocalMemory(op.memory)], target, writes=True)
            source = (_loaded_bytes(op), _steps(op.rows, op.row_step), _run(op.address, 1))
            yield Access(Space.DRAM, source, False, op.base)
        case Store() as op:
            words = op.groups * -(-op.group_bytes // lanes)
            source = (_run(op.local, words), _steps(op.rows, op.local_row_step))
            yield Access(Space.ACTIVATIONS, source, writes=False)
            octets = op.groups * op.group_bytes
            stored = (_run(op.address, octets), _steps(op.rows, op.row_step))
            yield Access(Space.DRAM, stored, True, op.base)
        case Gemm() as op:
            yield from _gemm(op, lanes, feeding)
        case Requantize() as op:
            sums = _run(op.source, op.out_height * op.out_width * op.blocks)
            yield Access(Space.ACCUMULATORS, (sums,), writes=False)
            scaling = _run(op.parameters, PARAMETER_WORDS * op.blocks)
            yield Access(Space.PARAMETERS, (scaling,), writes=False)
            rows = _steps(op.out_height, op.row_words)
            target = (_run(op.target, op.blocks), _steps(op.out_width, op.pixel_words), rows)
            yield Access(Space.ACTIVATIONS, target, writes=True)
        case Add() as op:
            for first in sorted({op.first, op.second}):
                yield Access(Space.ACTIVATIONS, (_run(first, op.words),), writes=False)
            yield Access(Space.PARAMETERS, (_run(op.parameters, PARAMETER_WORDS),), writes=False)
            yield Access(Space.ACTIVATIONS, (_run(op.target, op.words),), writes=True)
        case Pool() as op:
            yield Access(Space.ACTIVATIONS, _windows(op, op.blocks), writes=False)
            rows = _steps(op.out_height, op.target_row_words)
            columns = _steps(op.out_width, op.target_pixel_words)
            target = (_run(op.target, op.blocks), columns, rows)
            yield Access(Space.ACTIVATIONS, target, writes=True)
        case Table() as op:
            yield Access(Space.ACTIVATIONS, (_run(op.source, op.words),), writes=False)
            entries = _run(op.parameters, -(-TABLE_BYTES // lanes))
            yield Access(Space.PARAMETERS, (entries,), writes=False)
            yield Access(Space.ACTIVATIONS, (_run(op.target, op.words),), writes=True)


def _gemm(op: Gemm, lanes: int, feeding: Feeding) -> Iterator[Access]:
    blocks = op.blocks_n if op.diagonal else op.blocks_k
    yield Access(Space.ACTIVATIONS, _windows(op, blocks), writes=False)
    words = _run(op.weights, weight_words(op, lanes, feeding))
    yield Access(Space.WEIGHTS, (words,), writes=False)
    sums = _run(op.target, op.blocks_n * op.out_height * op.out_width)
    if op.accumulate:
        yield Access(Space.ACCUMULATORS, (sums,), writes=False)
    yield Access(Space.ACCUMULATORS, (sums,), writes=True)


def _windows(op: Gemm | Pool, blocks: int) -> Sequence[Axis]:
    """Which rows and which columns are read do not depend on each other."""
    dilation_y, dilation_x = (op.dilation_y, op.dilation_x) if isinstance(op, Gemm) else (1, 1)
    first_y = op.origin_y + np.arange(op.out_height)[:, None] * op.stride_y
    first_x = op.origin_x + np.arange(op.out_width)[:, None] * op.stride_x
    y = np.unique(first_y + np.arange(op.taps_y) * dilation_y)
    x = np.unique(first_x + np.arange(op.taps_x) * dilation_x)
    y = y[(y >= 0) & (y < op.height)] * op.row_words
    x = x[(x >= 0) & (x < op.width)] * op.pixel_words
    return np.unique(y), np.unique(x), _run(op.source, blocks)


def _loaded_bytes(op: Load) -> Axis:
    """Bytes of a row that some group has."""
    low, high = -op.pad_left, (op.groups - 1) * op.group_step + op.group_bytes - op.pad_left
    if op.group_step <= op.group_bytes:
        return range(max(low, 0), min(high, op.row_bytes))
    starts = np.arange(low, min(high, op.row_bytes), op.group_step)
    touched = np.zeros(op.row_bytes, dtype=np.bool_)
    for start in starts[starts > -op.group_bytes].tolist():
        touched[max(start, 0) : start + op.group_bytes] = True
    return np.flatnonzero(touched)


def _run(first: int, count: int) -> range:
    return range(first, first + count)


def _steps(count: int, step: int) -> range:
    """``count`` distances; all of them are 0 where ``step`` is."""
    return range(0, count * step, step) if step else range(1)
