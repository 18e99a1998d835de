"""Engines and accelerators on an FPGA: what they take there, and how fast they are."""

import hashlib
import inspect
import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import hw.synth.fpga
import hw.synth.fpga_run
from golden.errors import UserError
from hw.synth.fpga import find_nextpnr
from hw.synth.process import place
from tilewright.caching import Cache, cache_key, default_cache
from tilewright.emission import emitted_verilog
from tilewright.progress import counting

__all__ = ["FAMILIES", "synth_fpga"]

FAMILIES = ("ecp5",)
"""Programmable logic that there are tools for."""


def synth_fpga(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    family: str = "ecp5",
    cache: Cache | None = None,
) -> dict[str, Any]:
    """Synthesize, place and route a design, its ports left open.

    Parameters
    ----------
    name : str
        Engine, preset, accelerator, or TOML file of one.
    params : mapping, optional
        Params to set, as text or values; of an accelerator, fields.
    family : {"ecp5"}
    cache : Cache, optional

    Returns
    -------
    dict
        ``device``, ``luts``, ``registers``, ``dsps``, ``block_rams``, ``fmax_mhz``, ``start`` and
        ``end`` of the longest path, ``tools``.

    Raises
    ------
    UserError
        If the name or a param is wrong, nextpnr is not installed, or the design does not fit.
    SynthesisError
        If a tool fails.
    """
    begun = time.perf_counter()
    if family not in FAMILIES:
        raise UserError(f"there is no FPGA family {family!r}: there are {', '.join(FAMILIES)}")
    nextpnr = find_nextpnr()
    kept = cache or default_cache()
    design = emitted_verilog(name, params or {}, kept)

    def make(folder: Path) -> None:
        with counting("synthesis, step") as tell:
            place(design.verilog, design.top, folder, report=lambda _, *step: tell(*step))

    key = cache_key(design.verilog, family, version("pyosys"), nextpnr.version, _flow())
    found = json.loads((kept.entry("placements", key, make) / "result.json").read_text())
    return {
        "name": name,
        "design": design.name,
        **design.facts,
        "mode": "fpga",
        "family": family,
        **found,
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _flow() -> str:
    """Hash of the code that places."""
    sources = (inspect.getsource(module) for module in (hw.synth.fpga, hw.synth.fpga_run))
    return hashlib.sha256("".join(sources).encode()).hexdigest()
