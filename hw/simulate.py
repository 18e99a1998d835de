"""Running the bench on emitted Verilog, each step in a process of its own."""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hw.bench.simulators import Simulator, SimulatorError
from hw.bench.vectors import Vectors, write_vectors
from hw.tied import run_tied

__all__ = ["BenchError", "build_bench", "build_runtime", "play_file", "play_vectors", "port_names"]

_RUN = ("-m", "hw.bench.run")
_LOG_LINES = 20


class BenchError(SimulatorError):
    """A simulator could not build or run a design."""


def port_names(ports: Sequence[str]) -> tuple[str, ...]:
    """Verilog names of the given streams, clock and reset."""
    return (
        "clk",
        "rst",
        *(f"{port}__{signal}" for port in ports for signal in ("payload", "valid", "ready")),
    )


def build_bench(
    simulator: Simulator,
    verilog: Path,
    top: str,
    ports: Sequence[str],
    folder: Path,
    *,
    bench: str = "engine",
    waves: str | None = None,
    runtime: Path | None = None,
) -> None:
    """Build ``verilog`` for ``simulator`` in ``folder``.

    Parameters
    ----------
    simulator : Simulator
    verilog : Path
    top : str
        Top module.
    ports : sequence of str
        Verilog names of all of its ports.
    folder : Path
    bench : str
        The one that will play, of `hw.bench.run.BENCHES`.
    waves : {"fst", "vcd"}, optional
        Format of the traces that it will be able to write.
    runtime : Path, optional
        What `build_runtime` left for this simulator and the same ``waves``.

    Raises
    ------
    BenchError
        With the end of the log, if the build fails.
    """
    arguments = ["build", "--verilog", str(verilog), "--ports", ",".join(ports)]
    arguments += ["--bench", bench]
    if waves:
        arguments += ["--waves", waves]
    if runtime:
        arguments += ["--runtime", str(runtime)]
    _run(simulator, [*arguments, "--top", top], folder)


def build_runtime(simulator: Simulator, folder: Path, *, waves: str | None = None) -> None:
    """Compile what all builds for Verilator have in common, into ``folder``.

    Raises
    ------
    BenchError
        With the end of the log, if that fails.
    """
    _run(simulator, ["runtime", *(["--waves", waves] if waves else [])], folder)


def play_vectors(
    simulator: Simulator,
    top: str,
    folder: Path,
    vectors: Vectors,
    *,
    trace: Path | None = None,
) -> dict[str, Any]:
    """Play ``vectors`` to the build in ``folder``.

    Parameters
    ----------
    simulator : Simulator
    top : str
    folder : Path
    vectors : Vectors
    trace : Path, optional
        Where to put a trace; the build must have been made for the format that its name ends in.

    Returns
    -------
    dict
        As `hw.bench.engine_tb` writes it.

    Raises
    ------
    BenchError
        With the end of the log, if the bench fails.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        stimulus, results = Path(scratch, "vectors.npz"), Path(scratch, "results.json")
        write_vectors(stimulus, vectors)
        play_file(simulator, "engine", top, folder, stimulus, results, trace=trace)
        report: dict[str, Any] = json.loads(results.read_text())
        return report


def play_file(
    simulator: Simulator,
    bench: str,
    top: str,
    folder: Path,
    stimulus: Path,
    results: Path,
    *,
    trace: Path | None = None,
) -> None:
    """Play a file to the build in ``folder``.

    Parameters
    ----------
    simulator : Simulator
    bench : str
        Of `hw.bench.run.BENCHES`.
    top : str
    folder : Path
    stimulus, results : Path
        As the bench takes and writes them.
    trace : Path, optional
        See `play_vectors`.

    Raises
    ------
    BenchError
        With the end of the log, if the bench fails.
    """
    arguments = ["play", "--bench", bench, "--vectors", str(stimulus), "--results", str(results)]
    arguments += ["--top", top]
    if trace is None:
        _run(simulator, arguments, folder)
        return
    # Traces are large: written where they belong, under another name until complete.
    partial = trace.with_name(f".{trace.stem}.partial{trace.suffix}")
    try:
        _run(simulator, [*arguments, "--trace", str(partial)], folder)
        partial.replace(trace)
    finally:
        partial.unlink(missing_ok=True)


def _run(simulator: Simulator, arguments: Sequence[str], folder: Path) -> None:
    command = [sys.executable, *_RUN, *arguments]
    command += ["--simulator", simulator.name, "--folder", str(folder)]
    root = Path(__file__).parents[1]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    # An interrupt must end compilers, too, before their folder goes.
    done = run_tied(command, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_LOG_LINES:])
        raise BenchError(f"{simulator.name} failed ({arguments[0]}):\n{tail}")
