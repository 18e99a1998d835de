"""Accelerators as programs: the Verilog, built once and kept in the cache."""

from functools import partial
from pathlib import Path

from golden.accelerator.description import Accelerator
from hw.accelerator.bench.harness import build_harness, emit_accelerator, play_script, sources
from hw.accelerator.bench.runs import Play
from hw.bench.simulators import find_simulator
from tilewright.caching import Cache, cache_key, default_cache

__all__ = ["built_harness"]


def built_harness(
    accelerator: Accelerator, *, trace: bool = False, cache: Cache | None = None
) -> Play:
    """The accelerator's Verilog with a main program around it, ready to play scripts.

    Accelerators that differ in memory timing alone share a build.

    Parameters
    ----------
    accelerator : Accelerator
    trace : bool
        Whether it can write traces.
    cache : Cache, optional

    Raises
    ------
    SimulatorError
        If Verilator is missing or too old, or the build fails.
    """
    simulator = find_simulator("verilator")
    verilog = emit_accelerator(accelerator)

    def make(folder: Path) -> None:
        source = folder / "accelerator.v"
        source.write_text(verilog)
        build_harness(simulator, accelerator, source, folder, trace=trace)

    key = cache_key(verilog, simulator.version, str(trace), *sources(), accelerator.target)
    return partial(play_script, (cache or default_cache()).entry("harnesses", key, make))
