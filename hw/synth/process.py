"""Synthesis in a process of its own.

A crash of a tool ends that process alone, and it ends with the process that waits for it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from golden.errors import UserError
from hw.synth.activity import Activities
from hw.synth.options import Options, Report, SynthesisError
from hw.tied import tied

__all__ = ["GATES", "flip_flop_bits", "place", "synthesize"]

GATES = "gates.v"
"""Name of the netlist that a synthesis without a library leaves."""

_LOG_LINES = 12


def synthesize(
    verilog: str,
    top: str,
    folder: Path,
    *,
    options: Options,
    liberty: tuple[str, str] | None = None,
    activities: Activities | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Synthesize Verilog.

    Parameters
    ----------
    verilog : str
    top : str
        Top module.
    folder : Path
        Where the result is left, as ``result.json``, and the netlist, as `GATES`, where there is no
        library.
    options : Options
    liberty : tuple of str, optional
        Name, for messages, and text of a Liberty file.
    activities : mapping of str to Activity, optional
        Of signals, to tell the power; it needs a library and OpenSTA.
    report : callable, optional

    Returns
    -------
    dict
        As `hw.synth.result.Synthesis.to_json` has it.

    Raises
    ------
    UserError
        If the library is none.
    SynthesisError
        With the end of the log, if a tool fails.
    """
    with _scratch(verilog, top, options, library_name=liberty[0] if liberty else None) as scratch:
        if liberty is not None:
            (scratch / "given.lib").write_text(liberty[1])
        if activities is not None:
            plain = {name: astuple(activity) for name, activity in activities.items()}
            (scratch / "activities.json").write_text(json.dumps(plain))
        _run_module("hw.synth.run", scratch, report)
        for file in (scratch / "result.json", scratch / GATES):
            if file.exists():
                shutil.move(file, folder / file.name)
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


def flip_flop_bits(verilog: str, top: str, *, options: Options | None = None) -> int:
    """Flip-flops of a design, counted in its netlist; bits of memories are none of them.

    Those that are always the same or go nowhere are simplified away, as in synthesis.

    Parameters
    ----------
    verilog : str
    top : str
        Top module.
    options : Options, optional

    Raises
    ------
    SynthesisError
        With the end of the log, if Yosys fails.
    """
    with _scratch(verilog, top, options or Options()) as scratch:
        _run_module("hw.synth.registers", scratch)
        bits: int = json.loads((scratch / "result.json").read_text())
    return bits


def place(verilog: str, top: str, folder: Path, *, report: Report | None = None) -> dict[str, Any]:
    """Place and route Verilog on an FPGA.

    Parameters
    ----------
    verilog : str
    top : str
        Top module.
    folder : Path
        Where the result is left, as ``result.json``.
    report : callable, optional

    Returns
    -------
    dict
        Fields of `hw.synth.fpga.Placement`, and ``tools``.

    Raises
    ------
    UserError
        If nextpnr is not installed, or the design does not fit.
    SynthesisError
        With the end of the log, if a tool fails.
    """
    with _scratch(verilog, top, Options()) as scratch:
        _run_module("hw.synth.fpga_run", scratch, report)
        shutil.move(scratch / "result.json", folder / "result.json")
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


@contextmanager
def _scratch(
    verilog: str, top: str, options: Options, library_name: str | None = None
) -> Iterator[Path]:
    """A folder with the design and what is asked."""
    with tempfile.TemporaryDirectory(prefix="tilewright-") as name:
        scratch = Path(name)
        (scratch / "design.v").write_text(verilog)
        request = {"top": top, "library_name": library_name, "options": asdict(options)}
        (scratch / "request.json").write_text(json.dumps(request))
        yield scratch


def _run_module(module: str, folder: Path, report: Report | None = None) -> None:
    """Run a module of ours on a folder.

    Parameters
    ----------
    module : str
        It tells steps on standard error, in lines ``@step NUMBER COUNT TEXT``, and leaves a user's
        mistake in ``mistake.txt``.
    folder : Path
    report : callable, optional

    Raises
    ------
    UserError, SynthesisError
        See `synthesize`.
    """
    log = folder / "log.txt"
    with (
        log.open("w") as output,
        tied(
            [sys.executable, "-m", module, str(folder)],
            env=_environment(folder),
            stdout=output.fileno(),
            stderr=subprocess.PIPE,
        ) as process,
    ):
        said = _follow(process, report)
    if process.returncode == 0:
        return
    if (folder / "mistake.txt").exists():
        raise UserError((folder / "mistake.txt").read_text())
    logged = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    tail = "\n".join([*logged, *said])
    raise SynthesisError(f"synthesis failed (exit status {process.returncode}):\n{tail}")


def _follow(process: "subprocess.Popen[str]", report: Report | None) -> Sequence[str]:
    """Pass steps on as they come; the last of the other lines."""
    others: deque[str] = deque(maxlen=_LOG_LINES)
    assert process.stderr is not None
    for line in process.stderr:
        if not line.startswith("@step "):
            others.append(line.rstrip())
        elif report is not None:
            _, number, count, what = line.split(maxsplit=3)
            report(what.rstrip(), int(number), int(count))
    process.wait()
    return list(others)


def _environment(folder: Path) -> Mapping[str, str]:
    """Ours is found, and what tools leave behind goes with the folder."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder)}
