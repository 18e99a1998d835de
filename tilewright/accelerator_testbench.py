"""The files of an accelerator's test bench: script, memory, and what must come out."""

from golden.accelerator.description import Accelerator
from golden.accelerator.registers import COUNTERS, Counter, Status, find_register
from hw.accelerator.bench.script import Script
from tilewright.exercise import Exercise, exercise

__all__ = ["bench_files"]

PROGRAMS = 3
LENGTH = 24
"""Instructions of a program, besides those that fill the local memories."""

_SLACK = 4
"""A run is given up after so many times the cycles that it takes."""


def bench_files(accelerator: Accelerator, seed: int) -> dict[str, bytes]:
    """Files for `hw.generate.script_bench`: random programs, one after the other.

    Parameters
    ----------
    accelerator : Accelerator
    seed : int

    Raises
    ------
    UserError
        If the accelerator is too small for them.
    """
    runs = [
        exercise(accelerator, length=LENGTH, seed=PROGRAMS * seed + number)
        for number in range(PROGRAMS)
    ]
    script = Script()
    script.add("size", max(run.before.size for run in runs))
    script.memory(accelerator)
    files: dict[str, bytes] = {}
    lines: list[str] = []
    for number, run in enumerate(runs):
        before, after = f"before_{number}.bin", f"after_{number}.bin"
        script.add("image", 0, before)
        script.run(0, run.bases, _SLACK * run.counters[Counter.CYCLES])
        script.read_register("STATUS")
        for counter in COUNTERS:
            script.read_register(counter.name)
        script.add("save", 0, run.before.size, f"found/{after}")
        files[before] = run.before.tobytes()
        files[f"expected/{after}"] = run.after.tobytes()
        lines += _results(run)
    files["script.txt"] = "".join(f"{line}\n" for line in script.lines).encode()
    files["expected/results.txt"] = "".join(f"{line}\n" for line in lines).encode()
    return files


def _results(run: Exercise) -> list[str]:
    """What the bench writes."""
    lines = [f"cycles {run.counters[Counter.CYCLES]}"]
    lines.append(f"read {find_register('STATUS').offset} {int(Status.DONE)}")
    for counter in COUNTERS:
        high, low = divmod(run.counters[counter], 1 << 32)
        lines.append(f"read {find_register(f'{counter.name}_LOW').offset} {low}")
        lines.append(f"read {find_register(f'{counter.name}_HIGH').offset} {high}")
    return lines
