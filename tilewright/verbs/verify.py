"""``tilewright verify``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.verbs.options import add_set, add_simulator, count, read_set, seed
from tilewright.verification import CASES, verify

__all__ = ["configure", "execute", "show"]

SHOWN_FAILURES = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Name, params, simulator, amount."""
    parser.add_argument("name", metavar="NAME", help="engine or preset")
    add_set(parser)
    add_simulator(parser)
    parser.add_argument(
        "--gate-level",
        action="store_true",
        help="run what synthesis makes of the Verilog: gates without a library",
    )
    parser.add_argument(
        "--cases",
        type=count,
        default=CASES,
        metavar="N",
        help=f"random cases, beside extremes, corners and resets (default: {CASES})",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="default: 0")
    parser.add_argument("--waves", type=Path, metavar="FILE", help="write a trace, .fst or .vcd")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play the failed cases that a run saved"
    )
    parser.epilog = (
        "example: tilewright verify systolic --set rows=8 --set cols=8 --set dataflow=os"
    )


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Run it."""
    verification = verify(
        arguments.name,
        read_set(arguments.set),
        simulator=arguments.simulator,
        gate_level=arguments.gate_level,
        cases=arguments.cases,
        seed=arguments.seed,
        waves=arguments.waves,
        replay=arguments.replay,
    )
    return verification.to_json(), verification.passed


def show(result: dict[str, Any]) -> str:
    """Counts, and what failed."""
    simulator = f"{result['simulator']} {result['simulator_version']}"
    checked = f"{result['cases']} cases, {result['outputs_checked']} outputs checked"
    speed = f"{result['cycles_per_second']:.0f} per second, build {result['build_seconds']:.1f} s"
    what = "gates of " if result["level"] == "gates" else ""
    lines = [
        f"{what}{result['engine']} on {simulator}, seed {result['seed']}",
        f"{checked} in {result['cycles']} cycles ({speed})",
        f"{result['mismatches']} mismatches, {result['cycle_mismatches']} cycle mismatches",
    ]
    lines += [
        f"failed: {failure['name']}: {_what_failed(failure)}"
        for failure in result["failures"][:SHOWN_FAILURES]
    ]
    if result["replay"]:
        lines.append(f"to replay the failed cases: {result['replay']}")
    return "\n".join(lines)


def _what_failed(failure: dict[str, Any]) -> str:
    parts = list(failure["problems"])
    if failure["mismatches"]:
        first = failure["examples"][0]
        parts.append(
            f"{failure['mismatches']} wrong results, first in beat {first['beat']},"
            f" lane {first['lane']}: got code {first['got']}, expected {first['expected']}"
        )
    if failure["cycle_mismatch"]:
        parts.append(f"{failure['cycles']} cycles, expected {failure['expected_cycles']}")
    return "; ".join(parts)
