"""Writing the Verilog of an engine or an accelerator to a folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.accelerator.description import Accelerator
from golden.errors import UserError
from golden.params import to_plain
from hw.accelerator.header import c_header
from hw.accelerator.top import Top
from hw.generate import Design, script_bench, vector_bench, write_design
from tilewright.accelerator import describe, find_accelerator, is_accelerator
from tilewright.accelerator_testbench import bench_files
from tilewright.cases import choose_stimuli
from tilewright.catalog import find_design
from tilewright.stimulus import build_vectors

__all__ = ["generate"]

BENCH_CASES = 12
BENCH_OUTPUTS = 2_000


def generate(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    output: Path | str,
    testbench: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Write Verilog and ``manifest.json`` of an engine or, with a C header, an accelerator.

    Parameters
    ----------
    name : str
        Engine, preset, accelerator, or TOML file of one.
    params : mapping, optional
        Params to set, as text or values; of an accelerator, fields.
    output : path
        Folder, made if it is not there.
    testbench : bool
        Write vectors and a cocotb bench that need nothing of Tilewright as well.
    seed : int
        Of the vectors.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    UserError
        If the name or a param is wrong.
    OSError
        If the folder can not be written.
    """
    if is_accelerator(name):
        accelerator = find_accelerator(name, params)
        described = _accelerator_design(accelerator)
        script = script_bench(bench_files(accelerator, seed)) if testbench else None
        return write_design(described, Path(output), script)
    engine, design = find_design(name, params or {})
    bench = None
    if testbench:
        stimuli = choose_stimuli(
            engine, design, cases=BENCH_CASES, outputs=BENCH_OUTPUTS, seed=seed
        )
        bench = vector_bench(build_vectors(engine, design, stimuli, top=engine.name, seed=seed))
    return write_design(
        Design(
            name=engine.name,
            facts={"params": to_plain(design)},
            component=engine.component(design),
        ),
        Path(output),
        bench,
    )


def _accelerator_design(accelerator: Accelerator) -> Design:
    name = _module_name(accelerator.name)
    return Design(
        name=name,
        facts={"description": describe(accelerator), "target": accelerator.target.hex()},
        component=Top(accelerator),
        files={f"{name}.h": c_header(accelerator)},
    )


def _module_name(name: str) -> str:
    """Name of the Verilog module for a name in which words are joined by hyphens or spaces.

    Raises
    ------
    UserError
        If that is none.
    """
    module = re.sub(r"[-. ]", "_", name)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", module):
        raise UserError(
            f"{name!r} can not be the name of a Verilog module: letters, digits and _ are allowed,"
            " the first no digit; give another with --set name=..."
        )
    return module
