"""Synthesis of an engine or an accelerator: area, flip-flops, memories, delay."""

import hashlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from golden.errors import UserError
from hw.synth.activity import Activities
from hw.synth.liberty import library_text
from hw.synth.opensta import opensta_version
from hw.synth.options import LONGEST_CLOCK_NS, Options, Report
from hw.synth.process import GATES, flip_flop_bits, synthesize
from tilewright.accelerator import is_accelerator
from tilewright.caching import Cache, cache_key, default_cache
from tilewright.catalog import find_design
from tilewright.emission import Emitted, emitted_verilog
from tilewright.progress import counting

__all__ = ["count_flip_flops", "gate_verilog", "liberty_text", "synth", "synthesized"]

SWEEP = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Clocks of a sweep, as parts of the delay without a target."""

_AT_ONCE = 2


def synth(
    name: str,
    params: Mapping[str, Any] | None = None,
    *,
    liberty: str | Path | None = None,
    clock_ns: float | None = None,
    sweep_clock: bool = False,
    flatten: bool = False,
    map_memories: bool = False,
    power: bool = False,
    cache: Cache | None = None,
) -> dict[str, Any]:
    """Synthesize a design; what was synthesized before comes from the cache.

    Parameters
    ----------
    name : str
        Engine, preset, accelerator, or TOML file of one.
    params : mapping, optional
        Params to set, as text or values; of an accelerator, fields.
    liberty : path, optional
        Library of standard cells, a Liberty file, which may be compressed by gzip. Without it gates
        are generic: area is in NAND2 equivalents, and depth takes the place of delay.
    clock_ns : float, optional
        Period to size cells for, up to 1,000,000; without it they are as small as they can be.
    sweep_clock : bool
        Tell area and delay for several clocks as well.
    flatten : bool
        Dissolve all modules. It takes longer, and lets logic be shared across modules.
    map_memories : bool
        Build memories from flip-flops; otherwise they are reported as bits.
    power : bool
        Tell the power of an engine that multiplies random operands, too; it needs a library,
        OpenSTA and a simulator.
    cache : Cache, optional

    Returns
    -------
    dict
        ``area_um2`` (None without a library), ``nand2_equivalents``, ``delay_ns`` (None where it
        is not known) and ``delay_by``, ``critical_path``, ``logic_depth``, ``power`` (None where
        it was not asked for), ``cells``, ``flip_flop_bits``, ``sequential``, ``combinational``,
        ``modules``, ``memory_bits``, ``memories``, ``cell_kinds``, ``tools``, and how it was asked
        for.

    Raises
    ------
    UserError
        If the name, a param or the library is wrong.
    OSError
        If the library can not be read.
    SynthesisError
        If a tool fails.
    """
    begun = time.perf_counter()
    if clock_ns is not None and not 0 < clock_ns <= LONGEST_CLOCK_NS:
        raise UserError(
            f"the clock must have a period above 0 and up to {LONGEST_CLOCK_NS} ns, not {clock_ns}"
        )
    if liberty is None and (clock_ns is not None or sweep_clock):
        raise UserError("a clock needs a library: give one with --liberty FILE")
    cache = cache or default_cache()
    text = liberty_text(liberty)
    activities = None
    if power:
        _require_power(name, liberty)
        # Imported late: it needs the benches.
        from tilewright.activity import measured_activities

        activities = measured_activities(*find_design(name, params or {}), cache)
    design = emitted_verilog(name, params or {}, cache)
    options = Options(flatten=flatten, clock_ns=clock_ns, map_memories=map_memories)
    ask = partial(synthesized, design, text, cache)
    with counting("synthesis, step") as tell:
        result = ask(options, activities, lambda _, *step: tell(*step))
    curve = _curve(ask, options, result) if sweep_clock else None
    return {
        "name": name,
        "design": design.name,
        **design.facts,
        "mode": "generic" if text is None else "liberty",
        **asdict(options),
        "meets_clock": _meets(result, clock_ns),
        **result,
        **({} if curve is None else {"clocks": curve}),
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _require_power(name: str, liberty: str | Path | None) -> None:
    if liberty is None:
        raise UserError("power needs a library: give one with --liberty FILE")
    if is_accelerator(name):
        raise UserError(f"power is told of engines and presets, not of the accelerator {name}")
    if opensta_version() is None:
        raise UserError(
            "power needs OpenSTA, whose command sta was not found (Debian: apt-get install opensta)"
        )


def count_flip_flops(
    name: str, params: Mapping[str, Any] | None = None, *, cache: Cache | None = None
) -> int:
    """Bits of flip-flops in a design, counted in its netlist; memories are none of them.

    Parameters
    ----------
    name : str
        Engine, preset, accelerator, or TOML file of one.
    params : mapping, optional
    cache : Cache, optional

    Raises
    ------
    UserError
        If the name or a param is wrong.
    SynthesisError
        If Yosys fails.
    """
    design = emitted_verilog(name, params or {}, cache or default_cache())
    return flip_flop_bits(design.verilog, design.top)


def liberty_text(liberty: str | Path | None) -> tuple[str, str] | None:
    """Name and text of a Liberty file, if there is one.

    Raises
    ------
    UserError
        If it is no text.
    OSError
        If it can not be read.
    """
    return None if liberty is None else (Path(liberty).name, library_text(Path(liberty)))


def gate_verilog(design: Emitted, cache: Cache) -> str:
    """Verilog of gates without a library, all modules kept.

    Parameters
    ----------
    design : Emitted
    cache : Cache
    """
    with counting("synthesis, step") as tell:
        folder = _entry(design, None, cache, Options(), None, lambda _, *step: tell(*step))
    return (folder / GATES).read_text()


def synthesized(
    design: Emitted,
    liberty: tuple[str, str] | None,
    cache: Cache,
    options: Options,
    activities: Activities | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """A synthesis, from the cache if it is there.

    Parameters
    ----------
    design : Emitted
    liberty : tuple of str or None
        From `liberty_text`.
    cache : Cache
    options : Options
    activities : mapping of str to Activity, optional
        To tell the power.
    report : callable, optional
        Told of steps, where there are any.

    Returns
    -------
    dict
        As `hw.synth.process.synthesize` has it.
    """
    folder = _entry(design, liberty, cache, options, activities, report)
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


def _entry(
    design: Emitted,
    liberty: tuple[str, str] | None,
    cache: Cache,
    options: Options,
    activities: Activities | None,
    report: Report | None,
) -> Path:
    """Folder of a synthesis."""

    def make(folder: Path) -> None:
        synthesize(
            design.verilog,
            design.top,
            folder,
            options=options,
            liberty=liberty,
            activities=activities,
            report=report,
        )

    key = cache_key(
        design.verilog,
        "" if liberty is None else liberty[1],
        json.dumps(asdict(options)),
        repr(activities),
        version("pyosys"),
        ("" if liberty is None else opensta_version()) or "",
        _flow(),
    )
    return cache.entry("syntheses", key, make)


def _flow() -> str:
    """Hash of the code that synthesizes."""
    import hw.synth

    digest = hashlib.sha256()
    for file in sorted(Path(hw.synth.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _curve(ask: Any, options: Options, smallest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Area and delay at clocks down to half of the delay without a target."""
    delay = smallest["delay_ns"]
    if delay is None:
        raise UserError("there is no sweep of clocks, as the delay of this design is not known")
    clocks = [round(delay * part, 3) for part in SWEEP]
    points: list[dict[str, Any]] = []
    with counting("clocks") as tell, ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            asked = (replace(options, clock_ns=clock) for clock in clocks)
            for clock, found in zip(clocks, pool.map(ask, asked), strict=True):
                points.append(
                    {
                        "clock_ns": clock,
                        "area_um2": found["area_um2"],
                        "nand2_equivalents": found["nand2_equivalents"],
                        "delay_ns": found["delay_ns"],
                        "meets_clock": _meets(found, clock),
                    }
                )
                tell(len(points), len(clocks))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return points


def _meets(result: Mapping[str, Any], clock_ns: float | None) -> bool | None:
    """Whether a clock is met; None where there is none, or no delay is known."""
    if clock_ns is None or result["delay_ns"] is None:
        return None
    return bool(result["delay_ns"] <= clock_ns)
