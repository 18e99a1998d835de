"""Running the bench on emitted Verilog, each step in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hw.bench.simulators import Simulator, SimulatorError
from hw.bench.vectors import Vectors, write_vectors

__all__ = ["BenchError", "build_bench", "play_vectors", "port_names"]

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
    simulator: Simulator, verilog: Path, top: str, ports: Sequence[str], folder: Path, *, waves: bool
) -> None:
    """Build ``verilog`` for ``simulator`` in ``folder``.

    Raises
    ------
    BenchError
        With the end of the log, if the build fails.
    """
    _run(
        simulator,
        ["build", "--verilog", str(verilog), "--ports", ",".join(port_names(ports))],
        top,
        folder,
        waves=waves,
    )


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
        Where to put a trace; the build must have been made with ``waves``.

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
        _run(
            simulator,
            ["play", "--vectors", str(stimulus), "--results", str(results)],
            top,
            folder,
            waves=trace is not None,
        )
        report: dict[str, Any] = json.loads(results.read_text())
        if trace is not None:
            _keep_trace(Path(scratch), folder, trace)
        return report


def _keep_trace(scratch: Path, folder: Path, trace: Path) -> None:
    for found in (*scratch.glob("*.fst"), *folder.glob("*.fst")):
        partial = trace.with_name(f".{trace.name}.partial")
        partial.write_bytes(found.read_bytes())
        partial.replace(trace)
        return
    raise BenchError("the simulator wrote no trace")


def _run(
    simulator: Simulator, arguments: Sequence[str], top: str, folder: Path, *, waves: bool
) -> None:
    command = [sys.executable, *_RUN, *arguments]
    command += ["--simulator", simulator.name, "--top", top, "--folder", str(folder)]
    if waves:
        command.append("--waves")
    root = Path(__file__).parents[1]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-_LOG_LINES:])
        raise BenchError(f"{simulator.name} failed on {top} ({arguments[0]}):\n{tail}")
