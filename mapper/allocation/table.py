"""MiniMalloc's csv.

The first row names the columns, in any order: ``id`` (or ``buffer``, ``buffer_id``), ``lower`` (or
``begin``, ``start``), ``upper`` and ``size``; optional are ``alignment``, ``gaps`` and ``offset``.
With ``end`` in place of ``upper`` the last moment of a lifetime, and of each gap, belongs to it.
Gaps are ``lower-upper``, parted by blanks. An offset that is given stays; an empty one is free.
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from golden.errors import UserError
from mapper.allocation.problem import Buffer, Problem

__all__ = ["parse_buffers", "read_buffers", "write_buffers"]

_NAMES = {
    "buffer": "id",
    "buffer_id": "id",
    "begin": "lower",
    "start": "lower",
    "end": "upper",
}
_NEEDED = ("id", "lower", "upper", "size")
_OPTIONAL = ("alignment", "gaps", "offset")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_GAP = re.compile(r"(-?[0-9]{1,18})-(-?[0-9]{1,18})(@\S*)?")


def read_buffers(path: str | Path) -> Problem:
    """Read a problem.

    Parameters
    ----------
    path : str or Path
        A file in MiniMalloc's csv format, UTF-8.

    Raises
    ------
    UserError
        If it is no such table; the message says where.
    OSError
        If it can not be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not a csv file: it is not text in UTF-8") from error
    try:
        return parse_buffers(text)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def parse_buffers(text: str) -> Problem:
    """Read a problem from the text of a csv file.

    Parameters
    ----------
    text : str

    Raises
    ------
    UserError
        If it is no such table; the message says where.
    """
    try:
        lines = [
            (number, [cell.strip() for cell in row])
            for number, row in enumerate(csv.reader(io.StringIO(text), strict=True), start=1)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise UserError(f"not a csv file: {error}") from error
    if not lines:
        raise UserError(f"a table of buffers begins with {','.join(_NEEDED)}, but this is empty")
    head = [cell.lower() for cell in lines[0][1]]
    columns = _columns(head)
    inclusive = "end" in head
    buffers = []
    for number, row in lines[1:]:
        if len(row) != len(head):
            raise UserError(f"line {number}: {len(head)} columns are named, but {len(row)} given")
        cells = {name: row[i] for i, name in enumerate(columns)}
        try:
            buffers.append(_buffer(cells, 1 if inclusive else 0))
        except UserError as error:
            raise UserError(f"line {number}: {error}") from error
    return Problem(tuple(buffers))


def write_buffers(problem: Problem, offsets: Sequence[int]) -> str:
    """The text of a csv file with the offsets.

    Parameters
    ----------
    problem : Problem
    offsets : sequence of int
        Bytes, of each buffer.
    """
    with_alignment = any(buffer.alignment != 1 for buffer in problem.buffers)
    with_gaps = any(buffer.gaps for buffer in problem.buffers)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    optional = (["alignment"] if with_alignment else []) + (["gaps"] if with_gaps else [])
    writer.writerow([*_NEEDED, *optional, "offset"])
    for buffer, offset in zip(problem.buffers, offsets, strict=True):
        row: list[object] = [buffer.id, buffer.lower, buffer.upper, buffer.size]
        if with_alignment:
            row.append(buffer.alignment)
        if with_gaps:
            row.append(" ".join(f"{lower}-{upper}" for lower, upper in buffer.gaps))
        writer.writerow([*row, offset])
    return text.getvalue()


def _columns(head: list[str]) -> list[str]:
    columns = [_NAMES.get(cell, cell) for cell in head]
    known = f"columns are {', '.join(_NEEDED)} and, if wanted, {', '.join(_OPTIONAL)}"
    for name in columns:
        if name not in (*_NEEDED, *_OPTIONAL):
            raise UserError(f"there is no column {name[:40]!r}: {known}")
        if columns.count(name) > 1:
            raise UserError(f"column {name!r} comes twice")
    for name in _NEEDED:
        if name not in columns:
            raise UserError(f"column {name!r} is missing: {known}")
    return columns


def _buffer(cells: dict[str, str], addend: int) -> Buffer:
    """The buffer of a row; ``addend`` makes the end of a time exclusive."""
    if not cells["id"]:
        raise UserError("id is empty")
    alignment, offset = cells.get("alignment"), cells.get("offset")
    return Buffer(
        id=cells["id"],
        lower=_number("lower", cells["lower"]),
        upper=_number("upper", cells["upper"]) + addend,
        size=_number("size", cells["size"]),
        alignment=_number("alignment", alignment) if alignment else 1,
        gaps=tuple(_gap(gap, addend) for gap in cells.get("gaps", "").split()),
        offset=_number("offset", offset) if offset else None,
    )


def _number(column: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise UserError(f"{column} must be a whole number, not {text[:40]!r}")
    return int(text)


def _gap(text: str, addend: int) -> tuple[int, int]:
    found = _GAP.fullmatch(text)
    if not found:
        raise UserError(f"a gap is LOWER-UPPER, not {text[:40]!r}")
    if found[3]:
        raise UserError(f"gap {text[:40]!r}: windows (after @) are not supported")
    return int(found[1]), int(found[2]) + addend
