"""The manual's pages, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "identify", "pages"]

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)")
_MARK = re.compile(r" *<!-- (?P<mark>not run: .+|exit status [0-9]+) -->")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block.

    Parameters
    ----------
    language : str
        Empty where the fence names none.
    line : int
        Number of its first line inside the fence, from 1.
    lines : tuple of str
        Without the fence's indentation.
    mark : str
        Text of the comment on the line before the fence, ``not run: …`` or ``exit status N``;
        empty if there is none.
    """

    language: str
    line: int
    lines: tuple[str, ...]
    mark: str

    @property
    def runs(self) -> bool:
        """Whether it is to be executed."""
        return not self.mark.startswith("not run")

    @property
    def exit_status(self) -> int:
        """What its last command ends with."""
        return int(self.mark.rpartition(" ")[2]) if self.mark.startswith("exit") else 0


def pages() -> list[Path]:
    """README, CONTRIBUTING, CHANGELOG, and everything under docs."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def identify(page: Path) -> str:
    """Name of a page in test reports."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Fenced blocks of a page, in order."""
    before, opened = "", None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if opened is None and fence is not None:
            opened, first, mark = fence, number + 1, _MARK.fullmatch(before)
            inside = []
        elif opened is not None and line.strip() == "```":
            yield Block(
                language=opened["language"],
                line=first,
                lines=tuple(inside),
                mark=mark["mark"] if mark else "",
            )
            opened = None
        elif opened is not None:
            inside.append(line.removeprefix(opened["indent"]))
        before = line
