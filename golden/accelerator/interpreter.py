"""What programs mean: the golden model of the accelerator.

Instructions are carried out one after the other, in program order. A program whose tokens order
everything that touches the same words (see `golden.accelerator.checker`) leaves the same in all
memories however its units overlap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.feeding import RESTING, Feeding, Streaming
from golden.accelerator.instructions import (
    BASES,
    Add,
    Gemm,
    Instruction,
    Load,
    LocalMemory,
    Pool,
    PoolKind,
    Requantize,
    Store,
    Table,
)
from golden.accelerator.windows import tap_indices
from golden.arith.fixed_point_arrays import multiply_by_quantized_multiplier, wrap_int32

__all__ = ["ADD_SHIFT", "PARAMETER_WORDS", "TABLE_BYTES", "Machine", "MemorySizes", "execute"]

PARAMETER_WORDS = 9
"""Parameter words of a block: four of biases, four of multipliers, one of shifts."""

ADD_SHIFT = 20
"""Bits that operands of an addition are shifted left before they are scaled."""

TABLE_BYTES = 256

_SHIFT_LIMIT = 31
"""Shifts of parameters are clamped to this, left and right."""

_BYTES_OF_INT32 = 4

Number = TypeVar("Number", np.int8, np.uint8, np.int64)

MatMul = Callable[[NDArray[np.int64], NDArray[np.int64], int], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class MemorySizes:
    """Words of each local memory.

    Parameters
    ----------
    activations, weights, parameters, accumulators : int
    """

    activations: int
    weights: int
    parameters: int
    accumulators: int


@dataclass(frozen=True, eq=False)
class Machine:
    """Memories, and the engine between them.

    Parameters
    ----------
    lanes : int
        Bytes of a word of the byte memories, numbers of a word of accumulators.
    sizes : MemorySizes
    multiply : callable
        The engine: int64 values (M, K) and (K, lanes), and bits of weights as a `Gemm` says, to
        sums (M, lanes).
    dram : ndarray of uint8, shape (bytes,)
    bases : tuple of int
        Base registers.
    feeding : Feeding
        How the engine is fed.

    Attributes
    ----------
    activations, weights, parameters : ndarray of int8, shape (words, lanes)
    accumulators : ndarray of int64, shape (words, lanes)
        32-bit integers.
    """

    lanes: int
    sizes: MemorySizes
    multiply: MatMul
    dram: NDArray[np.uint8]
    bases: tuple[int, ...] = (0,) * BASES
    feeding: Feeding = RESTING
    activations: NDArray[np.int8] = field(init=False)
    weights: NDArray[np.int8] = field(init=False)
    parameters: NDArray[np.int8] = field(init=False)
    accumulators: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("activations", "weights", "parameters"):
            words = np.zeros((getattr(self.sizes, name), self.lanes), dtype=np.int8)
            object.__setattr__(self, name, words)
        sums = np.zeros((self.sizes.accumulators, self.lanes), dtype=np.int64)
        object.__setattr__(self, "accumulators", sums)

    def memory(self, number: int) -> NDArray[np.int8]:
        """The local memory that a `Load` names."""
        return {
            LocalMemory.ACTIVATIONS: self.activations,
            LocalMemory.WEIGHTS: self.weights,
            LocalMemory.PARAMETERS: self.parameters,
        }[LocalMemory(number)]


def execute(machine: Machine, instruction: Instruction) -> None:
    """Carry out one instruction; changes the memories of ``machine``.

    An instruction reads all that it reads before it writes; where it writes a word twice, the later
    one stays, in the order of blocks, rows and columns, of a load in that of rows and groups. The
    maximum of a window without any tap inside is -128, its average 0.

    Raises
    ------
    IndexError
        If it reaches beyond a memory, or names a base register that there is not; nothing is
        changed then.
    ValueError
        If a `Load` names no memory, or weights do not begin where a beat does.
    """
    match instruction:
        case Load():
            _load(machine, instruction)
        case Gemm():
            _gemm(machine, instruction)
        case Requantize():
            _requantize(machine, instruction)
        case Add():
            _add(machine, instruction)
        case Pool():
            _pool(machine, instruction)
        case Table():
            _table(machine, instruction)
        case Store():
            _store(machine, instruction)


def _load(machine: Machine, load: Load) -> None:
    lanes = machine.lanes
    words_of_group = -(-load.group_bytes // lanes)
    row = np.arange(load.rows)[:, None, None]
    group = np.arange(load.groups)[None, :, None]
    octet = np.arange(load.group_bytes)[None, None, :]
    position = group * load.group_step + octet - load.pad_left
    inside = np.broadcast_to(
        (position >= 0) & (position < load.row_bytes), (load.rows, load.groups, load.group_bytes)
    )
    address = machine.bases[load.base] + load.address + row * load.row_step + position
    values = np.full(inside.shape, load.pad_value, dtype=np.int8)
    values[inside] = _words(machine.dram, address[inside]).view(np.int8)
    words = np.zeros((load.rows, load.groups, words_of_group * lanes), dtype=np.int8)
    words[..., : load.group_bytes] = values
    target = load.local + row[..., 0] * load.local_row_step
    target = target + np.arange(load.groups * words_of_group)
    _place(machine.memory(load.memory), target, words.reshape(*target.shape, lanes))


def _store(machine: Machine, store: Store) -> None:
    lanes = machine.lanes
    words_of_group = -(-store.group_bytes // lanes)
    row = np.arange(store.rows)[:, None]
    source = store.local + row * store.local_row_step + np.arange(store.groups * words_of_group)
    octets = _words(machine.activations, source)
    octets = octets.reshape(store.rows, store.groups, words_of_group * lanes)
    octets = octets[..., : store.group_bytes].reshape(store.rows, -1)
    address = machine.bases[store.base] + store.address + row * store.row_step
    _place(machine.dram, address + np.arange(octets.shape[1]), octets.view(np.uint8))


def _gemm(machine: Machine, gemm: Gemm) -> None:
    if gemm.weights % machine.feeding.alignment:
        raise ValueError(
            f"weights begin at a multiple of {machine.feeding.alignment} words, not at"
            f" {gemm.weights}"
        )
    pixels = gemm.out_height * gemm.out_width
    target = np.arange(gemm.target, gemm.target + gemm.blocks_n * pixels).reshape(-1, pixels)
    held = _words(machine.accumulators, target) * gemm.accumulate
    tile = iter(_tiles(machine, gemm))
    jobs = gemm.taps_y * gemm.taps_x * gemm.blocks_k
    for block_n in range(gemm.blocks_n):
        tiles = list(islice(tile, jobs))
        if isinstance(machine.feeding, Streaming):
            # One job, with all of K.
            parts = [list(side) for side in zip(*tiles, strict=True)]
            tiles = [(np.concatenate(parts[0], axis=1), np.concatenate(parts[1]))]
        for a, w in tiles:
            held[block_n] = wrap_int32(held[block_n] + machine.multiply(a, w, gemm.weight_bits))
    machine.accumulators[target] = held


def _tiles(machine: Machine, gemm: Gemm) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Activations and weights of each tap of each block of lanes, for each block of outputs."""
    bits, diagonal = gemm.weight_bits, bool(gemm.diagonal)
    pixels = gemm.out_height * gemm.out_width
    weights = gemm.weights
    for block_n in range(gemm.blocks_n):
        for words, inside in tap_indices(gemm):
            for block_k in range(gemm.blocks_k):
                source = words + (block_n if gemm.diagonal else block_k)
                a = np.full((pixels, machine.lanes), gemm.pad_value, dtype=np.int64)
                a[inside] = _words(machine.activations, source[inside])
                last = block_k == gemm.blocks_k - 1
                depth = gemm.last_lanes if last else machine.lanes
                count = machine.feeding.tile_words(depth, bits, diagonal=diagonal)
                octets = _run(machine.weights, weights, count)
                weights += count
                w = machine.feeding.values(octets, depth, bits, diagonal=diagonal)
                # Lanes that do not count are no part of a job, or they are 0 in it.
                a[:, depth:] = 0
                yield a[:, : len(w)], w


@dataclass(frozen=True, eq=False)
class _Scaling:
    """Parameters of one block: for each lane a bias, a multiplier and a shift."""

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int64]


def _scaling(machine: Machine, first: int) -> _Scaling:
    words = _run(machine.parameters, first, PARAMETER_WORDS)
    wide = words[: 2 * _BYTES_OF_INT32].reshape(2, -1).view(np.int32).astype(np.int64)
    shift = np.clip(words[-1].astype(np.int64), -_SHIFT_LIMIT, _SHIFT_LIMIT)
    return _Scaling(wide[0], wide[1], shift)


def _requantize(machine: Machine, op: Requantize) -> None:
    pixels = op.out_height * op.out_width
    row = np.arange(op.out_height)[:, None] * op.row_words
    target = op.target + row + np.arange(op.out_width) * op.pixel_words
    results = []
    for block in range(op.blocks):
        scaling = _scaling(machine, op.parameters + block * PARAMETER_WORDS)
        sums = _run(machine.accumulators, op.source + block * pixels, pixels)
        sums = wrap_int32(sums + scaling.bias)
        scaled = multiply_by_quantized_multiplier(sums, scaling.multiplier, scaling.shift)
        results.append(_clamped(scaled + op.zero_point, op.low, op.high))
    _place_blocks(machine, target, results)


def _add(machine: Machine, op: Add) -> None:
    scaling = _scaling(machine, op.parameters)
    total = np.zeros((op.words, machine.lanes), dtype=np.int64)
    for lane, first in enumerate((op.first, op.second)):
        values = _run(machine.activations, first, op.words).astype(np.int64)
        shifted = wrap_int32((values + scaling.bias[lane]) << ADD_SHIFT)
        total += multiply_by_quantized_multiplier(
            shifted, scaling.multiplier[lane], scaling.shift[lane]
        )
    scaled = multiply_by_quantized_multiplier(
        wrap_int32(total), scaling.multiplier[2], scaling.shift[2]
    )
    target = np.arange(op.target, op.target + op.words)
    _place(machine.activations, target, _clamped(scaled + op.zero_point, op.low, op.high))


def _pool(machine: Machine, op: Pool) -> None:
    pixels = op.out_height * op.out_width
    row = np.arange(op.out_height)[:, None] * op.target_row_words
    target = op.target + row + np.arange(op.out_width) * op.target_pixel_words
    results = []
    for block in range(op.blocks):
        largest = np.full((pixels, machine.lanes), -128, dtype=np.int64)
        total = np.zeros_like(largest)
        count = np.zeros((pixels, 1), dtype=np.int64)
        for words, inside in tap_indices(op):
            values = _words(machine.activations, words[inside] + block).astype(np.int64)
            largest[inside] = np.maximum(largest[inside], values)
            total[inside] += values
            count[inside] += 1
        if op.kind == PoolKind.MAX:
            result = largest
        else:
            count = np.maximum(count, 1)
            result = np.sign(total) * ((np.abs(total) + count // 2) // count)
        results.append(_clamped(result, op.low, op.high))
    _place_blocks(machine, target, results)


def _table(machine: Machine, op: Table) -> None:
    words = -(-TABLE_BYTES // machine.lanes)
    table = _run(machine.parameters, op.parameters, words).reshape(-1)
    values = _run(machine.activations, op.source, op.words).astype(np.int64)
    target = np.arange(op.target, op.target + op.words)
    _place(machine.activations, target, table[values + TABLE_BYTES // 2])


def _run(memory: NDArray[Number], first: int, count: int) -> NDArray[Number]:
    """Words that follow each other."""
    _check(memory, first, first + count - 1)
    return memory[first : first + count]


def _words(memory: NDArray[Number], index: NDArray[np.int64]) -> NDArray[Number]:
    """A copy of the words at ``index``."""
    if index.size:
        _check(memory, int(index.min()), int(index.max()))
    return memory[index]


def _place(memory: NDArray[Number], index: NDArray[np.int64], words: NDArray[Number]) -> None:
    _check(memory, int(index.min()), int(index.max()))
    memory[index] = words


def _place_blocks(
    machine: Machine, target: NDArray[np.int64], blocks: list[NDArray[np.int8]]
) -> None:
    """Blocks of pixels to words that follow those of their pixels' first block."""
    index = np.arange(len(blocks))[:, None] + target.reshape(-1)
    _place(machine.activations, index, np.stack(blocks))


def _check(memory: NDArray[Number], low: int, high: int) -> None:
    if low < 0 or high >= len(memory):
        raise IndexError(f"an instruction reaches {low} to {high}, beyond 0 to {len(memory) - 1}")


def _clamped(values: NDArray[np.int64], low: int, high: int) -> NDArray[np.int8]:
    return np.clip(values, low, high).astype(np.int8)
