"""Accelerators as programs: the Verilog, built once and kept in the cache."""

from functools import partial
from pathlib import Path

from golden.accelerator.description import Accelerator
from hw.accelerator.bench.cocotb_player import play_script_cocotb
from hw.accelerator.bench.harness import (
    TOP,
    build_harness,
    emit_accelerator,
    play_script,
    sources,
)
from hw.accelerator.bench.runs import Play
from hw.accelerator.top import Top
from hw.bench.simulators import Simulator, find_simulator
from hw.emit import emit_verilog
from hw.generate import flat_ports
from tilewright.building import built_verilog
from tilewright.caching import Cache, cache_key, default_cache

__all__ = ["built_cocotb", "built_harness"]


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


def built_cocotb(
    accelerator: Accelerator,
    simulator: Simulator,
    *,
    waves: str | None = None,
    cache: Cache | None = None,
) -> Play:
    """The accelerator's Verilog with the cocotb bench, ready to play scripts.

    It is slower than `built_harness`, runs on every simulator, and checks the rules of AXI.

    Parameters
    ----------
    accelerator : Accelerator
    simulator : Simulator
    waves : {"fst", "vcd"}, optional
        Format of the traces that it can write.
    cache : Cache, optional

    Raises
    ------
    SimulatorError
        If the build fails.
    """
    component = Top(accelerator)
    folder = built_verilog(
        emit_verilog(component, TOP),
        TOP,
        flat_ports(component),
        simulator,
        bench="accelerator",
        waves=waves,
        cache=cache or default_cache(),
    )
    return partial(play_script_cocotb, simulator, folder)
