"""``tilewright sweep``."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from tilewright.files import check_folder
from tilewright.verbs.options import add_report, count, table
from tilewright.verbs.reporting import check_report, write_report

__all__ = ["configure", "execute", "show"]

_SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Study, and who evaluates."""
    parser.add_argument("study", type=Path, metavar="STUDY.toml", help="what to explore")
    parser.add_argument(
        "--storage",
        type=Path,
        metavar="FILE.db",
        help="SQLite file with the trials, which a sweep goes on from (default: STUDY.db)",
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="processes of this machine (default: one for each core)",
    )
    who.add_argument(
        "--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers evaluate instead"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="write trials and front as Parquet and CSV",
    )
    add_report(parser)
    parser.epilog = "example: tilewright sweep study.toml -o results"


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Explore; a sweep of which nothing is feasible has failed."""
    check_report(arguments)
    if arguments.output is not None:
        check_folder(arguments.output)
    # Imported late, so that help is quick.
    from tilewright.sweeps.sweeping import sweep

    found = sweep(
        arguments.study,
        storage=arguments.storage,
        workers=arguments.workers,
        scheduler=arguments.scheduler,
    )
    files = [] if arguments.output is None else found.write(arguments.output)
    result = {**found.to_json(), "files": [str(file) for file in files]}
    if arguments.report is not None:
        from tilewright.report.sweep import sweep_report

        write_report(arguments, sweep_report({**result, "command": arguments.command}))
    return result, bool(found.front)


def show(result: dict[str, Any]) -> str:
    """The front, and what failed."""
    objectives = list(result["objectives"])
    front = sorted(
        result["pareto"], key=lambda trial: [trial["metrics"][name] for name in objectives]
    )
    rows = [
        (
            trial["trial"],
            trial["design"],
            ", ".join(f"{name}={value}" for name, value in trial["params"].items()),
            *(_number(trial["metrics"][name]) for name in objectives),
        )
        for trial in front[:_SHOWN]
    ]
    lines = [table(("trial", "design", "params", *objectives), rows), ""] if rows else []
    if len(front) > _SHOWN:
        lines.insert(1, f"and {len(front) - _SHOWN} more")
    lines.append(_total(result))
    lines += [f"{times} failed: {reason}" for reason, times in _reasons(result["trials"]).items()]
    if result["files"]:
        lines.append("written: " + ", ".join(result["files"]))
    return "\n".join(lines)


def _total(result: dict[str, Any]) -> str:
    feasible = sum(trial["feasible"] for trial in result["trials"])
    return (
        f"{len(result['trials'])} trials in {result['storage']}, {result['failed']} failed,"
        f" {feasible} feasible, {len(result['pareto'])} on the front"
    )


def _reasons(trials: list[dict[str, Any]]) -> dict[str, int]:
    """How often each occurs, the most frequent first."""
    reasons = [trial["reason"] for trial in trials if trial["reason"] is not None]
    return dict(Counter(reasons).most_common())


def _number(value: float) -> int | float:
    return value if isinstance(value, int) else float(f"{value:.6g}")
