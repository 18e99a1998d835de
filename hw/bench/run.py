"""Build emitted Verilog for a simulator and play vectors to it.

``python -m bench.run build …`` and ``python -m bench.run play …`` are two steps, so that one
build serves many runs.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import VerilatorControlFile, get_runner
from cocotb_tools.runner import Verilator as CocotbVerilator

from .simulators import SIMULATORS, SimulatorError, find_simulator

__all__ = ["build", "main", "play"]

BENCH = f"{__package__}.engine_tb"


class _PortsOnlyVerilator(CocotbVerilator):
    """cocotb's runner without ``--public-flat-rw``.

    Making every inner signal public doubles the time to build and halves the speed; the control
    file that is built along names the ports instead.
    """

    def _build_command(self) -> list[list[str]]:
        commands: list[list[str]] = super()._build_command()
        commands[0].remove("--public-flat-rw")
        return commands


def build(
    simulator: str, verilog: Path, top: str, ports: Sequence[str], folder: Path, *, waves: bool
) -> None:
    """Build ``verilog`` in ``folder``.

    Parameters
    ----------
    simulator : str
        One of `simulators.SIMULATORS`.
    verilog : Path
    top : str
        Top module.
    ports : sequence of str
        Every port of it.
    folder : Path
        Where the build goes; created.
    waves : bool
        Whether `play` will be able to write a trace.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sources: list[Any] = [verilog]
    arguments: list[str] = []
    if simulator == "verilator":
        control = folder / "ports.vlt"
        lines = ["`verilator_config"]
        lines += [f'public_flat_rw -module "{top}" -var "{port}"' for port in ports]
        control.write_text("\n".join(lines) + "\n")
        sources.append(VerilatorControlFile(control))
        arguments = ["-Wno-fatal", "--trace-fst"] if waves else ["-Wno-fatal"]
    _runner(simulator).build(
        sources=sources,
        hdl_toplevel=top,
        build_dir=folder,
        build_args=arguments,
        timescale=("1ns", "1ps"),
        waves=waves,
        always=True,
    )
    _remove_intermediates(simulator, top, folder)


def _remove_intermediates(simulator: str, top: str, folder: Path) -> None:
    """Keep of a Verilator build only the program: the rest is many times its size."""
    if simulator == "verilator":
        for file in folder.iterdir():
            if file.name != top and file.is_file():
                file.unlink()


def play(
    simulator: str, top: str, folder: Path, vectors: Path, results: Path, *, waves: bool
) -> None:
    """Play ``vectors`` to a build and write what came out to ``results``.

    Raises
    ------
    RuntimeError
        If the bench itself failed.
    """
    work = results.parent
    report = _runner(simulator).test(
        test_module=BENCH,
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=folder,
        test_dir=work,
        waves=waves,
        results_xml=str(work.resolve() / "results.xml"),
        extra_env={
            "TILEWRIGHT_VECTORS": str(vectors.resolve()),
            "TILEWRIGHT_RESULTS": str(results.resolve()),
        },
    )
    tests, failures = get_results(Path(report))
    if tests != 1 or failures:
        raise RuntimeError(f"the bench did not run through: {failures} of {tests} tests failed")


def _runner(simulator: str) -> Any:
    return _PortsOnlyVerilator() if simulator == "verilator" else get_runner(simulator)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("build", "play"):
        options = verbs.add_parser(verb)
        options.add_argument("--simulator", choices=SIMULATORS, default="verilator")
        options.add_argument("--top", required=True, help="top module")
        options.add_argument("--folder", type=Path, required=True, help="of the build")
        options.add_argument("--waves", action="store_true", help="write a trace")
        if verb == "build":
            options.add_argument("--verilog", type=Path, required=True)
            options.add_argument("--ports", required=True, help="port names, comma between")
        else:
            options.add_argument("--vectors", type=Path, required=True)
            options.add_argument("--results", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        os.environ.update(find_simulator(given.simulator).environment)
    except SimulatorError as error:
        print(error, file=sys.stderr)
        return 2
    if given.verb == "build":
        build(
            given.simulator,
            given.verilog,
            given.top,
            given.ports.split(","),
            given.folder,
            waves=given.waves,
        )
    else:
        play(
            given.simulator,
            given.top,
            given.folder,
            given.vectors,
            given.results,
            waves=given.waves,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
