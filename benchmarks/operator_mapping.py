"""Mappings of single layers: cycles against the greedy choice, what is proven, and in which time.

    python benchmarks/operator_mapping.py WORKLOAD [--accelerator A] [--set K=V ...]
        [--time-limit S]

A row for each shape of the workload, on one thread. Seconds are CPU seconds, those of counting the
space included; the code of the search is compiled before.
"""

import argparse
import sys
import time

from mapper.accelerator.streaming.mapping import Mapping, best_mapping, simulated_cost
from mapper.accelerator.streaming.plan import Plan
from mapper.accelerator.streaming.search import best_plan
from mapper.accelerator.streaming.sweep import Sweep, sweep_of
from sim.workload import GemmLayer
from tilewright.accelerator import find_accelerator
from tilewright.verbs.options import table
from tilewright.workloads import load_workload

HEAD = (
    "layer",
    "times",
    "plans",
    "bounded",
    "simulated",
    "greedy",
    "cycles",
    "less %",
    "bound",
    "greedy KiB",
    "KiB",
    "status",
    "CPU s",
    "plan",
)


def told(plan: Plan) -> str:
    """A plan in short."""
    places = plan.places
    numbers = (places.inputs, places.weights, places.parameters, places.sums)
    taps = f" taps {len(plan.taps[0][0])}x{len(plan.taps[0][1])}" if len(plan.taps) > 1 else ""
    single = "" if min(numbers) == 2 else f" places {'/'.join(map(str, numbers))}"
    return (
        f"{plan.height}x{plan.width} {plan.blocks} {plan.piece} {plan.order.value}"
        f" {plan.kept.name.lower()}{taps}{single}"
    )


def main() -> None:
    """Print the table, and sums over all layers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workload")
    parser.add_argument("--accelerator", default="edge")
    parser.add_argument("--set", action="append", default=[], metavar="K=V")
    parser.add_argument("--time-limit", type=float, default=60.0)
    options = parser.parse_args()
    changes = dict(change.split("=", 1) for change in options.set)
    accelerator = find_accelerator(options.accelerator, changes)
    layers = load_workload(options.workload).layers
    best_mapping(GemmLayer(name="first", m=1, k=1, n=1), accelerator)
    shapes: dict[Sweep, list[str]] = {}
    for layer in layers:
        shapes.setdefault(sweep_of(layer, accelerator.lanes), []).append(layer.name)
    rows: list[tuple[object, ...]] = []
    sums = [0, 0, 0]
    slowest = total = 0.0
    for layer in layers:
        sweep = sweep_of(layer, accelerator.lanes)
        names = shapes[sweep]
        if names[0] != layer.name:
            continue
        greedy, octets = simulated_cost(layer, best_plan(sweep, accelerator), accelerator)
        begun = time.process_time()
        found: Mapping = best_mapping(layer, accelerator, time_limit=options.time_limit)
        seconds = time.process_time() - begun
        for index, cycles in enumerate((greedy, found.cycles, found.bound_cycles)):
            sums[index] += len(names) * cycles
        slowest, total = max(slowest, seconds), total + seconds
        rows.append(
            (
                layer.name,
                len(names),
                f"{found.space_size:.1e}",
                found.bounded,
                found.simulated,
                greedy,
                found.cycles,
                f"{100 * (1 - found.cycles / greedy):.2f}",
                found.bound_cycles,
                octets >> 10,
                found.dram_bytes >> 10,
                found.status,
                f"{seconds:.2f}",
                told(found.plan),
            )
        )
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(table(HEAD, rows))
    proven = sum(row[HEAD.index("status")] == "optimal" for row in rows)
    print(
        f"{proven} of {len(rows)} shapes proven; {total:.1f} CPU s in all, {slowest:.2f} at most;"
        f" all layers one by one: greedy {sums[0]}, best {sums[1]}, bound {sums[2]} cycles,"
        f" gap {(sums[1] - sums[2]) / sums[1]:.4f}"
    )


if __name__ == "__main__":
    main()
