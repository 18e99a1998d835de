"""Speed of counting the cycles of workloads that are known by their shapes, on accelerators.

    python benchmarks/accelerator_speed.py [--table FOLDER]

Prints a row for each workload: seconds to lower and to simulate it, without reading the model;
cycles, utilisation, and the share of time for which each unit is busy; instructions, and those that
were looked at one by one. ResNet-50 comes with the onnx package; with a folder of SCALE-Sim tables,
ResNet-18 is added, as a process of its own. The last line has the largest memory of the process.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import onnx

from golden.accelerator.registers import Counter
from mapper.accelerator.streaming import workload_layers
from sim.accelerator.simulation import simulate
from sim.workload import GemmLayer, Workload
from tilewright.accelerator import find_accelerator
from tilewright.workloads import load_workload

RESNET = Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx"
BUSY = (Counter.LOAD_BUSY, Counter.EXECUTE_BUSY, Counter.STORE_BUSY)
HEAD = "workload           accelerator  lower s  simulate s       cycles   used  load  exec store"
PROCESS = """
from mapper.accelerator.streaming import workload_layers
from sim.accelerator.simulation import simulate
from tilewright.accelerator import find_accelerator
from tilewright.workloads import load_workload
accelerator = find_accelerator("server")
simulate(accelerator, workload_layers(load_workload({table!r}), accelerator))
"""


def gpt2_block() -> Workload:
    """A layer of GPT-2 XL: 1024 tokens of 1600 numbers, 25 heads."""
    sizes = (
        ("qkv", 1024, 1600, 4800, 1),
        ("scores", 1024, 64, 1024, 25),
        ("values", 1024, 1024, 64, 25),
        ("projection", 1024, 1600, 1600, 1),
        ("up", 1024, 1600, 6400, 1),
        ("down", 1024, 6400, 1600, 1),
    )
    layers = (GemmLayer(name=name, m=m, k=k, n=n, count=count) for name, m, k, n, count in sizes)
    return Workload(name="GPT-2 block", layers=tuple(layers))


def measure(workload: Workload, name: str) -> None:
    """Lower and simulate once, and print the row."""
    accelerator = find_accelerator(name)
    begun = time.perf_counter()
    layers = workload_layers(workload, accelerator)
    lowered = time.perf_counter()
    result = simulate(accelerator, layers)
    simulated = time.perf_counter()
    used = workload.macs / accelerator.lanes**2 / result.cycles
    busy = " ".join(f"{result.counters[counter] / result.cycles:5.2f}" for counter in BUSY)
    count = sum(layer.instructions for layer in result.layers)
    print(
        f"{workload.name:18} {name:11} {lowered - begun:8.3f} {simulated - lowered:11.3f}"
        f" {result.cycles:12} {used:6.1%} {busy}  {count} instructions, {result.stepped} one by one"
    )


def measure_process(table: Path) -> None:
    """CPU seconds of a process that simulates a table on the large accelerator."""
    subprocess.run([sys.executable, "-c", PROCESS.format(table=str(table))], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{table.stem} on server, whole process: {used.ru_utime + used.ru_stime:.2f} CPU s")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path, help="folder with Resnet18.csv")
    given = parser.parse_args()
    print(HEAD)
    for sizes in ("512x512x512", "5120x5120x5120", "509x521x503", "5099x5209x5021"):
        measure(load_workload(f"gemm:{sizes}"), "edge")
    measure(gpt2_block(), "server")
    resnet = load_workload(str(RESNET))
    for name in ("server", "edge"):
        measure(resnet, name)
    if given.table is not None:
        measure_process(given.table / "Resnet18.csv")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"largest memory: {peak >> 10} MiB")


if __name__ == "__main__":
    main()
