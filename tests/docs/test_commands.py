"""Commands in the manual are executed, and print what the manual says.

Blocks marked ``console`` or ``sh`` are run page by page, in a copy of the checkout. A line that
begins with ``$ `` is a command; what follows it, if anything, is its output, in which ``...``
stands for any text. A comment on the line before the block changes that: ``<!-- not run: reason
-->``, or ``<!-- exit status 2 -->`` for the block's last command.
"""

import doctest
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks, identify, pages

SHELLS = ("console", "sh")
TIMEOUT_S = 300
COPIED = ("tilewright", "golden", "hw", "sim", "mapper", "tests", "docs")

WITH_COMMANDS = [
    page
    for page in pages()
    if any(b.language in SHELLS and b.runs for b in blocks(page.read_text(encoding="utf-8")))
]


def commands(block: Block) -> Iterator[tuple[str, str, int]]:
    """Command, expected output and line number."""
    command, output, line = "", "", 0
    for number, text in enumerate(block.lines, start=block.line):
        if command.endswith("\\"):
            command = f"{command[:-1]}{text.removeprefix('>').strip()}"
        elif text.startswith("$ "):
            if command:
                yield command, output, line
            command, output, line = text[2:], "", number
        elif command:
            output += f"{text}\n"
    if command:
        yield command, output, line


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a clone holds."""
    copy = tmp_path / "tilewright"
    copy.mkdir()
    for name in COPIED:
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, copy)
    return copy


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=identify)
def test_commands_do_what_the_page_says(page: Path, checkout: Path) -> None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(checkout), "COLUMNS": "80"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language not in SHELLS or not block.runs:
            continue
        listed = list(commands(block))
        for command, expected, line in listed:
            status = block.exit_status if (command, expected, line) == listed[-1] else 0
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=checkout,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            where = f"{identify(page)}:{line}: $ {command}\n{done.stdout}"
            assert done.returncode == status, where
            if expected.strip():
                assert matches(expected, done.stdout), f"{where}\nexpected:\n{expected}"


def matches(expected: str, output: str) -> bool:
    """Whether ``output`` is as expected; runs of blanks are all the same."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(f"{expected}\n", f"{output}\n", flags)


@pytest.mark.parametrize("page", pages(), ids=identify)
def test_shell_blocks_have_commands(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language in SHELLS:
            assert list(commands(block)), f"{identify(page)}:{block.line}: no line begins with '$ '"


def test_commands_are_told_from_their_output() -> None:
    text = "<!-- exit status 2 -->\n```console\n$ a \\\n>   b\nout ...\n$ c\n```\n"
    (block,) = blocks(text)
    assert block.exit_status == 2
    assert list(commands(block)) == [("a b", "out ...\n", 3), ("c", "", 6)]
    assert matches("out ...\n", "out of place\n")
    assert not matches("out\n", "in\n")
