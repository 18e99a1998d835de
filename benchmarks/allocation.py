"""Static allocation: CPU seconds and what is proven, over a folder of MiniMalloc's instances.

    python benchmarks/allocation.py [FOLDER] [--time-limit S] [--seeds N]

Takes every `NAME.CAPACITY.csv`; without FOLDER those in `minimalloc` of the folder that
TILEWRIGHT_DATA names. Each instance is a process of its own, on one thread, and its seconds are CPU
seconds of the whole of it, start of Python included. Every instance is solved under its capacity,
then for its least height. A first search, not counted, compiles what the others use.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from tilewright.verbs.options import table

HEAD = ("instance", "buffers", "seed", "asked", "status", "height", "bound", "nodes", "CPU s")


def cpu_seconds() -> float:
    """CPU seconds of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def solve(file: Path, *arguments: str) -> tuple[dict[str, Any], float]:
    """What the command says, and its CPU seconds."""
    begun = cpu_seconds()
    command = [sys.executable, "-m", "tilewright", "allocate", str(file), "--json", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout), cpu_seconds() - begun


def main() -> None:
    """Print the table, row by row as it comes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--time-limit", default="60")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    folder = options.folder
    if folder is None:
        if not os.environ.get("TILEWRIGHT_DATA"):
            parser.error("give a folder, or name one in TILEWRIGHT_DATA")
        folder = Path(os.environ["TILEWRIGHT_DATA"]) / "minimalloc"
    files = sorted(folder.glob("*.*.csv"))
    rows: list[tuple[object, ...]] = []
    solve(files[-1], "--time-limit", "1", "--minimise")
    for file in files:
        name, capacity, _ = file.name.split(".")
        asks = {"capacity": ("--capacity", capacity), "least": ()}
        for asked, arguments in asks.items():
            for seed in range(options.seeds):
                result, seconds = solve(
                    file, *arguments, "--seed", str(seed), "--time-limit", options.time_limit
                )
                keys = ("status", "height", "bound", "nodes")
                told = (result[key] for key in keys)
                rows.append((name, result["buffers"], seed, asked, *told, round(seconds, 2)))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
