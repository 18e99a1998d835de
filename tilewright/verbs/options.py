"""Options that several verbs have."""

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path

from golden.errors import UserError

__all__ = [
    "DEFAULT_ENGINE",
    "add_engine",
    "add_mapper",
    "add_report",
    "add_set",
    "add_simulator",
    "add_target",
    "count",
    "nanoseconds",
    "read_set",
    "seconds",
    "seed",
    "table",
]

DEFAULT_ENGINE = "systolic"


def add_set(parser: argparse.ArgumentParser) -> None:
    """``--set key=value``, any number of times."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a param; may be given several times",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """``--engine NAME`` and ``--set``."""
    parser.add_argument(
        "--engine",
        default=DEFAULT_ENGINE,
        metavar="NAME",
        help=f"engine or preset (default: {DEFAULT_ENGINE})",
    )
    add_set(parser)


def add_target(parser: argparse.ArgumentParser) -> None:
    """``--accelerator A`` or ``--engine NAME``, and ``--set``."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--accelerator", metavar="A", help="name or TOML file of an accelerator to run on"
    )
    target.add_argument(
        "--engine",
        metavar="NAME",
        help=f"bare engine, or preset, to run on (default: {DEFAULT_ENGINE})",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a param of the engine, or a field of the accelerator such as"
        " memory.latency_cycles; may be given several times",
    )


def add_simulator(parser: argparse.ArgumentParser) -> None:
    """``--simulator verilator|icarus``."""
    parser.add_argument(
        "--simulator",
        choices=("verilator", "icarus"),
        default="verilator",
        help="Verilog simulator (default: verilator)",
    )


def add_mapper(parser: argparse.ArgumentParser) -> None:
    """``--mapper greedy|optimal`` and ``--time-limit``."""
    parser.add_argument(
        "--mapper",
        choices=("greedy", "optimal"),
        default="greedy",
        help="accelerator: how the network is mapped (default: greedy)",
    )
    parser.add_argument(
        "--time-limit",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds after which the optimal mapper ends with the best it has (default: 60)",
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """``--report FILE.html``."""
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="write a page with pictures for a browser"
    )


def count(text: str) -> int:
    """A whole number of at least 1, for ``type=``."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """A whole number of at least 0, for ``type=``."""
    return _whole(text, 0)


def seconds(text: str) -> float:
    """A number above 0, for ``type=``."""
    return _positive(text, "seconds")


def nanoseconds(text: str) -> float:
    """A number above 0, for ``type=``."""
    return _positive(text, "nanoseconds")


def _positive(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"must be a number of {what} above 0, not {text!r}")
    return number


def _whole(text: str, least: int) -> int:
    number = int(text) if re.fullmatch("[0-9]{1,18}", text) else -1
    if number < least:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of at least {least}, not {text!r}"
        )
    return number


def read_set(pairs: Sequence[str]) -> dict[str, str]:
    """Params that ``--set`` gave.

    Raises
    ------
    UserError
        If a pair has no ``=``, or a key comes twice.
    """
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--set takes KEY=VALUE, not {pair!r}")
        if key in given:
            raise UserError(f"--set {key} was given twice: {given[key]} and {value}")
        given[key] = value
    return given


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns of text; numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    right = [
        bool(rows) and all(isinstance(row[i], (int, float)) or row[i] == "" for row in rows)
        for i in range(len(head))
    ]
    lines = [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [list(head), *cells]
    ]
    return "\n".join(lines)
