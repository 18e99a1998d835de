"""Writing an engine's Verilog to a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.params import to_plain
from hw.generate import Design, write_design
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
    """Write Verilog and ``manifest.json`` of an engine.

    Parameters
    ----------
    name : str
        Engine or preset.
    params : mapping, optional
        Params to set, as text or values.
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
    engine, design = find_design(name, params or {})
    vectors = None
    if testbench:
        stimuli = choose_stimuli(
            engine, design, cases=BENCH_CASES, outputs=BENCH_OUTPUTS, seed=seed
        )
        vectors = build_vectors(engine, design, stimuli, top=engine.name, seed=seed)
    return write_design(
        Design(name=engine.name, params=to_plain(design), component=engine.component(design)),
        Path(output),
        vectors,
    )
