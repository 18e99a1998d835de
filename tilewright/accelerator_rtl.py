"""A lowered network on the Verilog of its accelerator, every tensor and every counter compared."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from golden.accelerator.instructions import Unit
from golden.accelerator.registers import COUNTERS, Counter, ErrorCode
from golden.tensors import Array
from hw.accelerator.bench.runs import Play, local_words
from hw.accelerator.bench.script import Results, Script
from mapper.accelerator.lowered import Stored
from tilewright.files import partial_file
from tilewright.images import DramImage

__all__ = ["SampleRun", "Waves", "run_sample"]

_SLACK = 4
"""A run is given up after so many times the cycles that are expected."""


@dataclass(frozen=True, kw_only=True)
class SampleRun:
    """What the Verilog did with one sample.

    Parameters
    ----------
    cycles : int
        From start to interrupt as the bench counts; 0 if it did not end.
    error : ErrorCode
    counters : mapping of Counter to int
    wrong : mapping of str to int
        Numbers that differ from the golden model's, by tensor; without those that are right.
    checked : int
        Numbers compared.
    """

    cycles: int
    error: ErrorCode
    counters: Mapping[Counter, int]
    wrong: Mapping[str, int]
    checked: int


@dataclass(frozen=True)
class Waves:
    """A trace of some cycles.

    Parameters
    ----------
    file : Path
        VCD.
    begin, end : int
        First cycle of the program, and the one after the last.
    """

    file: Path
    begin: int
    end: int


def run_sample(
    play: Play,
    image: DramImage,
    inputs: Mapping[str, Array],
    golden: Mapping[str, Array],
    *,
    expected_cycles: int,
    state: Path | None = None,
    waves: Waves | None = None,
) -> SampleRun:
    """Run one sample, and compare every tensor that the program makes.

    Parameters
    ----------
    play : callable
        The bench.
    image : DramImage
    inputs, golden : mapping of str to ndarray
        Values of the inputs, and of every tensor.
    expected_cycles : int
    state : Path, optional
        Folder in which the run keeps what it needs to go on from the end of a layer: one that was
        stopped does so when it is run again. It is emptied at the end. The bench must know how.
    waves : Waves, optional
    """
    dram = image.filled(inputs)
    key = _key(image, dram)
    local = [tensor for tensor in image.lowered.tensors if tensor.base is None]
    lanes = image.lowered.accelerator.lanes
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        work = Path(scratch)
        kept = work if state is None else state
        kept.mkdir(parents=True, exist_ok=True)
        files = [kept / f"{key}-tensor{number}.bin" for number in range(len(local))]
        dram.tofile(work / "before.bin")
        script = Script()
        if waves is not None:
            script.add("trace", waves.begin, waves.end)
        watched = dict(zip(files, local, strict=True))
        _begin(script, image, work, None if state is None else state / key, watched)
        script.add("wait", _SLACK * expected_cycles)
        script.read_register("STATUS")
        for counter in COUNTERS:
            script.read_register(counter.name)
        script.add("save", 0, dram.size, work / "after.bin")
        with nullcontext() if waves is None else partial_file(waves.file) as trace:
            results = play(script, work, trace=trace)
        after = np.fromfile(work / "after.bin", dtype=np.uint8)
        found = [
            (tensor, tensor.local_values(local_words(file, lanes)) if file.exists() else None)
            for file, tensor in watched.items()
        ]
        for file in kept.glob(f"{key}*"):
            file.unlink()
    found += [
        (tensor, _in_dram(image, after, tensor))
        for tensor in (*image.lowered.tensors, *image.lowered.outputs)
        if tensor.base is not None
    ]
    return _compared(results, found, golden)


def _begin(
    script: Script, image: DramImage, work: Path, state: Path | None, files: Mapping[Path, Stored]
) -> None:
    """Up to the start, or to where the run was stopped before."""
    lowered = image.lowered
    stores = [instruction.UNIT is Unit.STORE for instruction in lowered.program.instructions]
    done = list(accumulate(stores))
    script.add("size", image.bytes)
    script.add("image", 0, work / "before.bin")
    script.memory(lowered.accelerator)
    for file, tensor in files.items():
        script.add("watch", done[tensor.instruction], "activations", file)
    reached = None
    if state is not None:
        last = (done[max(layer.instructions)] for layer in lowered.layers if layer.instructions)
        for end in sorted(set(last))[:-1]:
            point = _checkpoint(state, end)
            script.add("checkpoint", end, point)
            reached = point if point.exists() else reached
    if reached is not None:
        script.add("restore", reached)
        return
    script.prepare(0, image.bases)
    script.add("start")


def _checkpoint(state: Path, end: int) -> Path:
    return state.with_name(f"{state.name}-{end}.state")


def _key(image: DramImage, dram: NDArray[np.uint8]) -> str:
    """Name of what a run depends on."""
    digest = hashlib.sha256(dram.tobytes())
    digest.update(repr(image.lowered.accelerator).encode())
    return digest.hexdigest()[:16]


def _in_dram(image: DramImage, dram: NDArray[np.uint8], tensor: Stored) -> NDArray[np.int64]:
    assert tensor.base is not None
    region = image.region(dram, tensor.base)
    octets = region[tensor.address : tensor.address + tensor.bytes]
    return tensor.values(octets.view(np.int8))


def _compared(
    results: Results,
    found: Sequence[tuple[Stored, NDArray[np.int64] | None]],
    golden: Mapping[str, Array],
) -> SampleRun:
    wrong: dict[str, int] = {}
    checked = 0
    for tensor, values in found:
        expected = golden[tensor.tensor].reshape(-1)
        different = expected.size
        if values is not None:
            different = int(np.count_nonzero(values.reshape(-1) != expected))
        checked += expected.size
        if different:
            wrong[tensor.tensor] = wrong.get(tensor.tensor, 0) + different
    return SampleRun(
        cycles=results.cycles[-1],
        error=ErrorCode(results.last("STATUS") >> 8),
        counters={counter: results.last(counter.name) for counter in COUNTERS},
        wrong=wrong,
        checked=checked,
    )
