"""Writing the report that ``--report`` asks for."""

import argparse
from pathlib import Path

from golden.errors import UserError
from tilewright.files import check_place

__all__ = ["check_report", "write_report"]


def check_report(arguments: argparse.Namespace) -> None:
    """Find out early whether the report can be written.

    Raises
    ------
    UserError
        If it is not named as a page is.
    OSError
        If there is no place for it.
    """
    file: Path | None = arguments.report
    if file is None:
        return
    if file.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"a report is named .html, not {str(file)!r}")
    check_place(file)


def write_report(arguments: argparse.Namespace, text: str) -> None:
    """Write a page to where ``--report`` says."""
    # Imported late, so that help is quick.
    from tilewright.report.page import write_page

    write_page(arguments.report, text)
