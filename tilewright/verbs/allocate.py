"""``tilewright allocate``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.verbs.options import count, seconds, seed, table

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Buffers, capacity and how long to search."""
    parser.add_argument(
        "buffers", metavar="BUFFERS.csv", type=Path, help="MiniMalloc's table of buffers"
    )
    parser.add_argument(
        "--capacity",
        type=count,
        metavar="BYTES",
        help="bytes under which all buffers must end (default: seek the least)",
    )
    parser.add_argument(
        "--minimise", action="store_true", help="seek the least height under the capacity"
    )
    parser.add_argument(
        "--time-limit",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds after which the search ends with what it has (default: 60)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of orders tried (default: 0)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE.csv", help="write the table with offsets"
    )
    parser.epilog = "example: tilewright allocate buffers.csv --capacity 1048576 -o offsets.csv"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Search."""
    # Imported late, so that help is quick.
    from tilewright.allocation import allocate

    result = allocate(
        arguments.buffers,
        capacity=arguments.capacity,
        minimise=arguments.minimise,
        time_limit=arguments.time_limit,
        seed=arguments.seed,
        output=arguments.output,
    )
    return result, result["offsets"] is not None


def show(result: dict[str, Any]) -> str:
    """Offsets, and what is known of their height."""
    said = {
        "optimal": "optimal: no offsets end lower",
        "feasible": f"feasible: no offsets end below {result['bound']} bytes",
        "infeasible": "infeasible: no offsets exist"
        if result["bound"] is None
        else f"infeasible: no offsets end below {result['bound']} bytes",
        "unknown": f"unknown: none found, and no proof that there are none (seed {result['seed']})",
    }[result["status"]]
    if result["interrupted"]:
        said += "; interrupted"
    if result["offsets"] is None:
        return said
    rows = table(("id", "offset"), list(result["offsets"].items()))
    return f"{rows}\n\nheight {result['height']} bytes, {said} (seed {result['seed']})"
