"""One program on the Verilog, from memory contents to memory contents."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.description import Accelerator
from golden.accelerator.registers import COUNTERS, Counter, ErrorCode
from hw.accelerator.bench.script import Results, Script

__all__ = ["LOCAL_MEMORIES", "Outcome", "Play", "local_words", "run_program"]

LOCAL_MEMORIES = ("activations", "weights", "parameters", "accumulators")


class Play(Protocol):
    """A bench that plays scripts."""

    def __call__(self, script: Script, work: Path, *, trace: Path | None = None) -> Results:
        """Play ``script``, with files in folder ``work``; write ``trace`` where it is given."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    cycles : int
        From start to interrupt, as the bench counts; 0 if the program did not end.
    error : ErrorCode
    counters : mapping of Counter to int
    dram : ndarray of uint8, shape (bytes,)
    local : mapping of str to ndarray
        Words of `LOCAL_MEMORIES`, shape (words, lanes): int8, accumulators int32. Empty unless
        asked for.
    """

    cycles: int
    error: ErrorCode
    counters: Mapping[Counter, int]
    dram: NDArray[np.uint8]
    local: Mapping[str, NDArray[Any]]


def run_program(
    play: Play,
    accelerator: Accelerator,
    dram: NDArray[np.uint8],
    *,
    program: int,
    bases: Sequence[int],
    limit_cycles: int,
    local: bool = False,
    stalls: tuple[int, int] = (0, 0),
) -> Outcome:
    """Run a program.

    Parameters
    ----------
    play : callable
        The bench.
    accelerator : Accelerator
    dram : ndarray of uint8, shape (bytes,)
        Memory before the run; it holds the program.
    program : int
        Address of the program.
    bases : sequence of int
        Base registers.
    limit_cycles : int
        When to give up.
    local : bool
        Whether to bring back the local memories.
    stalls : tuple of int
        Seed, and in how many of 1000 cycles each AXI channel is stopped.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        work = Path(scratch)
        dram.tofile(work / "before.bin")
        script = Script()
        script.add("size", dram.size)
        script.add("image", 0, work / "before.bin")
        script.memory(accelerator)
        script.add("stalls", *stalls)
        script.run(program, bases, limit_cycles)
        script.read_register("STATUS")
        for counter in COUNTERS:
            script.read_register(counter.name)
        script.add("save", 0, dram.size, work / "after.bin")
        for name in LOCAL_MEMORIES if local else ():
            script.add("local", name, work / name)
        results = play(script, work)
        return Outcome(
            cycles=results.cycles[-1],
            error=ErrorCode(results.last("STATUS") >> 8),
            counters={counter: results.last(counter.name) for counter in COUNTERS},
            dram=np.fromfile(work / "after.bin", dtype=np.uint8),
            local={name: local_words(work / name, accelerator.lanes) for name in LOCAL_MEMORIES}
            if local
            else {},
        )


def local_words(file: Path, lanes: int) -> NDArray[Any]:
    """Words of a local memory from the file of its name that a bench wrote."""
    dtype = np.int32 if file.name.startswith("accumulators") else np.int8
    words: NDArray[Any] = np.fromfile(file, dtype=dtype)
    return words.reshape(-1, lanes)
