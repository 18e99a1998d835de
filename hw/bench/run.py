"""Build emitted Verilog for a simulator, play vectors to it, and judge what came out.

``python -m bench.run build …``, ``play …`` and ``judge …`` are three steps, so that one build
serves many runs. ``runtime …`` compiles what builds have in common. There are two benches: for
engines, and for accelerators, which are judged by ``python -m bench.accelerator.judge``.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Icarus as CocotbIcarus
from cocotb_tools.runner import Verilator as CocotbVerilator
from cocotb_tools.runner import VerilatorControlFile

from .accelerator.local import VISIBLE
from .simulators import SIMULATORS, TRACE_FORMATS, find_simulator
from .vectors import read_vectors
from .verdict import describe, judge

__all__ = ["BENCHES", "build", "build_runtime", "judge_results", "main", "play"]

BENCHES = {"engine": "engine_tb", "accelerator": "accelerator.accelerator_tb"}
"""Module of each bench."""

_VISIBLE = {"engine": (), "accelerator": VISIBLE}
"""Signals inside of the design that a bench looks at, as ``module.signal``."""

SHOWN_FAILURES = 10
TIMESCALE = ("1ns", "1ps")

_ICARUS_OPTIONS = ("-g2005",)
"""As Verilog: in SystemVerilog a variable has its initial value before anything waits for its
change, and what depends on nothing else would never be evaluated."""


_DUMP = """\
module cocotb_iverilog_dump();
  reg [32767:0] path;
  initial begin
    if (!$value$plusargs("dumpfile_path=%s", path)) path = "{top}.fst";
    $dumpfile(path);
    $dumpvars(0, {top});
  end
endmodule
"""


class _PortsOnlyVerilator(CocotbVerilator):
    """cocotb's runner without ``--public-flat-rw``.

    Making every inner signal public doubles the time to build and halves the speed; the control
    file that is built along names the ports instead.

    Parameters
    ----------
    compiled : sequence of Path
        Object files that need not be made.
    """

    def __init__(self, compiled: Sequence[Path] = ()) -> None:
        super().__init__()
        self._compiled = compiled

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        verilate.remove("--public-flat-rw")
        # Once verilated, so that they are newer than what they depend on.
        copies = ["cp", *map(str, self._compiled), str(self.build_dir)] if self._compiled else []
        return [command for command in (verilate, copies, make) if command]


class _Translator(_PortsOnlyVerilator):
    """Writes C++ and compiles none of it."""

    def _build_command(self) -> list[list[str]]:
        return super()._build_command()[:1]


class _Icarus(CocotbIcarus):
    """cocotb's runner, which can write VCD as well.

    Parameters
    ----------
    trace_format : {"fst", "vcd"}
    """

    def __init__(self, trace_format: str = "fst") -> None:
        super().__init__()
        self._trace_format = trace_format

    def _create_iverilog_dump_file(self) -> None:
        """Write the module that writes traces; cocotb's own is SystemVerilog."""
        self.iverilog_dump_file.write_text(_DUMP.format(top=self.hdl_toplevel))

    def _test_command(self) -> list[list[str]]:
        commands: list[list[str]] = super()._test_command()
        if self._trace_format == "vcd" and "-fst" in commands[0]:
            commands[0].remove("-fst")
        return commands


def build(
    simulator: str,
    verilog: Path,
    top: str,
    ports: Sequence[str],
    folder: Path,
    *,
    bench: str = "engine",
    waves: str | None = None,
    runtime: Path | None = None,
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
    bench : str
        One of `BENCHES`.
    waves : {"fst", "vcd"}, optional
        Format of the trace that `play` will be able to write.
    runtime : Path, optional
        What `build_runtime` left for the same ``waves``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if simulator == "verilator":
        compiled = sorted(runtime.resolve().glob("*.o")) if runtime else []
        runner = _PortsOnlyVerilator(compiled)
        _run_verilator(runner, verilog, top, ports, folder, waves, visible=_VISIBLE[bench])
        _remove_intermediates(top, folder)
        return
    _Icarus().build(
        sources=[verilog],
        hdl_toplevel=top,
        build_dir=folder,
        build_args=list(_ICARUS_OPTIONS),
        timescale=TIMESCALE,
        waves=waves is not None,
        always=True,
    )


def build_runtime(folder: Path, *, waves: str | None = None) -> None:
    """Compile the part of Verilator that is the same in every build.

    It takes most of the time of a small design's build. It is left in ``folder`` for `build`.
    """
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        idle, place = Path(scratch, "idle.v"), Path(scratch, "build")
        idle.write_text("module idle(input wire clk);\nendmodule\n")
        place.mkdir()
        _run_verilator(_Translator(), idle, "idle", ["clk"], place, waves)
        parts = set(re.findall(r"\bverilated\w*", (place / "Vtop_classes.mk").read_text()))
        objects = [f"{part}.o" for part in sorted(parts)]
        tracing = f"VM_TRACE={int(waves is not None)}"
        make = ["make", "-C", str(place), "-f", "Vtop.mk", tracing, *objects]
        subprocess.run(make, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        for compiled in objects:
            shutil.copyfile(place / compiled, folder / compiled)


def _run_verilator(
    runner: CocotbVerilator,
    verilog: Path,
    top: str,
    ports: Sequence[str],
    folder: Path,
    waves: str | None,
    *,
    visible: Sequence[str] = (),
) -> None:
    control = folder / "ports.vlt"
    lines = ["`verilator_config"]
    lines += [f'public_flat_rw -module "{top}" -var "{port}"' for port in ports]
    for signal in visible:
        module, _, name = signal.partition(".")
        lines.append(f'public_flat_rd -module "{module}" -var "{name}"')
    control.write_text("\n".join(lines) + "\n")
    arguments = ["-Wno-fatal"]
    if waves == "fst":
        arguments += ["--trace-fst", *_fst_options(folder)]
    runner.build(
        sources=[verilog, VerilatorControlFile(control)],
        hdl_toplevel=top,
        build_dir=folder,
        build_args=arguments,
        timescale=TIMESCALE,
        waves=waves is not None,
        always=True,
    )


def _fst_options(folder: Path) -> list[str]:
    """Let Verilator's FST writer do without the zlib and LZ4 libraries and their headers.

    It calls two functions of each, which the headers in ``fst`` have; what it links is empty.
    Verilators with the older writer need the real ones.
    """
    root = os.environ.get("VERILATOR_ROOT")
    if root is None or not Path(root, "include", "fstcpp").is_dir():
        return []
    for library in ("libz.a", "liblz4.a"):
        (folder / library).write_bytes(b"!<arch>\n")
    headers = Path(__file__).parent.resolve() / "fst"
    return ["-CFLAGS", f"-I{headers}", "-LDFLAGS", f"-L{folder.resolve()}"]


def _remove_intermediates(top: str, folder: Path) -> None:
    """Keep of a Verilator build only the program: the rest is many times its size."""
    for file in folder.iterdir():
        if file.name != top and file.is_file():
            file.unlink()


def play(
    simulator: str,
    top: str,
    folder: Path,
    vectors: Path,
    results: Path,
    *,
    bench: str = "engine",
    trace: Path | None = None,
) -> None:
    """Play ``vectors`` to a build and write what came out to ``results``.

    Parameters
    ----------
    simulator : str
    top : str
    folder : Path
        Of the build; nothing is written there.
    vectors, results : Path
        Of an accelerator's bench, ``vectors`` is a script.
    bench : str
        One of `BENCHES`.
    trace : Path, optional
        Where to write a trace, in the format that its name ends in and that was built for.

    Raises
    ------
    RuntimeError
        If the bench itself failed.
    """
    options: dict[str, list[str]] = {}
    if trace is not None:
        name = str(trace.resolve())
        options = (
            {"test_args": ["--trace-file", name]}
            if simulator == "verilator"
            else {"plusargs": [f"+dumpfile_path={name}"]}
        )
    runner: Any = _PortsOnlyVerilator()
    if simulator == "icarus":
        runner = _Icarus(trace.suffix.removeprefix(".") if trace else "fst")
    work = results.resolve().parent
    results.unlink(missing_ok=True)
    report = runner.test(
        test_module=f"{__package__}.{BENCHES[bench]}",
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=folder,
        test_dir=work,
        waves=trace is not None,
        results_xml=str(work / "results.xml"),
        extra_env={
            "TILEWRIGHT_VECTORS": str(vectors.resolve()),
            "TILEWRIGHT_RESULTS": str(results.resolve()),
        },
        **options,
    )
    tests, failures = get_results(Path(report))
    if tests != 1 or failures:
        raise RuntimeError(f"the bench did not run through: {failures} of {tests} tests failed")


def judge_results(vectors: Path, results: Path) -> bool:
    """Print what `play` found; whether it played something and all of it was right."""
    report = json.loads(results.read_text())
    cases = judge(read_vectors(vectors).plan, report)
    failures = [case for case in cases if case.failed]
    wrong = sum(case.mismatches + len(case.problems) for case in cases)
    for case in failures[:SHOWN_FAILURES]:
        print(f"failed: {describe(case)}")
    print(
        f"{len(cases)} cases, {len(failures)} failed:"
        f" {sum(case.outputs_checked for case in cases)} outputs checked, {wrong} mismatches,"
        f" {sum(case.cycle_mismatch for case in cases)} cycle mismatches"
    )
    return bool(cases) and not failures


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the bench: 1 if the verdict is a failure, 2 if there is none."""
    given = _parser().parse_args(arguments)
    try:
        if given.verb == "judge":
            return 0 if judge_results(given.vectors, given.results) else 1
        os.environ.update(find_simulator(given.simulator).environment)
        # It would overrule what is asked for here.
        os.environ.pop("WAVES", None)
        if given.verb == "build":
            build(
                given.simulator,
                given.verilog,
                given.top,
                given.ports.split(","),
                given.folder,
                bench=given.bench,
                waves=given.waves,
                runtime=given.runtime,
            )
        elif given.verb == "runtime":
            build_runtime(given.folder, waves=given.waves)
        else:
            play(
                given.simulator,
                given.top,
                given.folder,
                given.vectors,
                given.results,
                bench=given.bench,
                trace=given.trace,
            )
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    build, play, judge, runtime = (
        verbs.add_parser(verb) for verb in ("build", "play", "judge", "runtime")
    )
    for options in (build, play, runtime):
        options.add_argument("--simulator", choices=SIMULATORS, default="verilator")
        options.add_argument("--folder", type=Path, required=True, help="of the build")
    for options in (build, play):
        options.add_argument("--top", required=True, help="top module")
        options.add_argument("--bench", choices=BENCHES, default="engine")
    for options in (build, runtime):
        options.add_argument("--waves", choices=TRACE_FORMATS, help="allow for a trace")
    build.add_argument("--verilog", type=Path, required=True)
    build.add_argument("--ports", required=True, help="port names, comma between")
    build.add_argument("--runtime", type=Path, help="folder that `runtime` filled")
    play.add_argument("--trace", type=Path, help="file for a trace")
    for options in (play, judge):
        _add_files(options)
    return parser


def _add_files(options: argparse.ArgumentParser) -> None:
    options.add_argument("--vectors", type=Path, required=True)
    options.add_argument("--results", type=Path, required=True)


if __name__ == "__main__":
    sys.exit(main())
