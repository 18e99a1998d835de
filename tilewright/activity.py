"""How often an engine's signals change while it multiplies random operands without a pause."""

import json
import tempfile
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

from hw.bench.simulators import Simulator, SimulatorError, find_simulator
from hw.bench.vectors import Vectors
from hw.synth.activity import Activities, Activity, read_activities
from hw.synth.options import SynthesisError
from tilewright.caching import Cache, cache_key
from tilewright.cases import busy_stimulus
from tilewright.catalog import Engine
from tilewright.emission import emitted_engine
from tilewright.stimulus import build_vectors
from tilewright.verification import built_bench, play

__all__ = ["measured_activities"]

_SEED = 0
_FILE = "activities.json"


def measured_activities(engine: Engine, params: Any, cache: Cache) -> Activities:
    """Activities of all signals of the RTL, from the first job to the last result.

    Parameters
    ----------
    engine : Engine
    params : Params of that engine
    cache : Cache

    Raises
    ------
    SimulatorError
        If there is no simulator.
    SynthesisError
        If the RTL is wrong.
    """
    simulator = _simulator()
    stimuli = [busy_stimulus(engine, params, seed=_SEED)]
    vectors = build_vectors(engine, params, stimuli, top=engine.name, seed=_SEED)
    vectors = replace(vectors, plan=replace(vectors.plan, listen_cycles=0))

    def make(folder: Path) -> None:
        found = _measure(engine, params, simulator, vectors, cache)
        plain = {name: astuple(activity) for name, activity in found.items()}
        (folder / _FILE).write_text(json.dumps(plain))

    key = cache_key(
        emitted_engine(engine, params, cache).verilog,
        json.dumps(asdict(vectors.plan)),
        *(rows.tobytes() for rows in vectors.beats.values()),
        simulator.name,
        simulator.version,
    )
    kept = json.loads((cache.entry("activities", key, make) / _FILE).read_text())
    return {name: Activity(*values) for name, values in kept.items()}


def _simulator() -> Simulator:
    """Icarus, which is quick to build with, or else Verilator."""
    try:
        return find_simulator("icarus")
    except SimulatorError:
        return find_simulator("verilator")


def _measure(
    engine: Engine, params: Any, simulator: Simulator, vectors: Vectors, cache: Cache
) -> Activities:
    folder = built_bench(engine, params, simulator, waves="vcd", cache=cache)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as scratch:
        trace = Path(scratch, "trace.vcd")
        bench = play(simulator, folder, vectors, waves=trace)
        if bench.mismatches or bench.cycle_mismatches:
            raise SynthesisError(f"power is not known: the RTL of {engine.name} is wrong")
        with trace.open() as lines:
            return read_activities(lines, engine.name, clock="clk", reset="rst")
