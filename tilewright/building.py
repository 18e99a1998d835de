"""Simulators of emitted Verilog with a cocotb bench, built once and kept in the cache."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import cocotb_tools.config

from hw.bench.simulators import Simulator
from hw.simulate import build_bench, build_runtime
from tilewright.caching import Cache, cache_key

__all__ = ["built_verilog"]


def built_verilog(
    verilog: str,
    top: str,
    ports: Sequence[str],
    simulator: Simulator,
    *,
    bench: str = "engine",
    waves: str | None = None,
    cache: Cache,
) -> Path:
    """Folder of the simulator built for some Verilog, from the cache if it is there.

    Parameters
    ----------
    verilog : str
    top : str
        Top module.
    ports : sequence of str
        Verilog names of all of its ports.
    simulator : Simulator
    bench : str
        The one that will play, of `hw.bench.run.BENCHES`.
    waves : {"fst", "vcd"}, optional
        Format of the traces that it will be able to write.
    cache : Cache

    Raises
    ------
    SimulatorError
        If the build fails.
    """
    # A build links to this environment's cocotb.
    cocotb = (str(cocotb_tools.config.libs_dir), version("cocotb"))
    tools = (*cocotb, simulator.name, simulator.version, str(simulator.environment), waves or "")

    def make(folder: Path) -> None:
        runtime = None
        if simulator.name == "verilator":
            runtime = cache.entry(
                "runtimes",
                cache_key(*tools),
                lambda place: build_runtime(simulator, place, waves=waves),
            )
        source = folder / f"{top}.v"
        source.write_text(verilog)
        build_bench(
            simulator, source, top, ports, folder, bench=bench, waves=waves, runtime=runtime
        )

    return cache.entry("builds", cache_key(verilog, bench, *tools), make)
