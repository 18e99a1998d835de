"""``tilewright compare``."""

import argparse
from pathlib import Path
from typing import Any

from tilewright.verbs.options import add_report, table

__all__ = ["configure", "execute", "show"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Two results."""
    for name in ("a", "b"):
        parser.add_argument(
            name,
            type=Path,
            metavar=f"{name.upper()}.json",
            help="what run or simulate wrote with --json",
        )
    add_report(parser)
    parser.epilog = "example: tilewright compare tiny.json edge.json --report difference.html"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Compare."""
    # Imported late, so that help is quick.
    from tilewright.comparing import compare
    from tilewright.results import load_result
    from tilewright.verbs.reporting import check_report, write_report

    check_report(arguments)
    found = compare(load_result(arguments.a), load_result(arguments.b))
    if arguments.report is not None:
        from tilewright.report.comparison import comparison_report

        write_report(arguments, comparison_report(found))
    return found.to_json(), True


def show(result: dict[str, Any]) -> str:
    """Totals, then layers."""
    names = [f"{side['workload']} on {side['target']}" for side in (result["a"], result["b"])]
    rows = [_row(entry) for entry in result["totals"]]
    layers = [_row(entry) for entry in result["layers"]]
    head = ("", "A", "B", "change")
    lines = [f"A  {names[0]}", f"B  {names[1]}"]
    lines += [] if result["same_workload"] else ["A and B are different workloads."]
    lines += ["", table(head, rows), ""]
    return "\n".join([*lines, table(("cycles of layer", *head[1:]), layers)])


def _row(entry: dict[str, Any]) -> tuple[str, object, object, str]:
    change = entry["change"]
    if change is None:
        told = ""
    elif not change:
        told = "="
    else:
        told = f"{change:+.1%}"
    return entry["name"], _number(entry["a"]), _number(entry["b"]), told


def _number(value: float | None) -> object:
    if value is None:
        return ""
    return value if isinstance(value, int) else round(value) if value > 10_000 else round(value, 4)
