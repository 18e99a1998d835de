"""What an instruction does in local memories and in arithmetic."""

from dataclasses import dataclass, fields

import numpy as np

from golden.accelerator.description import Accelerator
from golden.accelerator.feeding import Streaming, weight_words
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
from sim.accelerator.execute import gemm_jobs, gemm_macs, peak_macs

__all__ = ["Traffic", "traffic"]

_SUM_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Operations, and bytes of whole words that local memories move.

    Parameters
    ----------
    macs : int
        Multiply-accumulates that count.
    engine_macs : int
        Those that the engine is given: in a diagonal product all but the diagonal is wasted, and
        where operands stream also lanes of the last block that do not count.
    full_cycles : float
        That the engine would take for ``macs`` with full jobs and weights of these bits.
    vector_results : int
        Numbers that the vector unit makes, or in a pool takes.
    activation_read, activation_written, weight_read, weight_written : int
    parameter_read, parameter_written, accumulator_read, accumulator_written : int
        In bytes.
    """

    macs: int = 0
    engine_macs: int = 0
    full_cycles: float = 0.0
    vector_results: int = 0
    activation_read: int = 0
    activation_written: int = 0
    weight_read: int = 0
    weight_written: int = 0
    parameter_read: int = 0
    parameter_written: int = 0
    accumulator_read: int = 0
    accumulator_written: int = 0

    def times(self, count: int) -> "Traffic":
        """Of ``count`` equal instructions."""
        return Traffic(**{name: count * getattr(self, name) for name in _NAMES})

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(**{name: getattr(self, name) + getattr(other, name) for name in _NAMES})


_NAMES = tuple(field.name for field in fields(Traffic))


def traffic(accelerator: Accelerator, instruction: Instruction) -> Traffic:
    """Of an instruction."""
    lanes = accelerator.lanes
    parameters = PARAMETER_WORDS * lanes
    match instruction:
        case Load() as op:
            octets = op.rows * op.groups * _words(op.group_bytes, lanes) * lanes
            match LocalMemory(op.memory):
                case LocalMemory.ACTIVATIONS:
                    return Traffic(activation_written=octets)
                case LocalMemory.WEIGHTS:
                    return Traffic(weight_written=octets)
                case LocalMemory.PARAMETERS:
                    return Traffic(parameter_written=octets)
        case Store() as op:
            octets = op.rows * op.groups * _words(op.group_bytes, lanes) * lanes
            return Traffic(activation_read=octets)
        case Gemm() as op:
            return _gemm(accelerator, op)
        case Requantize() as op:
            results = op.out_height * op.out_width * op.blocks * lanes
            return Traffic(
                vector_results=results,
                accumulator_read=results * _SUM_BYTES,
                parameter_read=op.blocks * parameters,
                activation_written=results,
            )
        case Add() as op:
            results = op.words * lanes
            return Traffic(
                vector_results=results,
                activation_read=2 * results,
                parameter_read=parameters,
                activation_written=results,
            )
        case Pool() as op:
            taken = _window_words(op) * op.blocks * lanes
            return Traffic(
                vector_results=taken,
                activation_read=taken,
                activation_written=op.out_height * op.out_width * op.blocks * lanes,
            )
        case Table() as op:
            results = op.words * lanes
            return Traffic(
                vector_results=results,
                activation_read=results,
                parameter_read=_words(TABLE_BYTES, lanes) * lanes,
                activation_written=results,
            )


def _gemm(accelerator: Accelerator, op: Gemm) -> Traffic:
    feeding = accelerator.feeding
    if isinstance(feeding, Streaming):
        return _streamed(accelerator, feeding, op)
    lanes = accelerator.lanes
    depth = (op.blocks_k - 1) * lanes + op.last_lanes
    taps = op.taps_y * op.taps_x
    rows = op.blocks_n * op.out_height * op.out_width
    passes = taps * op.blocks_k
    macs = gemm_macs(accelerator, op)
    return Traffic(
        macs=macs,
        full_cycles=macs / peak_macs(accelerator, op.weight_bits),
        engine_macs=rows * taps * depth * lanes,
        activation_read=_window_words(op) * op.blocks_n * op.blocks_k * lanes,
        weight_read=taps * op.blocks_n * (1 if op.diagonal else depth) * lanes,
        accumulator_read=rows * lanes * _SUM_BYTES * (passes - 1 + op.accumulate),
        accumulator_written=rows * lanes * _SUM_BYTES * passes,
    )


def _streamed(accelerator: Accelerator, feeding: Streaming, op: Gemm) -> Traffic:
    lanes = accelerator.lanes
    pixels = op.out_height * op.out_width
    sums = pixels * op.blocks_n * lanes
    macs = gemm_macs(accelerator, op)
    jobs = -(-pixels // feeding.job_rows(op.weight_bits))
    return Traffic(
        macs=macs,
        full_cycles=macs / peak_macs(accelerator, op.weight_bits),
        engine_macs=gemm_jobs(accelerator, op).macs,
        activation_read=_window_words(op) * op.blocks_n * op.blocks_k * lanes,
        weight_read=jobs * weight_words(op, lanes, feeding) * lanes,
        accumulator_read=sums * _SUM_BYTES * op.accumulate,
        accumulator_written=sums * _SUM_BYTES,
    )


def _window_words(op: Gemm | Pool) -> int:
    """Words of one block that the windows of all output pixels take, padding left out."""
    dilation_y, dilation_x = (op.dilation_y, op.dilation_x) if isinstance(op, Gemm) else (1, 1)
    return _inside(
        op.origin_y, op.stride_y, op.out_height, dilation_y, op.taps_y, op.height
    ) * _inside(op.origin_x, op.stride_x, op.out_width, dilation_x, op.taps_x, op.width)


def _inside(origin: int, stride: int, count: int, dilation: int, taps: int, size: int) -> int:
    """Pairs of an output and a tap along an axis that lie in the input."""
    places = origin + np.arange(count)[:, None] * stride + np.arange(taps) * dilation
    return int(np.count_nonzero((places >= 0) & (places < size)))


def _words(octets: int, lanes: int) -> int:
    return -(-octets // lanes)
