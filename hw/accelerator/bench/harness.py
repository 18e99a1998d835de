"""Building and playing the native harness."""

import os
from pathlib import Path

from golden.accelerator.description import Accelerator
from golden.accelerator.encoding import INSTRUCTION_BYTES
from golden.accelerator.registers import find_register
from hw.accelerator.bench.script import Results, Script, parse_results
from hw.accelerator.memories import MODEL_NAME
from hw.accelerator.top import Top
from hw.bench.simulators import Simulator, SimulatorError
from hw.emit import emit_verilog
from hw.tied import run_tied

__all__ = ["TOP", "build_harness", "emit_accelerator", "play_script", "sources"]

TOP = "accelerator"
_SOURCES = Path(__file__).parent.resolve() / "native"
_LOG_LINES = 20


def emit_accelerator(accelerator: Accelerator) -> str:
    """Verilog of an accelerator."""
    return emit_verilog(Top(accelerator), TOP)


def sources() -> list[str]:
    """Text of the harness's own files, which a build depends on."""
    return [file.read_text() for file in sorted(_SOURCES.iterdir())]


def build_harness(
    simulator: Simulator, accelerator: Accelerator, verilog: Path, folder: Path, *, trace: bool
) -> None:
    """Build the harness around ``verilog`` in ``folder``.

    Parameters
    ----------
    simulator : Simulator
        A Verilator.
    accelerator : Accelerator
    verilog : Path
        From `emit_accelerator`.
    folder : Path
        Holds the program ``harness`` afterwards.
    trace : bool
        Whether it will be able to write VCD traces.

    Raises
    ------
    SimulatorError
        With the end of the log, if the build fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "design.h").write_text(_design_header(accelerator))
    control = folder / "memories.vlt"
    seen = {f"{MODEL_NAME}*": "words", "core_core*": "units_done"}
    lines = [f'public_flat_rd -module "{module}" -var "{name}"' for module, name in seen.items()]
    control.write_text("\n".join(["`verilator_config", *lines, ""]))
    command = [
        "verilator", "--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint",
        "--top-module", TOP, "--prefix", "Vtop", "--Mdir", str(folder),
        "--savable", "-CFLAGS", f"-I{_SOURCES}", "-o", "harness",
    ]  # fmt: skip
    if trace:
        command += ["--trace", "-CFLAGS", "-DTRACE"]
    command += [str(control), str(verilog), str(_SOURCES / "harness.cpp")]
    environment = {**os.environ, **simulator.environment}
    _check(command, environment, "the simulator could not be built")
    for file in folder.iterdir():
        if file.name != "harness" and file.is_file():
            file.unlink()


def play_script(folder: Path, script: Script, work: Path, *, trace: Path | None = None) -> Results:
    """Play a script to a harness.

    Parameters
    ----------
    folder : Path
        Of the harness.
    script : Script
    work : Path
        Folder for script and results.
    trace : Path, optional
        VCD file to write.

    Raises
    ------
    SimulatorError
        With what the harness said, if it fails.
    """
    text, results = work / "script.txt", work / "results.txt"
    script.write_file(text)
    command = [str(folder / "harness"), str(text), str(results)]
    if trace is not None:
        command += ["--trace", str(trace)]
    _check(command, dict(os.environ), "the simulation failed")
    return parse_results(results.read_text())


def _check(command: list[str], environment: dict[str, str], what: str) -> None:
    done = run_tied(command, env=environment)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-_LOG_LINES:])
        raise SimulatorError(f"{what}:\n{end}")


def _design_header(accelerator: Accelerator) -> str:
    """What the harness knows of the design."""
    lanes = accelerator.lanes
    memories = {
        "activations": (accelerator.activation_banks, lanes),
        "weights": (1, lanes),
        "parameters": (1, lanes),
        "accumulators": (accelerator.accumulator_banks, 4 * lanes),
    }
    lines = [
        "// Of one design; see harness.py.",
        "#pragma once",
        "",
        "#include <ostream>",
        "#include <string>",
        "",
        f"constexpr unsigned BUS_BYTES = {accelerator.bus_bytes};",
        f"constexpr unsigned PROGRAM_BYTES = {INSTRUCTION_BYTES};",
        f"#define UNITS_DONE(top) ((top).rootp->{TOP}__DOT__core__DOT__units_done)",
        f"constexpr unsigned CONTROL_OFFSET = {find_register('CONTROL').offset};",
        "",
        "template <typename Word>",
        "void dump_word(const Word& word, unsigned bytes, std::ostream& file) {",
        "    file.write(reinterpret_cast<const char*>(&word), bytes);",
        "}",
        "",
        "inline void dump_local(const Vtop___024root& root, const std::string& memory,",
        "                       std::ostream& file) {",
    ]
    for name, (banks, octets) in memories.items():
        stripes = accelerator.feeding.alignment if name == "weights" else 1
        inner = [[f"stripe_{i}"] for i in range(stripes)] if stripes > 1 else [[]]
        lines.append(f'    if (memory == "{name}") {{')
        for bank in range(banks):
            paths = [
                "root."
                + "__DOT__".join([TOP, "core", name, *part, f"bank_{bank}", "words", "words"])
                for part in inner
            ]
            words = f"for (std::size_t word = 0; word < {paths[0]}.size(); ++word) {{"
            lines.append(f"        {words}")
            lines += [f"            dump_word({path}[word], {octets}, file);" for path in paths]
            lines.append("        }")
        lines.append("    }")
    return "\n".join([*lines, "}", ""])
