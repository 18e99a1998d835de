"""Playing scripts with the cocotb bench."""

from pathlib import Path

from hw.accelerator.bench.harness import TOP
from hw.accelerator.bench.script import Results, Script, parse_results
from hw.bench.simulators import Simulator
from hw.simulate import play_file

__all__ = ["play_script_cocotb"]


def play_script_cocotb(
    simulator: Simulator, folder: Path, script: Script, work: Path, *, trace: Path | None = None
) -> Results:
    """Play a script to a build of the cocotb bench; see `hw.accelerator.bench.harness.play_script`.

    It plays everything but ``checkpoint``, ``restore`` and ``trace``, and breaks off when the
    accelerator breaks a rule of AXI.

    Parameters
    ----------
    simulator : Simulator
    folder : Path
        Of the build.
    script : Script
    work : Path
        Folder for script and results.
    trace : Path, optional
        See `hw.simulate.play_file`.

    Raises
    ------
    BenchError
        With the end of the log, if it fails.
    """
    text, results = work / "script.txt", work / "results.txt"
    script.write_file(text)
    play_file(simulator, "accelerator", TOP, folder, text, results, trace=trace)
    return parse_results(results.read_text())
