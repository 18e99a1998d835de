"""Compare what `accelerator_tb` wrote with what was expected.

``python -m bench.accelerator.judge --expected FOLDER --found FOLDER``: every file of the first is
in the second, with the same contents.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

__all__ = ["differences", "main"]

SHOWN = 10


def differences(expected: Path, found: Path) -> list[str]:
    """What is wrong, one line each.

    Parameters
    ----------
    expected, found : Path
        Folders. Files named ``.txt`` are compared line by line, others byte by byte.
    """
    wrong: list[str] = []
    for file in sorted(expected.iterdir()):
        other = found / file.name
        if not other.is_file():
            wrong.append(f"{file.name} is missing")
        elif file.suffix == ".txt":
            wrong += _lines(file, other)
        else:
            wrong += _bytes(file, other)
    return wrong


def _lines(expected: Path, found: Path) -> list[str]:
    pairs = zip_longest(expected.read_text().splitlines(), found.read_text().splitlines())
    return [
        f"{expected.name}:{number}: {is_there or 'nothing'}, expected {wanted or 'nothing'}"
        for number, (wanted, is_there) in enumerate(pairs, start=1)
        if wanted != is_there
    ]


def _bytes(expected: Path, found: Path) -> list[str]:
    wanted, is_there = expected.read_bytes(), found.read_bytes()
    if len(wanted) != len(is_there):
        return [f"{expected.name}: {len(is_there)} bytes, expected {len(wanted)}"]
    places = [at for at, (a, b) in enumerate(zip(wanted, is_there, strict=True)) if a != b]
    if not places:
        return []
    first = places[0]
    values = f"{is_there[first]}, expected {wanted[first]}"
    return [f"{expected.name}: {len(places)} bytes differ, first that at {first:#x}: {values}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 1 if anything differs, 2 if nothing was compared."""
    parser = argparse.ArgumentParser(prog="python -m bench.accelerator.judge")
    parser.add_argument("--expected", type=Path, required=True, help="folder")
    parser.add_argument("--found", type=Path, required=True, help="folder")
    given = parser.parse_args(arguments)
    if not given.expected.is_dir() or not any(given.expected.iterdir()):
        print(f"nothing is expected: {given.expected} has no files", file=sys.stderr)
        return 2
    wrong = differences(given.expected, given.found)
    for line in wrong[:SHOWN]:
        print(f"failed: {line}")
    print(f"{len(list(given.expected.iterdir()))} files compared, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
