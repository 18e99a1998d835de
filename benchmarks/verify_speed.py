"""Speed of checking an 8x8 int8 array's Verilog: cycles per second, and CPU seconds of the build.

    python benchmarks/verify_speed.py [--simulator verilator|icarus] [--cycles N]

Prints one JSON object for each dataflow. Stimulus is what `tilewright verify` plays; every result
and the cycles of every undisturbed case are checked. The speed is that of the bench alone; the
seconds of making stimulus and of judging are given beside it. The build starts from an empty
cache, and its CPU seconds are those of all its compilers.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from golden.engines.systolic import Dataflow
from hw.bench.simulators import SIMULATORS, Simulator, find_simulator
from hw.bench.vectors import Vectors
from tilewright.caching import Cache
from tilewright.cases import choose_stimuli
from tilewright.catalog import Engine, find_engine
from tilewright.stimulus import build_vectors
from tilewright.verification import built_bench, play

CYCLES = 200_000


def measure(
    dataflow: Dataflow, simulator: Simulator, cycles: int, folder: Path
) -> dict[str, object]:
    """Build and play one dataflow for at least ``cycles``."""
    engine = find_engine("systolic")
    params = engine.params({"rows": 8, "cols": 8, "dataflow": dataflow.value})
    cache = Cache(folder)

    begun, cpu_begun = time.perf_counter(), cpu_seconds()
    build = built_bench(engine, params, simulator, cache=cache)
    build_seconds, build_cpu_seconds = time.perf_counter() - begun, cpu_seconds() - cpu_begun

    begun = time.perf_counter()
    vectors = enough_vectors(engine, params, cycles)
    stimulus_seconds = time.perf_counter() - begun
    run = play(simulator, build, vectors)
    return {
        "engine": engine.name,
        "rows": 8,
        "cols": 8,
        "dataflow": dataflow.value,
        "simulator": simulator.name,
        "simulator_version": simulator.version,
        "cycles": run.cycles,
        "outputs_checked": run.outputs_checked,
        "wrong": run.mismatches + run.cycle_mismatches,
        "cycles_per_second": round(run.cycles / run.seconds),
        "bench_seconds": round(run.seconds, 2),
        "stimulus_seconds": round(stimulus_seconds, 2),
        "seconds": round(time.perf_counter() - begun, 2),
        "build_seconds": round(build_seconds, 2),
        "build_cpu_seconds": round(build_cpu_seconds, 2),
    }


def enough_vectors(engine: Engine, params: Any, cycles: int) -> Vectors:
    """Vectors whose undisturbed cases alone take ``cycles``."""
    outputs = cycles
    while True:
        stimuli = choose_stimuli(engine, params, cases=1, outputs=outputs, seed=0)
        vectors = build_vectors(engine, params, stimuli, top=engine.name, seed=0)
        if sum(case.cycles or 0 for case in vectors.plan.cases) >= cycles:
            return vectors
        outputs *= 2


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    """Measure every dataflow."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulator", choices=SIMULATORS, default="verilator")
    parser.add_argument("--cycles", type=int, default=CYCLES)
    given = parser.parse_args()
    simulator = find_simulator(given.simulator)
    for dataflow in Dataflow:
        with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
            print(json.dumps(measure(dataflow, simulator, given.cycles, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
