"""What is generated for an accelerator: Verilog, C header, manifest, and a bench that judges."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from golden.accelerator.checker import Regions, check_program
from golden.accelerator.encoding import MAGIC, decode_program
from golden.accelerator.instructions import INSTRUCTIONS
from golden.accelerator.registers import COUNTERS, IDENTITY, REGISTERS, Counter, ErrorCode
from tests.support.environments import run
from tilewright.accelerator import describe, find_accelerator, read_description
from tilewright.cli import main
from tilewright.exercise import exercise

# What takes long is made once, in one process.
pytestmark = pytest.mark.xdist_group("testbench")

DESCRIPTION = """
engine = "systolic"
activation_bytes = 2048
weight_bytes = 2048
parameter_bytes = 2048
accumulator_bytes = 2048
bus_bytes = 8
[params]
rows = 4
cols = 4
k_max = 4
[memory]
kind = "banked"
bytes_per_cycle = 4
latency_cycles = 7
"""


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("described") / "quick.toml"
    file.write_text(DESCRIPTION)
    return file


@pytest.fixture(scope="module")
def generated(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "quick"
    assert main(["generate", str(description), "-o", str(folder), "--testbench"]) == 0
    return folder


def make(folder: Path, python: Path, simulator: str) -> CompletedProcess[str]:
    return run(["make", f"PYTHON={python}", f"SIMULATOR={simulator}"], cwd=folder)


@pytest.fixture(scope="module")
def built(generated: Path, bare_python: Path) -> CompletedProcess[str]:
    """What ``make`` says, on the simulator that is quick to build for."""
    return make(generated, bare_python, quick())


def quick() -> str:
    return "icarus" if shutil.which("iverilog") else "verilator"


def test_the_bench_passes_without_tilewright(
    simulator: str, built: CompletedProcess[str], generated: Path, bare_python: Path
) -> None:
    done = built if simulator == quick() else make(generated, bare_python, simulator)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "4 files compared, 0 differences" in done.stdout


def wrong_counter(folder: Path) -> None:
    file = folder / "expected" / "results.txt"
    file.write_text(re.sub(r"^cycles (\d)", r"cycles 1\1", file.read_text(), count=1))


def wrong_byte(folder: Path) -> None:
    file = folder / "expected" / "after_1.bin"
    octets = bytearray(file.read_bytes())
    octets[-1] ^= 1
    file.write_bytes(octets)


def nothing_expected(folder: Path) -> None:
    shutil.rmtree(folder / "expected")
    (folder / "expected").mkdir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (wrong_counter, r"failed: results.txt:1: cycles \d+, expected cycles 1\d+"),
        (wrong_byte, r"failed: after_1.bin: 1 bytes differ, first that at 0x\w+: \d+, expected"),
        (nothing_expected, "nothing is expected"),
    ],
)
def test_the_bench_fails_on_changed_expectations(
    change: Callable[[Path], None],
    said: str,
    built: CompletedProcess[str],
    generated: Path,
    bare_python: Path,
    tmp_path: Path,
) -> None:
    assert built.returncode == 0
    folder = tmp_path / "copy"
    shutil.copytree(generated, folder)
    change(folder)
    done = make(folder, bare_python, quick())
    assert done.returncode != 0
    assert re.search(said, done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r"assign m_axi_wlast = [^;]+;", "assign m_axi_wlast = 1'h0;", "was not its last"),
        (r"assign m_axi_arburst = [^;]+;", "assign m_axi_arburst = 2'h0;", "a burst of type 0"),
        (
            r"\.read_bus__r__ready\(m_axi_rready\)(.*?assign read_bus__r__ready = )m_axi_rready;",
            r".read_bus__r__ready()\1 1'h0; assign m_axi_rready = 1'h0;",
            "was not taken at once",
        ),
        (r"\(m_axi_awvalid\)", "()", "m_axi_awvalid is z"),
    ],
    ids=["last", "type", "ready", "undefined"],
)
def test_the_bench_sees_broken_rules(
    pattern: str,
    replacement: str,
    said: str,
    generated: Path,
    bare_python: Path,
    tmp_path: Path,
) -> None:
    if quick() != "icarus":
        pytest.skip("Icarus Verilog alone knows undefined bits")
    folder = tmp_path / "copy"
    shutil.copytree(generated, folder, ignore=shutil.ignore_patterns("build", "found"))
    source = folder / "quick.v"
    text, count = re.subn(pattern, replacement, source.read_text(), flags=re.DOTALL)
    assert count == 1
    source.write_text(text)
    done = make(folder, bare_python, "icarus")
    assert done.returncode != 0
    assert said.lower() in (done.stdout + done.stderr).lower()


def test_the_manifest_describes_the_accelerator(generated: Path, description: Path) -> None:
    manifest = json.loads((generated / "manifest.json").read_text())
    accelerator = find_accelerator(description)
    assert manifest["name"] == "quick"
    assert manifest["target"] == accelerator.target.hex()
    assert manifest["description"] == describe(accelerator)
    assert {"m_axi_rdata", "s_axil_wdata", "irq"} <= set(manifest["interface"]["members"])
    files = {path.relative_to(generated).as_posix() for path in generated.rglob("*.[vh]")}
    assert {name for name in files if not name.startswith("build")} <= set(manifest["files"])


def test_a_description_reads_back_as_itself() -> None:
    accelerator = find_accelerator("edge")
    plain = describe(accelerator)
    lines = [f"{key} = {json.dumps(v)}" for key, v in plain.items() if not isinstance(v, dict)]
    for table in ("params", "memory"):
        given = {key: value for key, value in plain[table].items() if value is not None}
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in given.items())]
    assert read_description("\n".join(lines), "edge.toml") == accelerator


def test_the_header_compiles_and_has_the_tables_numbers(
    generated: Path, description: Path, tmp_path: Path
) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    target = int.from_bytes(find_accelerator(description).target, "little")
    facts = {
        "TILEWRIGHT_IDENTITY": IDENTITY,
        "TILEWRIGHT_TARGET": target,
        "TILEWRIGHT_STATUS_ERROR_CODE(0xb04u)": ErrorCode.LOCAL_MEMORY.value,
        **{f"TILEWRIGHT_{register.name}_OFFSET": register.offset for register in REGISTERS},
        **{f"TILEWRIGHT_ERROR_{code.name}": code.value for code in ErrorCode},
        **{
            f"TILEWRIGHT_COUNTER_OFFSET(TILEWRIGHT_COUNTER_{counter.name})": next(
                register.offset for register in REGISTERS if register.name == f"{counter.name}_LOW"
            )
            for counter in COUNTERS
        },
    }
    program = tmp_path / "check.c"
    checks = "".join(f"    if ({name} != {value}ull) return 1;\n" for name, value in facts.items())
    # Twice: it guards itself.
    program.write_text(
        f'#include "quick.h"\n#include "quick.h"\nint main(void) {{\n{checks}    return 0;\n}}\n'
    )
    command = [compiler, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"]
    done = run([*command, f"-I{generated}", program, "-o", tmp_path / "check"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert run([tmp_path / "check"], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("seed", range(3))
def test_an_exercise_is_legal_and_uses_every_instruction(description: Path, seed: int) -> None:
    accelerator = find_accelerator(description)
    run = exercise(accelerator, length=60, seed=seed)
    octets = run.before.tobytes()
    assert octets.startswith(MAGIC)
    count = int.from_bytes(octets[24:32], "little")
    program = decode_program(octets[: 32 * (count + 2)])
    sizes = [run.before.size - base for base in run.bases]
    assert not check_program(program.instructions, Regions.of(accelerator, sizes))
    assert {type(instruction) for instruction in program.instructions} == set(INSTRUCTIONS)
    assert not np.array_equal(run.before, run.after)
    assert run.counters[Counter.WRITTEN_BYTES] > 0


@pytest.mark.parametrize("name", ["4x4", "größer"])
def test_a_name_that_verilog_does_not_know_is_refused(
    name: str, description: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["generate", str(description), "--set", f"name={name}", "-o", str(tmp_path / "x")]
    assert main(arguments) == 2
    assert f"'{name}' can not be the name of a Verilog module" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_hyphens_become_underscores(tmp_path: Path) -> None:
    assert main(["generate", "tiny-ternary", "-o", str(tmp_path)]) == 0
    assert "module tiny_ternary(" in (tmp_path / "tiny_ternary.v").read_text(encoding="utf-8")
    assert (tmp_path / "tiny_ternary.h").exists()
